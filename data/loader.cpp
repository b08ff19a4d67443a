#include "data/loader.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "framework/core/check.h"
#include "framework/core/device_services.h"
#include "framework/core/rng.h"

namespace cf {

Loader::Loader(const Dataset& set, const LoaderOptions& options) : set_(set), options_(options) {
  check(options.batch >= 1 && options.prefetch >= 0, "loader: batch {} must be at least 1 and prefetch {} at least 0",
        options.batch, options.prefetch);
  check(!options.drop_last || options.batch <= set.size(),
        "loader: a batch of {} is larger than the {} samples of {}, and batches that are not full are left out; make the batch "
        "smaller (train.batch)",
        options.batch, set.size(), set.path().string());
  check(options.shares >= 1 && options.share >= 0 && options.share < options.shares, "loader: there is no share {} of {}",
        options.share, options.shares);
  check(options.batch % options.shares == 0, "loader: a batch of {} does not divide into {} equal shares; change train.batch",
        options.batch, options.shares);
  check(options.shares == 1 || options.drop_last,
        "loader: the last batch of an epoch may not be full and would not divide into {} equal shares; leave it out (drop_last)",
        options.shares);
  steps_per_epoch_ = options.drop_last ? set.size() / options.batch : (set.size() + options.batch - 1) / options.batch;
}

Loader::~Loader() { stop(); }

std::vector<std::int64_t> Loader::epoch_order(std::int64_t epoch) const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(set_.size()));
  std::iota(order.begin(), order.end(), 0);
  if (!options_.shuffle) return order;
  const Philox rng = make_rng(options_.seed, RngStream::shuffle, static_cast<std::uint64_t>(epoch));
  for (std::size_t left = order.size(); left > 1; --left) {  // Fisher and Yates
    std::swap(order[left - 1], order[rng.below(left, left)]);
  }
  return order;
}

Loader::Range Loader::range_of(std::int64_t step, std::int64_t share) const {
  check(step >= 0, "loader: step {} asked for", step);
  const std::int64_t samples = options_.batch / options_.shares;
  const std::int64_t begin = step % steps_per_epoch_ * options_.batch + share * samples;
  return {begin, std::min(begin + samples, set_.size())};
}

std::vector<std::int64_t> Loader::indices_of(std::int64_t step, std::int64_t share) const {
  const Range range = range_of(step, share);
  const std::int64_t epoch = step / steps_per_epoch_;
  const std::scoped_lock lock(order_mutex_);
  if (order_epoch_ != epoch) {
    order_ = epoch_order(epoch);
    order_epoch_ = epoch;
  }
  return {order_.begin() + range.begin, order_.begin() + range.end};
}

std::vector<Symmetry> Loader::symmetries_of(std::int64_t step) const {
  const bool turns = options_.turns && set_.height() == set_.width();
  std::vector<Symmetry> symmetries;
  if (!options_.flips && !turns) return symmetries;
  const Philox rng = make_rng(options_.seed, RngStream::augment);
  // Samples are counted through the whole run, so that each has a number of its own.
  const std::int64_t before = step / steps_per_epoch_ * set_.size();
  const Range range = range_of(step, options_.share);
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    symmetries.push_back(draw_symmetry(rng, static_cast<std::uint64_t>(before + i), options_.flips, turns));
  }
  return symmetries;
}

LoadedBatch Loader::load(std::int64_t step) const {
  LoadedBatch loaded{step, step / steps_per_epoch_, indices_of(step), {}};
  loaded.batch = set_.read(loaded.indices);
  if (const std::vector<Symmetry> symmetries = symmetries_of(step); !symmetries.empty()) transform(symmetries, loaded.batch);
  return loaded;
}

void Loader::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (worker_.joinable()) worker_.join();
  queue_.clear();
  error_ = nullptr;
  stopping_ = false;
}

void Loader::start(std::int64_t step) {
  check(step >= 0, "loader: cannot start at step {}", step);
  stop();
  next_step_ = step;
  if (options_.prefetch > 0) worker_ = std::thread([this, step] { run(step); });
}

void Loader::run(std::int64_t step) {
  try {
    const UseAllocator use({}, options_.memory != nullptr ? *options_.memory : cpu_allocator());
    for (;; ++step) {
      LoadedBatch loaded = load(step);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || static_cast<std::int64_t>(queue_.size()) < options_.prefetch; });
      if (stopping_) return;
      queue_.push_back(std::move(loaded));
      changed_.notify_all();
    }
  } catch (...) {
    const std::scoped_lock lock(mutex_);
    error_ = std::current_exception();
    changed_.notify_all();
  }
}

LoadedBatch Loader::next() {
  const auto begin = std::chrono::steady_clock::now();
  LoadedBatch loaded;
  if (options_.prefetch == 0) {
    loaded = load(next_step_);
  } else {
    if (!worker_.joinable()) start(next_step_);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !queue_.empty() || error_ != nullptr; });
    if (queue_.empty()) std::rethrow_exception(error_);
    loaded = std::move(queue_.front());
    queue_.pop_front();
    changed_.notify_all();
  }
  ++next_step_;
  wait_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return loaded;
}

}  // namespace cf

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

std::vector<std::int64_t> Loader::indices_of(std::int64_t step) const {
  check(step >= 0, "loader: step {} asked for", step);
  const std::int64_t epoch = step / steps_per_epoch_;
  const std::int64_t first = step % steps_per_epoch_ * options_.batch;
  const std::int64_t last = std::min(first + options_.batch, set_.size());
  const std::scoped_lock lock(order_mutex_);
  if (order_epoch_ != epoch) {
    order_ = epoch_order(epoch);
    order_epoch_ = epoch;
  }
  return {order_.begin() + first, order_.begin() + last};
}

std::vector<Symmetry> Loader::symmetries_of(std::int64_t step) const {
  const bool turns = options_.turns && set_.height() == set_.width();
  std::vector<Symmetry> symmetries;
  if (!options_.flips && !turns) return symmetries;
  const Philox rng = make_rng(options_.seed, RngStream::augment);
  // Samples are counted through the whole run, so that each has a number of its own.
  const std::int64_t first = step % steps_per_epoch_ * options_.batch;
  const std::int64_t counted = step / steps_per_epoch_ * set_.size() + first;
  const std::int64_t samples = std::min(options_.batch, set_.size() - first);
  for (std::int64_t i = 0; i < samples; ++i) {
    symmetries.push_back(draw_symmetry(rng, static_cast<std::uint64_t>(counted + i), options_.flips, turns));
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

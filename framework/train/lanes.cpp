#include "framework/train/lanes.h"

#include <algorithm>
#include <utility>

#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf {

Lanes::Lanes(std::int64_t count, Work on_turn) : on_turn_(std::move(on_turn)), meetings_(static_cast<std::size_t>(count)) {
  check(count > 0, "lanes: {} of them", count);
  const int threads = max_threads();  // a new thread knows nothing of set_threads()
  for (std::int64_t lane = 0; lane < count; ++lane) {
    threads_.emplace_back([this, lane, threads] { live(lane, threads); });
  }
}

Lanes::~Lanes() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Lanes::run(const Work& work) {
  std::unique_lock lock(mutex_);
  work_ = &work;
  std::fill(meetings_.begin(), meetings_.end(), 0);
  failure_ = nullptr;
  done_ = 0;
  turn_ = 0;
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return done_ == count(); });
  work_ = nullptr;
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
}

bool Lanes::await_round(std::int64_t lane, std::int64_t round) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || (round_ == round && (turn_ == lane || failure_ != nullptr)); });
  return !stopping_;
}

void Lanes::await_turn(std::int64_t lane) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return turn_ == lane || failure_ != nullptr; });
  if (failure_ != nullptr) throw GivenUp();
}

void Lanes::note_failure() {
  const std::scoped_lock lock(mutex_);
  if (failure_ == nullptr) failure_ = std::current_exception();
}

void Lanes::live(std::int64_t lane, int threads) {
  set_threads(threads);
  for (std::int64_t round = 1; await_round(lane, round); ++round) {
    try {
      await_turn(lane);
      on_turn_(lane);
      (*work_)(lane);
    } catch (const GivenUp&) {  // the one that failed says why
    } catch (...) {
      note_failure();
    }
    end_of_lane(lane);
  }
}

void Lanes::end_of_lane(std::int64_t lane) {
  const std::scoped_lock lock(mutex_);
  ++done_;
  turn_ = lane + 1;
  if (turn_ == count() && done_ < count() && failure_ == nullptr) {
    failure_ = std::make_exception_ptr(Error("lanes: one ended where the others wait to meet it"));
  }
  changed_.notify_all();
}

void Lanes::meet(std::int64_t lane, const std::function<void()>& together) {
  bool last = false;
  {
    const std::scoped_lock lock(mutex_);
    ++meetings_[static_cast<std::size_t>(lane)];
    last = lane + 1 == count();
    if (!last) turn_ = lane + 1;
  }
  if (last) {
    for (const std::int64_t met : meetings_) {
      check(met == meetings_.back(), "lanes: one met the others {} times, another {} times", met, meetings_.back());
    }
    together();
    const std::scoped_lock lock(mutex_);
    turn_ = 0;
  }
  changed_.notify_all();
  await_turn(lane);
  on_turn_(lane);
}

}  // namespace cf

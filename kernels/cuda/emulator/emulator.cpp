#include "kernels/cuda/emulator/emulator.h"

#include <ucontext.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <vector>

#include "framework/core/check.h"
#include "kernels/cuda/emulator/recording.h"

#ifdef CF_SANITIZE
#include <sanitizer/common_interface_defs.h>
#endif

namespace cf::emulator {
namespace {

constexpr int kWarp = 32;
constexpr std::size_t kStackBytes = std::size_t{128} << 10U;
// What every supported GPU gives a block: the least is that of compute capability 8.6 and 8.9.
constexpr std::size_t kSharedBytes = std::size_t{99} << 10U;
constexpr unsigned kMostBlocksYZ = 65535;
constexpr std::size_t kLargestExchange = 16;

Order order = Order::forward;
std::atomic<long> launch_count{0};

// What a thread waits for.
enum class Wait { nothing, block, warp };

// A stack on which threads run. A thread that never waits leaves it to the next one.
struct Fiber {
  ucontext_t context{};
  std::vector<unsigned char> stack = std::vector<unsigned char>(kStackBytes);
};

struct Thread {
  Place place;
  std::unique_ptr<Fiber> fiber;  // while it waits
  Wait wait = Wait::nothing;
  bool started = false;
  bool done = false;
  std::size_t shared_used = 0;
  std::array<unsigned char, kLargestExchange> offered{};
};

// One block at a time per operating-system thread.
class Block {
 public:
  void run(const char* kernel, const Extents& e, std::array<unsigned, 3> index, std::size_t dynamic_bytes,
           const std::function<void()>& body);

  Thread& current() { return threads_[current_]; }
  void wait(Wait what);
  void* shared(std::size_t bytes);
  void* dynamic_shared() { return shared_.data(); }
  void exchange(const void* mine, void* theirs, std::size_t bytes, int from);

 private:
  static void enter();
  void fiber_loop();
  bool take_next();
  bool run_ready();
  void resume(std::size_t t);
  void to_scheduler();
  bool release(Wait what, std::size_t begin, std::size_t end);
  bool release_waiting();
  std::size_t at(std::size_t step) const { return order == Order::forward ? step : threads_.size() - 1 - step; }

  const char* kernel_ = "";
  const std::function<void()>* body_ = nullptr;
  std::vector<Thread> threads_;
  std::size_t current_ = 0;
  std::size_t next_unstarted_ = 0;  // in running order
  std::unique_ptr<Fiber> active_;   // the fiber that is running now
  std::vector<std::unique_ptr<Fiber>> idle_;
  ucontext_t scheduler_{};
  std::exception_ptr error_;
  std::vector<unsigned char> shared_ = std::vector<unsigned char>(kSharedBytes);
  std::size_t dynamic_bytes_ = 0;
#ifdef CF_SANITIZE
  void* scheduler_fake_stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_stack_bytes_ = 0;
#endif
};

thread_local Block* running = nullptr;

void Block::enter() {
#ifdef CF_SANITIZE
  __sanitizer_finish_switch_fiber(nullptr, &running->scheduler_stack_, &running->scheduler_stack_bytes_);
#endif
  running->fiber_loop();
}

// Runs threads that have not started until one of them waits; that one keeps the fiber.
void Block::fiber_loop() {
  for (;;) {
    try {
      (*body_)();
    } catch (...) {
      error_ = std::current_exception();
    }
    current().done = true;
    if (error_ != nullptr || !take_next()) to_scheduler();
  }
}

// Makes the next thread that has not started the current one.
bool Block::take_next() {
  if (next_unstarted_ == threads_.size()) return false;
  current_ = at(next_unstarted_++);
  current().started = true;
  return true;
}

void Block::to_scheduler() {
#ifdef CF_SANITIZE
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, scheduler_stack_, scheduler_stack_bytes_);
#endif
  Fiber* mine = active_.get();
  swapcontext(&mine->context, &scheduler_);
#ifdef CF_SANITIZE
  __sanitizer_finish_switch_fiber(fake, &scheduler_stack_, &scheduler_stack_bytes_);
#endif
}

// Runs thread `t` on its own fiber, or on an idle one where it has not started, until something waits or all is done.
void Block::resume(std::size_t t) {
  current_ = t;
  Thread& thread = threads_[t];
  if (thread.fiber != nullptr) {
    active_ = std::move(thread.fiber);
  } else {
    thread.started = true;
    if (idle_.empty()) idle_.push_back(std::make_unique<Fiber>());
    active_ = std::move(idle_.back());
    idle_.pop_back();
    getcontext(&active_->context);
    active_->context.uc_stack.ss_sp = active_->stack.data();
    active_->context.uc_stack.ss_size = active_->stack.size();
    active_->context.uc_link = nullptr;
    makecontext(&active_->context, &Block::enter, 0);
  }
  Fiber* fiber = active_.get();
#ifdef CF_SANITIZE
  __sanitizer_start_switch_fiber(&scheduler_fake_stack_, fiber->stack.data(), fiber->stack.size());
#endif
  swapcontext(&scheduler_, &fiber->context);
#ifdef CF_SANITIZE
  __sanitizer_finish_switch_fiber(scheduler_fake_stack_, nullptr, nullptr);
#endif
  // The fiber's last thread waits, and keeps it, or is done.
  if (current().done) {
    idle_.push_back(std::move(active_));
  } else {
    current().fiber = std::move(active_);
  }
}

void Block::wait(Wait what) {
  current().wait = what;
  to_scheduler();
}

// Lets every thread go that could; false where none could.
bool Block::run_ready() {
  bool any = false;
  for (std::size_t step = 0; step < threads_.size() && error_ == nullptr; ++step) {
    const std::size_t t = at(step);
    Thread& thread = threads_[t];
    if (thread.done || thread.wait != Wait::nothing) continue;
    if (!thread.started) {
      if (next_unstarted_ == threads_.size()) continue;
      current_ = at(next_unstarted_++);
      resume(current_);
    } else {
      resume(t);
    }
    any = true;
  }
  return any;
}

// Ends the wait of threads [begin, end) where all of them are at the same kind of barrier.
bool Block::release(Wait what, std::size_t begin, std::size_t end) {
  for (std::size_t t = begin; t < end; ++t) {
    if (threads_[t].wait != what) return false;
  }
  for (std::size_t t = begin; t < end; ++t) threads_[t].wait = Wait::nothing;
  return true;
}

bool Block::release_waiting() {
  if (release(Wait::block, 0, threads_.size())) return true;
  bool any = false;
  for (std::size_t w = 0; w < threads_.size(); w += kWarp) {
    any = release(Wait::warp, w, std::min(w + kWarp, threads_.size())) || any;
  }
  return any;
}

void Block::run(const char* kernel, const Extents& e, std::array<unsigned, 3> index, std::size_t dynamic_bytes,
                const std::function<void()>& body) {
  kernel_ = kernel;
  body_ = &body;
  dynamic_bytes_ = (dynamic_bytes + 15) / 16 * 16;
  check(dynamic_bytes_ <= shared_.size(), "{}: {} bytes of shared memory asked for, there are {}", kernel, dynamic_bytes,
        shared_.size());
  std::memset(shared_.data(), 0xff, shared_.size());
  error_ = nullptr;
  next_unstarted_ = 0;
  threads_.clear();
  threads_.resize(std::size_t{e.threads[0]} * e.threads[1] * e.threads[2]);
  for (std::size_t t = 0; t < threads_.size(); ++t) {
    const auto n = static_cast<unsigned>(t);
    threads_[t].place = {
        {n % e.threads[0], n / e.threads[0] % e.threads[1], n / e.threads[0] / e.threads[1]}, index, e.threads, e.blocks};
    threads_[t].shared_used = dynamic_bytes_;
  }
  for (;;) {
    const bool ran = run_ready();
    if (error_ != nullptr) std::rethrow_exception(error_);
    if (release_waiting()) continue;
    if (ran) continue;
    for (const Thread& t : threads_) {
      check(t.done, "{}: threads of a block wait for each other at different barriers, or one ended while others wait", kernel);
    }
    return;
  }
}

void* Block::shared(std::size_t bytes) {
  std::size_t& used = current().shared_used;
  void* data = shared_.data() + used;
  used += (bytes + 15) / 16 * 16;
  check(used <= shared_.size(), "{}: more than {} bytes of shared memory", kernel_, shared_.size());
  return data;
}

void Block::exchange(const void* mine, void* theirs, std::size_t bytes, int from) {
  const std::size_t self = current_;
  // On a GPU a shuffle among all lanes waits for all 32.
  check(self / kWarp * kWarp + kWarp <= threads_.size(), "{}: a shuffle in a warp that is not whole, in a block of {} threads",
        kernel_, threads_.size());
  std::memcpy(threads_[self].offered.data(), mine, bytes);
  wait(Wait::warp);
  const std::size_t other = self / kWarp * kWarp + static_cast<std::size_t>(from);
  std::memcpy(theirs, threads_[other].offered.data(), bytes);
  wait(Wait::warp);
}

}  // namespace

void run(const char* kernel, const Extents& extents, std::size_t shared_bytes, std::function<void()> body) {
  constexpr std::size_t kMostThreads = 1024;
  const std::size_t threads = std::size_t{extents.threads[0]} * extents.threads[1] * extents.threads[2];
  check(threads >= 1 && threads <= kMostThreads, "{}: a block of {} threads", kernel, threads);
  for (const unsigned n : extents.blocks) check(n >= 1, "{}: a grid without blocks", kernel);
  check(extents.blocks[1] <= kMostBlocksYZ && extents.blocks[2] <= kMostBlocksYZ, "{}: a grid of {} x {} x {} blocks", kernel,
        extents.blocks[0], extents.blocks[1], extents.blocks[2]);
  enqueue([kernel, extents, shared_bytes, body = std::move(body)] {
    check(running == nullptr, "{}: started by another kernel", kernel);
    // Kept: its stacks serve the next kernel.
    thread_local Block block;
    ++launch_count;
    running = &block;
    try {
      for (unsigned z = 0; z < extents.blocks[2]; ++z) {
        for (unsigned y = 0; y < extents.blocks[1]; ++y) {
          for (unsigned x = 0; x < extents.blocks[0]; ++x) block.run(kernel, extents, {x, y, z}, shared_bytes, body);
        }
      }
    } catch (...) {
      running = nullptr;
      throw;
    }
    running = nullptr;
  });
}

void enqueue(std::function<void()> work) {
  if (recording_is_on()) {
    keep(std::move(work));
  } else {
    work();
  }
}

void set_order(Order o) { order = o; }
long launches() { return launch_count; }

const Place& here() { return running->current().place; }
int lane() { return static_cast<int>(here().thread[0] % kWarp); }
void sync_block() { running->wait(Wait::block); }
void sync_warp() { running->wait(Wait::warp); }
void* shared(std::size_t bytes) { return running->shared(bytes); }
void* dynamic_shared() { return running->dynamic_shared(); }
void exchange_bytes(const void* mine, void* theirs, std::size_t bytes, int from) { running->exchange(mine, theirs, bytes, from); }

}  // namespace cf::emulator

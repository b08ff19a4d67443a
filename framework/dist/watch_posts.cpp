#include "framework/dist/watch_posts.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <sstream>

#include "framework/core/check.h"
#include "framework/core/host_name.h"

namespace cf::watch {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTickMilliseconds = 250;
// A tick that took longer is one in which this process did not run.
constexpr double kLongestTick = 0.5;
constexpr double kBeatSeconds = 0.5;

// While alive, signals go to other threads.
class WithoutSignals {
 public:
  WithoutSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~WithoutSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  WithoutSignals(const WithoutSignals&) = delete;
  WithoutSignals& operator=(const WithoutSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

std::string Report::text() const { return fmt::format("beat {} {} {} {}", steps, idle, stuck, left ? 1 : 0); }

Report Report::of(const std::string& text) {
  std::istringstream in(text);
  std::string word;
  Report report;
  in >> word >> report.steps >> report.idle >> report.stuck >> report.left;
  return report;
}

Post::Post(int rank, std::vector<FrameSocket> sockets, Options options, const Life& life)
    : sockets_(std::move(sockets)),
      rank_(rank),
      options_(std::move(options)),
      life_(life),
      bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  check(static_cast<bool>(bell_), "ranks: no event could be made: too many open files?");
}

void Post::stop() {
  stop_ = true;
  ::eventfd_write(bell_.number(), 1);
  if (thread_.joinable()) thread_.join();
}

void Post::start() {
  const WithoutSignals none;
  thread_ = std::thread([this] { run(); });
}

std::optional<Verdict> Post::verdict() const {
  const std::scoped_lock lock(mutex_);
  return verdict_;
}

Verdict Post::fail(const std::string& reason, int code) {
  const Verdict own{rank_, host_name(), reason, code};
  std::unique_lock lock(mutex_);
  if (verdict_) return *verdict_;
  failure_ = own;
  ::eventfd_write(bell_.number(), 1);
  // Rank 0 answers at once, or is lost, which is noticed.
  changed_.wait_for(lock, std::chrono::duration<double>(options_.silence_seconds), [&] { return verdict_.has_value(); });
  return verdict_.value_or(own);
}

bool Post::leave() {
  std::unique_lock lock(mutex_);
  leaving_ = true;
  ::eventfd_write(bell_.number(), 1);
  changed_.wait(lock, [&] { return verdict_.has_value() || all_left_; });
  return !verdict_.has_value();
}

std::optional<Verdict> Post::await_verdict(double seconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return verdict_.has_value(); });
  return verdict_;
}

void Post::set_probe(std::function<std::string()> probe) {
  const std::scoped_lock lock(mutex_);
  probe_ = std::move(probe);
}

void Post::judge(const Verdict& verdict) {
  {
    const std::scoped_lock lock(mutex_);
    verdict_ = verdict;
  }
  judged_.store(true, std::memory_order_release);
  changed_.notify_all();
}

void Post::all_left() {
  {
    const std::scoped_lock lock(mutex_);
    all_left_ = true;
  }
  stop_ = true;
  changed_.notify_all();
}

void Post::run() {
  auto last = Clock::now();
  while (!stop_) {
    pause();
    const auto now = Clock::now();
    tick(std::min(std::chrono::duration<double>(now - last).count(), kLongestTick));
    last = now;
  }
  for (FrameSocket& socket : sockets_) {
    if (socket) socket.flush();
  }
}

void Post::tick(double seconds) {
  measure(seconds);
  if (judged()) {
    for (FrameSocket& socket : sockets_) {
      if (socket) socket.flush();
    }
    since_verdict_ += seconds;
    if (since_verdict_ > options_.grace_seconds) ::_exit(verdict()->code);
    return;
  }
  since_beat_ += seconds;
  beat_due_ = since_beat_ >= kBeatSeconds;
  if (beat_due_) {
    since_beat_ = 0;
    ask_probe();
  }
  std::optional<Verdict> failure;
  bool leaving = false;
  {
    const std::scoped_lock lock(mutex_);
    failure = failure_;
    leaving = leaving_;
  }
  if (failure && !failure_reported_) {
    failure_reported_ = true;
    report_failure(*failure);
  }
  if (leaving && !own_.left) {
    own_.left = true;
    report_leaving();
  }
  if (!judged()) look(seconds);
}

void Post::measure(double seconds) {
  const std::uint64_t steps = life_.steps.load();
  const std::uint64_t waits = life_.waits.load();
  const bool waiting = life_.waiting.load() > 0;
  const bool got_on = steps != own_.steps || waits != waits_;
  own_.idle = got_on || waiting ? 0 : own_.idle + seconds;
  own_.stuck = got_on || !waiting ? 0 : own_.stuck + seconds;
  own_.steps = steps;
  waits_ = waits;
}

void Post::ask_probe() {
  const std::scoped_lock lock(mutex_);
  if (!probe_ || failure_) return;
  const std::string reason = probe_();
  if (!reason.empty()) failure_ = Verdict{rank_, host_name(), reason, 1};
}

// Until something comes, at most a tick.
void Post::pause() {
  std::vector<pollfd> all = {{bell_.number(), POLLIN, 0}};
  for (const FrameSocket& socket : sockets_) {
    if (socket && !socket.broken()) all.push_back({socket.descriptor(), POLLIN, 0});
  }
  ::poll(all.data(), all.size(), kTickMilliseconds);
  eventfd_t rings = 0;
  ::eventfd_read(bell_.number(), &rings);
}

}  // namespace cf::watch

#include "framework/dist/watch.h"

#include <sched.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "framework/core/check.h"
#include "framework/core/host_name.h"
#include "framework/dist/process_group.h"
#include "framework/dist/watch_connections.h"
#include "framework/dist/watch_posts.h"

namespace cf {

std::string Verdict::text() const { return fmt::format("rank {} on {}: {}", rank, host, reason); }

namespace watch {
namespace {

// A process is one rank.
Life life;
std::unique_ptr<Post> post;

// While alive, this rank waits for others.
class Waiting {
 public:
  Waiting() {
    ++life.waits;
    ++life.waiting;
  }
  ~Waiting() { --life.waiting; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

using Clock = std::chrono::steady_clock;

// Asking moves messages on, a piece at a time, so it goes on without pauses, which would slow large sums down; who shares a core
// with others lets them work. Whoever waits longer, for a file to be written or a slower rank, need not hurry.
void pause(std::int64_t asked, Clock::time_point begin) {
  constexpr std::int64_t kAtOnce = 100;
  constexpr auto kPatience = std::chrono::milliseconds(500);
  if (asked < kAtOnce) return;
  if (Clock::now() - begin < kPatience) {
    ::sched_yield();
  } else {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

}  // namespace

void progress() { ++life.steps; }
void set_hang_seconds(double seconds) { life.hang_seconds = seconds; }

void open(ProcessGroup& group, Options options) {
  check(post == nullptr, "ranks: they are watched already");
  const std::vector<std::string> hosts = group.all_gather_text(host_name());
  post = make_post(group.rank(), hosts, connect(group), std::move(options), life);
  post->start();
}

Verdict report_failure(const std::string& reason, int code) {
  return post == nullptr ? Verdict{0, host_name(), reason, code} : post->fail(reason, code);
}

void leave() {
  if (post == nullptr) return;
  if (!post->leave()) throw_verdict();
  post.reset();
}

std::optional<Verdict> verdict() { return post == nullptr ? std::nullopt : post->verdict(); }

void throw_verdict() {
  if (post != nullptr && post->judged()) [[unlikely]] {
    throw Error(post->verdict()->text());
  }
}

void wait_until(const std::function<bool()>& ready) {
  if (ready()) return;
  const Waiting waiting;
  const auto begin = Clock::now();
  for (std::int64_t asked = 0; !ready(); ++asked) {
    throw_verdict();
    pause(asked, begin);
  }
}

void lost(int rank) {
  if (post != nullptr && post->await_verdict(2)) throw_verdict();
  fail("rank {} died: its connection closed", rank);
}

void set_probe(std::function<std::string()> probe) {
  if (post != nullptr) post->set_probe(std::move(probe));
}

}  // namespace watch
}  // namespace cf

// The thread of the watch: on rank 0 the one that all report to, on the others the one that reports.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "framework/dist/frames.h"
#include "framework/dist/watch.h"

namespace cf::watch {

// What the rank's own threads tell its post.
struct Life {
  std::atomic<std::uint64_t> steps{0};  // calls of progress()
  std::atomic<std::uint64_t> waits{0};  // how often it began to wait for others
  std::atomic<int> waiting{0};
  std::atomic<double> hang_seconds{0};
};

// What a rank reports. Seconds count while its process runs: not while it is suspended.
struct Report {
  std::uint64_t steps = 0;
  double idle = 0;   // seconds without progress, and without waiting
  double stuck = 0;  // seconds since it began to wait for others
  bool left = false;

  std::string text() const;
  static Report of(const std::string& text);
};

class Post {
 public:
  Post(int rank, std::vector<FrameSocket> sockets, Options options, const Life& life);
  virtual ~Post() = default;
  Post(const Post&) = delete;
  Post& operator=(const Post&) = delete;

  void start();
  std::optional<Verdict> verdict() const;
  bool judged() const { return judged_.load(std::memory_order_acquire); }
  // Returns when there is a verdict.
  Verdict fail(const std::string& reason, int code);
  // Returns true when all ranks have left, false where there is a verdict.
  bool leave();
  // Waits so long for a verdict.
  std::optional<Verdict> await_verdict(double seconds);
  void set_probe(std::function<std::string()> probe);

 protected:
  // Once in a tick, `seconds` after the last.
  virtual void look(double seconds) = 0;
  // Ends the thread: first thing in the destructor of a role, which the thread calls.
  void stop();
  // A sign of life is due to the others.
  bool beat_due() const { return beat_due_; }
  // This rank fails.
  virtual void report_failure(const Verdict& own) = 0;
  // This rank leaves.
  virtual void report_leaving() = 0;

  // Everything below by the post's thread.
  void judge(const Verdict& verdict);
  void all_left();
  const Report& own() const { return own_; }
  int rank() const { return rank_; }
  const Options& options() const { return options_; }
  double hang_seconds() const { return life_.hang_seconds.load(); }

  std::vector<FrameSocket> sockets_;

 private:
  void run();
  void tick(double seconds);
  void measure(double seconds);
  void ask_probe();
  void pause();

  int rank_;
  Options options_;
  const Life& life_;
  Descriptor bell_;  // wakes the thread
  std::thread thread_;
  std::atomic<bool> judged_{false};
  std::atomic<bool> stop_{false};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Verdict> verdict_;
  std::optional<Verdict> failure_;  // of this rank, to be reported
  bool leaving_ = false;
  bool all_left_ = false;
  std::function<std::string()> probe_;

  // Of the thread alone.
  Report own_;
  std::uint64_t waits_ = 0;
  double since_beat_ = 0;
  bool beat_due_ = false;
  double since_verdict_ = 0;
  bool failure_reported_ = false;
};

// A post for a rank: sockets as connect() makes them.
std::unique_ptr<Post> make_post(int rank, std::vector<std::string> hosts, std::vector<FrameSocket> sockets, Options options,
                                const Life& life);

}  // namespace cf::watch

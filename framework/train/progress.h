// What a user sees of a long loop: a bar with loss, rate and time left on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace cf {

class Progress {
 public:
  // The loop goes from step `begin` to step `end`; `unit` is what a step is called. Lines appear on `out` at most every
  // `seconds` where it is no terminal.
  Progress(std::int64_t begin, std::int64_t end, std::string unit = "step", std::FILE* out = stderr, double seconds = 10);
  // Ends the bar's line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `step` steps are done; `text` is what the loop wants to say ("loss 0.0123").
  void update(std::int64_t step, const std::string& text);
  // Clears the bar so that a line of other output can follow; the next update draws it again.
  void clear();
  // Steps per second over the last few seconds.
  double rate() const { return rate_; }

 private:
  using Clock = std::chrono::steady_clock;
  void measure(std::int64_t step, Clock::time_point now);

  std::int64_t begin_;
  std::int64_t end_;
  std::string unit_;
  std::FILE* out_;
  double seconds_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point last_line_;
  Clock::time_point last_time_;
  std::int64_t last_step_;
  double rate_ = 0;
};

// "1 h 02 min", "3 min 20 s", "12 s"
std::string format_duration(double seconds);

}  // namespace cf

#include "framework/train/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace cf {
namespace {

constexpr int kBarWidth = 24;
constexpr double kRedraw = 0.1;  // seconds between two drawings of the bar
constexpr double kSmooth = 5.0;  // seconds over which the rate is smoothed

std::string bar(double share) {
  const int full = static_cast<int>(share * kBarWidth);
  return "[" + std::string(static_cast<std::size_t>(full), '=') + std::string(static_cast<std::size_t>(kBarWidth - full), ' ') +
         "]";
}

}  // namespace

std::string format_duration(double seconds) {
  const auto s = static_cast<std::int64_t>(std::lround(std::max(0.0, seconds)));
  if (s >= 3600) return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
  if (s >= 60) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} s", s);
}

Progress::Progress(std::int64_t begin, std::int64_t end, std::string unit, std::FILE* out, double seconds)
    : begin_(begin),
      end_(end),
      unit_(std::move(unit)),
      out_(out),
      seconds_(seconds),
      terminal_(isatty(fileno(out)) != 0),
      last_step_(begin) {
  last_time_ = Clock::now();
  last_line_ = last_time_ - std::chrono::hours(1);
}

Progress::~Progress() {
  if (drawn_) std::fputc('\n', out_);
}

void Progress::measure(std::int64_t step, Clock::time_point now) {
  const double dt = std::chrono::duration<double>(now - last_time_).count();
  if (step <= last_step_ || dt <= 0) return;
  const double rate = static_cast<double>(step - last_step_) / dt;
  const double weight = rate_ > 0 ? 1 - std::exp(-dt / kSmooth) : 1;
  rate_ += weight * (rate - rate_);
  last_time_ = now;
  last_step_ = step;
}

void Progress::update(std::int64_t step, const std::string& text) {
  const auto now = Clock::now();
  measure(step, now);
  const double since = std::chrono::duration<double>(now - last_line_).count();
  if (step < end_ && since < (terminal_ ? kRedraw : seconds_)) return;
  last_line_ = now;
  const double share = end_ > begin_ ? static_cast<double>(step - begin_) / static_cast<double>(end_ - begin_) : 1.0;
  const std::string left = rate_ > 0 ? format_duration(static_cast<double>(end_ - step) / rate_) : "?";
  if (terminal_) {
    fmt::print(out_, "\r\x1b[K{} {}/{}  {}  {:.2f} {}s/s  {} left", bar(share), step, end_, text, rate_, unit_, left);
    drawn_ = true;
  } else {
    fmt::print(out_, "{} {}/{}  {}  {:.2f} {}s/s  {} left\n", unit_, step, end_, text, rate_, unit_, left);
  }
  std::fflush(out_);
}

void Progress::clear() {
  if (!drawn_) return;
  fmt::print(out_, "\r\x1b[K");
  std::fflush(out_);
  drawn_ = false;
}

}  // namespace cf

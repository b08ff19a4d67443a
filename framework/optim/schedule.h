// Learning rates as pure functions of the step, so that resuming needs no state.
#pragma once

#include <cstdint>
#include <vector>

namespace cf {

struct ScheduleOptions {
  enum class Kind : std::uint8_t { constant, multistep, cosine, linear };
  Kind kind = Kind::constant;
  double lr = 1e-3;
  double min_lr = 0;                          // where cosine and linear end
  std::int64_t steps = 0;                     // length of cosine and linear; says nothing about when training stops
  std::int64_t warmup = 0;                    // steps of linear growth before the full rate
  std::vector<std::int64_t> milestones = {};  // multistep: rising steps, from each of which on the rate is multiplied by gamma
  double gamma = 0.1;
};

class Schedule {
 public:
  // Throws Error on options out of their range.
  explicit Schedule(ScheduleOptions options);

  // The rate of step `step`, counted from 0. In warm-up lr * (step + 1) / (warmup + 1); cosine and linear run from the end of
  // warm-up to `steps` and stay at min_lr from there on.
  double lr_at(std::int64_t step) const;

 private:
  ScheduleOptions options_;
};

}  // namespace cf

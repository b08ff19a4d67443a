#include "framework/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "framework/core/check.h"

namespace cf {

Schedule::Schedule(ScheduleOptions options) : options_(std::move(options)) {
  const ScheduleOptions& o = options_;
  check(o.lr > 0, "schedule: lr must be positive, got {}", o.lr);
  check(o.min_lr >= 0 && o.min_lr <= o.lr, "schedule: min_lr must lie in [0, lr], got {}", o.min_lr);
  check(o.warmup >= 0, "schedule: warmup must not be negative, got {}", o.warmup);
  check(o.gamma > 0, "schedule: gamma must be positive, got {}", o.gamma);
  const bool has_length = o.kind == ScheduleOptions::Kind::cosine || o.kind == ScheduleOptions::Kind::linear;
  check(!has_length || o.steps > o.warmup, "schedule: steps must be more than warmup ({}), got {}", o.warmup, o.steps);
  check(std::is_sorted(o.milestones.begin(), o.milestones.end()), "schedule: milestones must rise");
}

double Schedule::lr_at(std::int64_t step) const {
  const ScheduleOptions& o = options_;
  if (step < o.warmup) return o.lr * static_cast<double>(step + 1) / static_cast<double>(o.warmup + 1);
  // 0 at the end of warm-up, 1 at `steps` and after.
  const auto progress = [&] {
    return std::min(1.0, static_cast<double>(step - o.warmup) / static_cast<double>(o.steps - o.warmup));
  };
  switch (o.kind) {
    case ScheduleOptions::Kind::constant: return o.lr;
    case ScheduleOptions::Kind::multistep: {
      const auto passed = std::upper_bound(o.milestones.begin(), o.milestones.end(), step) - o.milestones.begin();
      return o.lr * std::pow(o.gamma, static_cast<double>(passed));
    }
    case ScheduleOptions::Kind::cosine: return o.min_lr + (o.lr - o.min_lr) * 0.5 * (1 + std::cos(std::numbers::pi * progress()));
    case ScheduleOptions::Kind::linear: return o.lr + (o.min_lr - o.lr) * progress();
  }
  return o.lr;
}

}  // namespace cf

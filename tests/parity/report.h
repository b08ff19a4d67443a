// What a parity test compares and finds.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "kernels/table.h"
#include "tests/harness/compare.h"

namespace cf::parity {

// One way to compute a fixture.
struct Setting {
  DType dtype;
  Backend backend;
  const char* name;
};
inline constexpr Setting kExact{DType::f64, Backend::reference, "f64 reference"};
inline constexpr Setting kFast{DType::f32, Backend::cpu, "f32 cpu"};

class Report {
 public:
  // Error = norm of the difference / norm of `want`.
  void compare(const Setting& setting, const std::string& tensor, const Tensor& got, const Tensor& want, double tolerance) {
    add(setting, tensor, test::relative_error(got, want), tolerance);
  }
  void add(const Setting& setting, const std::string& tensor, double error, double tolerance) {
    ++count_;
    // Written so that NaN fails.
    const bool ok = error <= tolerance;
    if (!ok) ++failures_;
    if (!ok || error >= worst_)
      fmt::print("{} {:<10} {:<24} error {:.2e}, allowed {:.0e}\n", ok ? "  " : "! ", setting.name, tensor, error, tolerance);
    worst_ = std::max(worst_, error);
  }
  bool passed() const { return failures_ == 0 && count_ > 0; }

 private:
  int count_ = 0;
  int failures_ = 0;
  double worst_ = 0;
};

}  // namespace cf::parity

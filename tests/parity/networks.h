// What the checks of networks share.
#pragma once

#include <string>
#include <vector>

#include "tests/harness/fixture.h"
#include "tests/parity/report.h"

namespace cf::parity {

struct Gradient {
  std::string name;
  Tensor got;
  Tensor want;
};

// The f32 gradients are judged one by one loosely and by their median tightly: LeakyReLU and max take another branch where
// rounding moves an activation across the kink, which changes a few elements by a finite amount.
struct GradientTolerance {
  double each;
  double median;
};

// Relative errors; what is tiny against the largest gradient stands for zero and is measured by that one.
std::vector<double> gradient_errors(const std::vector<Gradient>& gradients);
double median(std::vector<double> values);

void compare_gradients(const std::vector<Gradient>& gradients, const Setting& setting, GradientTolerance tolerance,
                       Report& report);

}  // namespace cf::parity

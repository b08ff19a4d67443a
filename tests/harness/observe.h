// Which operators a gradient case runs backward.
#pragma once

#include <set>
#include <string>

#include "framework/gradcheck/case.h"

namespace cf::test {

struct Observed {
  std::set<std::string> operators;  // as recorded
  bool any_gradient = false;        // whether an element of any gradient is not zero
};

// One forward and backward pass in f64 on the reference backend. Throws what the case throws.
Observed observe_backward(const GradCase& c);

}  // namespace cf::test

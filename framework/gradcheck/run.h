// Checks gradients against finite differences.
//
// A case is evaluated at a random point drawn from the seed and its name. Its outputs, weighted at random, give one scalar L;
// for each input and parameter, central differences of L along random directions are compared with the gradient's component
// there. Differences are always taken in f64 on the reference backend. The gradient comes from there too, or, with f32, from
// the fast backend in f32. Where that fails, the Jacobian of the worst input is compared element by element and the message
// names the elements that differ most.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/gradcheck/case.h"

namespace cf {

struct GradCheckOptions {
  DType dtype = DType::f64;  // of the checked gradient: f64 (reference backend) or f32 (cpu backend)
  std::uint64_t seed = 1;
  int directions = 3;   // per input and parameter
  bool explain = true;  // compare the Jacobian on failure
};

struct GradCheckResult {
  std::string name;
  double error = 0;  // largest; |difference along the direction| / norm of the gradient
  double tolerance = 0;
  bool passed = false;
  std::string message;  // empty where it passed
};

// A case that throws has failed; the message is the error's.
GradCheckResult check_gradient(const GradCase& c, const GradCheckOptions& options = {});

// One line per case with its largest error, then the messages of those that failed.
std::string gradcheck_table(std::span<const GradCheckResult> results);

}  // namespace cf

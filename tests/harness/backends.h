// One comparison for every backend: a declared case computed there against the reference, forward and backward.
#pragma once

#include <string>
#include <vector>

#include "framework/gradcheck/problem.h"

namespace cf::test {

// While alive, memory on `device` that the host can reach is handed out as NaN, so that an element which a kernel reads before
// anybody wrote it shows.
class PoisonedMemory {
 public:
  explicit PoisonedMemory(Device device = {});
  ~PoisonedMemory();
  PoisonedMemory(const PoisonedMemory&) = delete;
  PoisonedMemory& operator=(const PoisonedMemory&) = delete;

 private:
  Device device_;
};

// Where and in what a case is computed: on a device by its own kernels, or on the CPU by those of a backend.
struct Tested {
  DType dtype = DType::f32;
  Device device;
  Backend backend = Backend::cpu;  // on the CPU
};

// Computes the case there and on the reference in f32, at a point that both can represent. One line per result or gradient
// whose relative error is above the tolerance, or the message of what was thrown; empty where they agree.
std::string differences_from_reference(const GradCase& c, const Tested& tested, double tolerance);

// Whether the case's name begins with one of the names in the environment's CF_CASES (separated by commas); true where there
// is no such variable.
bool selected(const GradCase& c);

}  // namespace cf::test

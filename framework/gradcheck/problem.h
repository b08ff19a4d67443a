// A gradient case at one point: what the checks evaluate and differentiate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/rng.h"
#include "framework/gradcheck/case.h"
#include "kernels/table.h"

namespace cf {

// Random tensors for one case: the same for the same seed and name. Values are exact in f32, so that a case computed in
// both dtypes is computed at one point.
class Draw {
 public:
  Draw(const std::string& name, std::uint64_t seed);
  Tensor normal(const Shape& shape);     // f64
  Tensor input(const CaseInput& input);  // f64, or u8 for a mask

 private:
  Philox next();
  std::uint64_t seed_;
  std::uint64_t salt_;
};

// The case's function at one point. It is computed by the kernels of `device`.
struct Problem {
  struct Variable {
    std::string name;  // "input 1", or the parameter's
    Tensor value;      // a leaf; writing to it moves the point
  };
  GradFn fn;
  DType dtype = DType::f64;
  Device device;
  std::vector<Tensor> inputs;
  std::vector<Variable> variables;  // differentiable inputs, then parameters
};

// In f64, on the CPU.
Problem make_problem(const GradCase& c, Draw& draw);
// The same point in another dtype, on another device.
Problem convert_problem(const GradCase& c, const Problem& from, DType dtype, Device device = {});

// The outputs at the current values, outside the graph, by the kernels in use on the device.
std::vector<Tensor> evaluate(const Problem& p);
// One gradient per variable of the sum of weights[k] * output[k]; weights in f64 on the CPU.
std::vector<std::vector<double>> gradients(const Problem& p, const std::vector<Tensor>& weights);
// The same on the CPU by the kernels of a backend.
std::vector<Tensor> evaluate(const Problem& p, Backend backend);
std::vector<std::vector<double>> gradients(const Problem& p, const std::vector<Tensor>& weights, Backend backend);

}  // namespace cf

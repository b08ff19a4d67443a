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

struct Problem {
  struct Variable {
    std::string name;  // "input 1", or the parameter's
    Tensor value;      // a leaf; writing to it moves the point
  };
  GradFn fn;
  DType dtype = DType::f64;
  std::vector<Tensor> inputs;
  std::vector<Variable> variables;  // differentiable inputs, then parameters
};

// In f64.
Problem make_problem(const GradCase& c, Draw& draw);
// The same point in another dtype.
Problem convert_problem(const GradCase& c, const Problem& from, DType dtype);

// The outputs at the current values, outside the graph.
std::vector<Tensor> evaluate(const Problem& p, Backend backend);
// One gradient per variable of the sum of weights[k] * output[k]; weights in f64.
std::vector<std::vector<double>> gradients(const Problem& p, const std::vector<Tensor>& weights, Backend backend);

}  // namespace cf

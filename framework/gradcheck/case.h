// What a gradient check is made of: a function of tensors, declared once. The same list serves `cfrun gradcheck` (finite
// differences in f64) and the tests that compare a fast backend with the reference, forward and backward.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

struct CaseInput {
  enum class Fill : std::uint8_t {
    normal,    // standard normal
    positive,  // uniform in [0.5, 1.5): divisors, arguments of sqrt
    mask,      // u8, 0 or 1
  };
  Shape shape;
  Fill fill = Fill::normal;
  bool differentiable = true;
};

using GradFn = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

// A function built for one dtype, with the parameters that it reads: leaves that are checked like inputs. Their memory is
// written in place; zeros of the initialisation are perturbed, so that no gradient hides behind them.
struct BoundFn {
  GradFn fn;
  std::vector<std::pair<std::string, Tensor>> parameters;  // dotted name, leaf
};

struct GradCase {
  // "operator" or "operator.variant", the operator's name as it is recorded: "conv2d.dilated".
  std::string name;
  std::vector<CaseInput> inputs;
  // Pure: the same result for the same inputs, in the dtype of the inputs. Every output is checked.
  GradFn fn;
  // Layers and networks ("Conv2d.strided", "cf2n"): set this instead of `fn`. Called once per dtype (f64, f32); the result
  // owns what it built, on the device. Parameters need the same names in the same order each time, not the same values.
  std::function<BoundFn(DType, Device)> bind = {};
};

using GradCases = std::vector<GradCase>;

class Dice;

// The cases of one file, cases_<file>.cpp.
struct CaseFamily {
  const char* family;  // of kernels (the member of KernelTable) that compute them; null: none of their own
  GradCases (*declared)();
  GradCases (*random)(Dice&);  // one case per operator, of random shape and options: "conv2d.random"; null: none
};

std::span<const CaseFamily> case_families();
// All declared ones.
GradCases op_cases();

}  // namespace cf

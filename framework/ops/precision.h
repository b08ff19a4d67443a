// Mixed precision: f32 parameters, bf16 activations (Micikevicius et al., "Mixed precision training", ICLR 2018; bf16 has the
// range of f32, so losses need no scaling).
//
// Without a guard, f32 and bf16 do not mix: an operator refuses. While a MixedPrecision guard is alive, each operator brings
// its operands to one precision first, by the policy that it states; the conversions are recorded, so that a parameter's
// gradient arrives in f32.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// What an operator does with f32 and bf16 operands. f64 and integers stay what they are.
enum class Mixing : std::uint8_t {
  narrow,  // all to bf16: convolutions, products, laconv, where matrix units gain most and sums are kept in f32
  widen,   // all to f32 where at least one is: sums and products with what must stay exact (LMS, losses)
  follow,  // the others to the first one's: scales and slopes that belong to activations
  full,    // all to f32 always: Fourier transforms
};

// While alive, operators on this thread mix precisions. on = false: a guard that does nothing.
class MixedPrecision {
 public:
  explicit MixedPrecision(bool on = true);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  bool before_;
};

bool mixed_precision();

// x in another floating-point type; its gradient comes back in x's. x itself where it has the type.
Tensor cast(const Tensor& x, DType dtype);

// The operands (undefined ones stay so) as the policy wants them; none where there is nothing to convert. An operator begins:
//   if (const auto o = settle(Mixing::narrow, {&x, &weight, &bias})) return conv2d((*o)[0], (*o)[1], (*o)[2], options);
std::optional<std::vector<Tensor>> settle(Mixing mixing, std::initializer_list<const Tensor*> operands);
std::optional<std::vector<Tensor>> settle(Mixing mixing, const std::vector<Tensor>& operands);

}  // namespace cf::ops

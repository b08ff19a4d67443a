// How exact and how repeatable the products of matrices and convolutions are, for the whole process. On the CPU sums are in an
// order that depends on nothing but the shape and the threads, and where `deterministic` is asked for on the shape alone; the
// reference backend is always exact.
#pragma once

#include <compare>
#include <cstddef>

namespace cf {

struct MathMode {
  // Lets f32 products on a GPU round their factors to TF32 (10 bits of mantissa), which tensor cores take. Tensors of bf16 use
  // them in any case.
  bool tf32 = false;
  // Lets f32 products on the CPU round their factors to bf16 (8 bits of mantissa), where the processor has units for it.
  bool bf16 = false;
  // Leaves out algorithms that add in an order that changes from run to run, or with the number of threads.
  bool deterministic = false;
  // Times the library's first suggestions for a new shape and takes the fastest, instead of the first.
  bool autotune = false;
  // Most bytes of working memory that an algorithm may ask for.
  std::size_t workspace_limit = std::size_t{256} << 20U;

  auto operator<=>(const MathMode&) const = default;
};

// Whether this processor multiplies bf16 faster than f32 (AMX, AVX512_BF16).
bool cpu_has_bf16_units();

const MathMode& math_mode();
// Holds for what is computed next. To be set before other threads compute.
void set_math_mode(const MathMode& mode);

}  // namespace cf

// How exact and how repeatable the products of matrices and convolutions are on a GPU, for the whole process. The CPU's
// backends ignore it: they compute in f32, with sums in an order that depends on nothing but the shape and the threads.
#pragma once

#include <compare>
#include <cstddef>

namespace cf {

struct MathMode {
  // Lets f32 products round their factors to TF32 (10 bits of mantissa), which tensor cores take. bf16 uses them in any case.
  bool tf32 = false;
  // Leaves out algorithms that add in an order that changes from run to run.
  bool deterministic = false;
  // Times the library's first suggestions for a new shape and takes the fastest, instead of the first.
  bool autotune = false;
  // Most bytes of working memory that an algorithm may ask for.
  std::size_t workspace_limit = std::size_t{256} << 20U;

  auto operator<=>(const MathMode&) const = default;
};

const MathMode& math_mode();
// Holds for what is computed next. To be set before other threads compute.
void set_math_mode(const MathMode& mode);

}  // namespace cf

// What a plan may rely on, and which of a library's suggestions is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "framework/core/dtype.h"
#include "kernels/math_mode.h"

namespace cf::cuda {

// The largest power of two up to 16 that divides all addresses: beyond, kernels gain nothing.
inline int common_alignment(std::initializer_list<const void*> addresses) {
  std::uintptr_t bits = 16;
  for (const void* a : addresses) bits |= reinterpret_cast<std::uintptr_t>(a);
  return static_cast<int>(bits & (~bits + 1));
}

// What an algorithm says of its arithmetic.
struct NumericalNotes {
  bool tensor_cores = false;
  bool narrows_inputs = false;  // rounds factors to a type with fewer bits
  bool narrows_sums = false;    // adds up in a type with fewer bits than f32
  bool varies = false;          // adds in an order that changes from run to run
};

struct Suggestion {
  std::size_t workspace = 0;  // bytes
  double milliseconds = -1;   // -1: not timed
};

// Whether an algorithm computes as it is asked to. Sums are in f32 always. For f32 operands tensor cores mean factors in TF32.
inline bool is_exact_enough(const NumericalNotes& notes, DType dtype, const MathMode& mode) {
  if (notes.narrows_sums) return false;
  if (notes.varies && mode.deterministic) return false;
  if (dtype == DType::f32 && (notes.tensor_cores || notes.narrows_inputs)) return mode.tf32;
  return !notes.narrows_inputs;
}

// Whether to look for an algorithm that also does the LeakyReLU. cuDNN compiles those for tensor cores; its prepared ones know no
// slope, and finding out that there is none takes longer than all else.
inline bool may_take_in_leaky(DType dtype, const MathMode& mode) { return dtype == DType::bf16 || mode.tf32; }

// The number of the fastest suggestion within the limit; of those not timed, the first. A library lists its best first.
inline std::optional<std::size_t> choose(std::span<const Suggestion> suggestions, std::size_t workspace_limit) {
  std::optional<std::size_t> best;
  const auto beats = [&](const Suggestion& s, const Suggestion& other) {
    return s.milliseconds >= 0 && (other.milliseconds < 0 || s.milliseconds < other.milliseconds);
  };
  for (std::size_t i = 0; i < suggestions.size(); ++i) {
    if (suggestions[i].workspace > workspace_limit) continue;
    if (!best || beats(suggestions[i], suggestions[*best])) best = i;
  }
  return best;
}

}  // namespace cf::cuda

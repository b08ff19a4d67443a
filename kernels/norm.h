// Normalisation (channels-last): the contract every backend fills in. f32 and f64; on a GPU f32 and
// bf16, where the mean and variance of bf16 are f32.
//
// Layer, group and batch normalisation are one computation on x seen as (N, P, C): mean and variance are taken per sample
// n and group of C/groups consecutive channels, over the group's channels at all P pixels.
//   layer norm:  N = rows, P = 1, groups = 1      group norm:  N, P = pixels, groups      batch norm:  N = 1, P = rows, groups =
//   C
#pragma once

#include <cstdint>

#include "framework/core/view.h"

namespace cf {

struct NormParams {
  std::int64_t samples = 1;
  std::int64_t pixels = 1;
  std::int64_t channels = 1;
  std::int64_t groups = 1;
  double eps = 1e-5;
};

struct NormKernels {
  // y = (x - mean) / sqrt(var + eps) * weight + bias with the mean and biased variance of x, which are kept in mean and var
  // (samples, groups); weight and bias (C).
  void (*fwd)(const NormParams& p, ConstView x, ConstView weight, ConstView bias, View mean, View var, View y);
  // The same with given mean and variance.
  void (*apply)(const NormParams& p, ConstView x, ConstView weight, ConstView bias, ConstView mean, ConstView var, View y);
  // Gradients of x, weight and bias; an output that is none is skipped. `fixed`: mean and var were given, not x's own.
  void (*grad)(const NormParams& p, bool fixed, ConstView x, ConstView weight, ConstView mean, ConstView var, ConstView dy,
               View dx, View dweight, View dbias);
};

namespace reference {
void fill(NormKernels& k);
}
namespace cpu {
void fill(NormKernels& k);
}
namespace cuda {
void fill(NormKernels& k);
}

}  // namespace cf

// Inputs and weights for tests of networks.
#pragma once

#include "framework/core/rng.h"
#include "framework/nn/param_store.h"
#include "models/fusion_model.h"

namespace cf::test {

inline Tensor random_image(const Shape& shape, std::uint64_t salt, DType dtype) {
  const Philox rng = make_rng(1, RngStream::test, salt);
  Tensor t = Tensor::empty(shape, DType::f64);
  std::uint64_t i = 0;
  for (double& v : t.span<double>()) v = rng.uniform(i++);
  return t.to(dtype);
}

// PAN and LMS uniform in [0, 1), without MS.
inline FusionInput random_input(const ModelConfig& c, std::int64_t n, std::int64_t h, std::int64_t w, DType dtype = DType::f32) {
  return {random_image({n, h, w, c.pan_bands}, 1, dtype), random_image({n, h, w, c.bands}, 2, dtype), {}};
}

// Square patches of PAN, LMS and MS.
inline FusionInput random_patches(const ModelConfig& c, std::int64_t n, std::int64_t size, DType dtype = DType::f32) {
  FusionInput input = random_input(c, n, size, size, dtype);
  input.ms = random_image({n, size / c.ratio, size / c.ratio, c.bands}, 3, dtype);
  return input;
}

// Moves every weight, so that those that start at zero take part. For f32.
inline void perturb(const ParamStore& store) {
  const Philox rng = make_rng(2, RngStream::test);
  std::uint64_t i = 0;
  for (const auto& [name, value] : store.params()) {
    for (float& v : value.span<float>()) v += static_cast<float>(0.05 * rng.normal(i++));
  }
}

}  // namespace cf::test

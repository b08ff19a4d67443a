// Embeddings of scalars.
#pragma once

#include <cstdint>

#include "framework/tensor/tensor.h"

namespace cf::ops {

// Sinusoids of the timesteps t (N), f32 or f64 -> (N, dim), dim even: column j < dim/2 is cos(t * w_j), column dim/2 + j is
// sin(t * w_j), w_j = 10000^(-j / (dim/2)) (Vaswani et al., NIPS 2017, sec. 3.5, in the order of Ho et al.'s diffusion models).
// Computed in double; no gradient flows to t.
Tensor timestep_embedding(const Tensor& t, std::int64_t dim);

}  // namespace cf::ops

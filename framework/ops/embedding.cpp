#include "framework/ops/embedding.h"

#include <cmath>

namespace cf::ops {

Tensor timestep_embedding(const Tensor& t, std::int64_t dim) {
  check(t.rank() == 1, "timestep_embedding: t must be (N), got {}", t.shape().str());
  check(dim > 0 && dim % 2 == 0, "timestep_embedding: the dimension must be even and positive, got {}", dim);
  constexpr double kLongestPeriod = 10000;
  const std::int64_t half = dim / 2;
  Tensor y = Tensor::empty({t.dim(0), dim}, t.dtype());
  dispatch_float(t.dtype(), "timestep_embedding", [&](auto zero) {
    using T = decltype(zero);
    const auto steps = t.span<T>();
    T* out = y.span<T>().data();
    for (const T step : steps) {
      for (std::int64_t j = 0; j < half; ++j) {
        const double angle =
            static_cast<double>(step) * std::pow(kLongestPeriod, -static_cast<double>(j) / static_cast<double>(half));
        out[j] = static_cast<T>(std::cos(angle));
        out[half + j] = static_cast<T>(std::sin(angle));
      }
      out += dim;
    }
  });
  return y;
}

}  // namespace cf::ops

#include "kernels/resize.h"

#include <vector>

namespace cf::reference {
namespace {

// Calls fn(output, input, weight) with element offsets for every term of the interpolation `from` -> `to`.
template <class F>
void for_each_term(const Shape& from, const Shape& to, Resample mode, bool align_corners, F&& fn) {
  const AxisMap rows = interpolation_map(mode, align_corners, from[1], to[1]);
  const AxisMap cols = interpolation_map(mode, align_corners, from[2], to[2]);
  const std::int64_t channels = from[3];
  for (std::int64_t n = 0; n < to[0]; ++n) {
    for (std::int64_t p = 0; p < to[1] * to[2]; ++p) {
      rows.for_each_term(p / to[2], [&](std::int64_t row, double row_weight) {
        cols.for_each_term(p % to[2], [&](std::int64_t col, double col_weight) {
          const std::int64_t output = (n * to[1] * to[2] + p) * channels;
          const std::int64_t input = ((n * from[1] + row) * from[2] + col) * channels;
          for (std::int64_t c = 0; c < channels; ++c) fn(output + c, input + c, row_weight * col_weight);
        });
      });
    }
  }
}

void interpolate(ConstView x, Resample mode, bool align_corners, View y) {
  dispatch_float(x.dtype, "interpolate", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* out = y.as<T>();
    std::vector<double> sums(static_cast<std::size_t>(y.numel()));
    for_each_term(x.shape, y.shape, mode, align_corners, [&](std::int64_t output, std::int64_t input, double w) {
      sums[static_cast<std::size_t>(output)] += w * static_cast<double>(in[input]);
    });
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<T>(sums[i]);
  });
}

void interpolate_grad(ConstView dy, Resample mode, bool align_corners, View dx) {
  dispatch_float(dy.dtype, "interpolate", [&](auto zero) {
    using T = decltype(zero);
    const T* g = dy.as<T>();
    T* d = dx.as<T>();
    std::vector<double> sums(static_cast<std::size_t>(dx.numel()));
    for_each_term(dx.shape, dy.shape, mode, align_corners, [&](std::int64_t output, std::int64_t input, double w) {
      sums[static_cast<std::size_t>(input)] += w * static_cast<double>(g[output]);
    });
    for (std::size_t i = 0; i < sums.size(); ++i) d[i] = static_cast<T>(sums[i]);
  });
}

}  // namespace

void fill(ResizeKernels& k) {
  k.interpolate = interpolate;
  k.interpolate_grad = interpolate_grad;
}

}  // namespace cf::reference

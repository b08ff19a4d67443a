#include "framework/ops/fourier.h"

#include <vector>

#include "framework/ops/elementwise.h"
#include "framework/ops/fft.h"
#include "framework/ops/precision.h"

namespace cf::ops {
namespace {

// (H, W, 1, 1): `scale` at the low frequencies, 1 elsewhere, in the order of the transform, where frequency u < 0 is at n + u.
template <class T>
Tensor low_frequency_mask(std::int64_t h, std::int64_t w, std::int64_t threshold, double scale) {
  const auto is_low = [threshold](std::int64_t i, std::int64_t n) { return i < threshold || i >= n - threshold; };
  std::vector<T> mask(static_cast<std::size_t>(h * w), T(1));
  for (std::int64_t p = 0; p < h * w; ++p) {
    if (is_low(p / w, h) && is_low(p % w, w)) mask[static_cast<std::size_t>(p)] = static_cast<T>(scale);
  }
  return Tensor::from<T>({h, w, 1, 1}, mask);
}

}  // namespace

Tensor fourier_filter(const Tensor& x, std::int64_t threshold, double scale) {
  if (const auto o = settle(Mixing::full, {&x})) return fourier_filter((*o)[0], threshold, scale);
  check(x.rank() == 4, "fourier_filter: x must be (N, H, W, C), got {}", x.shape().str());
  check(threshold >= 0 && 2 * threshold <= x.dim(1) && 2 * threshold <= x.dim(2),
        "fourier_filter: threshold {} must lie between 0 and half the image, which is {} x {}", threshold, x.dim(1), x.dim(2));
  const Tensor mask = dispatch_float(x.dtype(), "fourier_filter", [&](auto zero) {
    return low_frequency_mask<decltype(zero)>(x.dim(1), x.dim(2), threshold, scale);
  });
  return real(ifft2(mul(fft2(x), mask.to(x.device()))));
}

}  // namespace cf::ops

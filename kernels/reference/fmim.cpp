#include "kernels/fmim.h"

#include <cmath>
#include <numbers>
#include <vector>

namespace cf::reference {
namespace {

// The seven functions of a plane: 1, then cosine and sine of a, b and a + b.
constexpr std::int64_t kFunctions = 7;

std::vector<double> basis(std::int64_t height, std::int64_t width) {
  std::vector<double> values;
  for (std::int64_t p = 0; p < height * width; ++p) {
    const double a = 2 * std::numbers::pi * static_cast<double>(p / width) / static_cast<double>(height);
    const double b = 2 * std::numbers::pi * static_cast<double>(p % width) / static_cast<double>(width);
    values.push_back(1);
    for (const double angle : {a, b, a + b}) {
      values.push_back(std::cos(angle));
      values.push_back(std::sin(angle));
    }
  }
  return values;
}

void attenuate(ConstView y, double scale, View out) {
  dispatch_float(y.dtype, "fmim", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t channels = y.shape[3];
    const std::int64_t pixels = y.shape[1] * y.shape[2];
    const std::vector<double> f = basis(y.shape[1], y.shape[2]);
    const double factor = (scale - 1) / static_cast<double>(pixels);
    for (std::int64_t plane = 0; plane < y.shape[0] * channels; ++plane) {
      const std::int64_t first = plane / channels * pixels * channels + plane % channels;
      const T* in = y.as<T>() + first;
      T* to = out.as<T>() + first;
      double sums[kFunctions] = {};
      for (std::int64_t i = 0; i < pixels * kFunctions; ++i) {
        sums[i % kFunctions] += f[static_cast<std::size_t>(i)] * static_cast<double>(in[i / kFunctions * channels]);
      }
      for (std::int64_t p = 0; p < pixels; ++p) {
        double low = 0;
        for (std::int64_t k = 0; k < kFunctions; ++k) low += sums[k] * f[static_cast<std::size_t>(p * kFunctions + k)];
        to[p * channels] = static_cast<T>(static_cast<double>(in[p * channels]) + factor * low);
      }
    }
  });
}

}  // namespace

void fill(FmimKernels& k) { k.attenuate = attenuate; }

}  // namespace cf::reference

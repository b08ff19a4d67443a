#include "kernels/cpu/bias.h"

#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/bias.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace {

void bias_rows(float* y, std::int64_t rows, std::int64_t channels, const float* bias, float slope) {
  const F32 d;
  const Vec factor = hn::Set(d, slope);
  for (std::int64_t row = 0; row < rows; ++row, y += channels) {
    for_vectors(d, static_cast<std::size_t>(channels), [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec v = hn::Add(load_n(d, y + i, k), load_n(d, bias + i, k));
      store_n(d, hn::IfThenElse(hn::Gt(v, hn::Zero(d)), v, hn::Mul(v, factor)), y + i, k);
    });
  }
}

}  // namespace
}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {

HWY_EXPORT(bias_rows);

void add_bias_leaky(float* y, std::int64_t rows, std::int64_t channels, const float* bias, float slope) {
  constexpr std::int64_t kGrain = 16384;  // floats
  const std::vector<float> zeros(bias == nullptr ? static_cast<std::size_t>(channels) : 0);
  const float* added = bias == nullptr ? zeros.data() : bias;
  parallel_for(rows, 1 + kGrain / channels, [&](std::int64_t begin, std::int64_t end) {
    HWY_DYNAMIC_DISPATCH(bias_rows)(y + begin * channels, end - begin, channels, added, slope);
  });
}

}  // namespace cf::cpu
#endif

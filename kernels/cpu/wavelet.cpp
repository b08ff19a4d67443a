#include "kernels/wavelet.h"

#include "framework/core/parallel.h"
#include "kernels/cpu/separable.h"
#include "kernels/table.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/wavelet.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE void analyse(D d, const float* even, const float* odd, std::int64_t channels, float* ll, float* hl, float* lh,
                        float* hh) {
  const auto half = hn::Set(d, 0.5F);
  const auto a = hn::LoadU(d, even);
  const auto b = hn::LoadU(d, odd);
  const auto c = hn::LoadU(d, even + channels);
  const auto e = hn::LoadU(d, odd + channels);
  const auto left = hn::Add(a, b);
  const auto right = hn::Add(c, e);
  const auto left_step = hn::Sub(b, a);
  const auto right_step = hn::Sub(e, c);
  hn::StoreU(hn::Mul(half, hn::Add(left, right)), d, ll);
  hn::StoreU(hn::Mul(half, hn::Sub(right, left)), d, hl);
  hn::StoreU(hn::Mul(half, hn::Add(left_step, right_step)), d, lh);
  hn::StoreU(hn::Mul(half, hn::Sub(right_step, left_step)), d, hh);
}

template <class D>
HWY_INLINE void synthesise(D d, const float* ll, const float* hl, const float* lh, const float* hh, std::int64_t channels,
                           float* even, float* odd) {
  const auto half = hn::Set(d, 0.5F);
  const auto l = hn::LoadU(d, ll);
  const auto h = hn::LoadU(d, hl);
  const auto v = hn::LoadU(d, lh);
  const auto x = hn::LoadU(d, hh);
  const auto left = hn::Sub(l, h);
  const auto right = hn::Add(l, h);
  const auto left_step = hn::Sub(v, x);
  const auto right_step = hn::Add(v, x);
  hn::StoreU(hn::Mul(half, hn::Sub(left, left_step)), d, even);
  hn::StoreU(hn::Mul(half, hn::Add(left, left_step)), d, odd);
  hn::StoreU(hn::Mul(half, hn::Sub(right, right_step)), d, even + channels);
  hn::StoreU(hn::Mul(half, hn::Add(right, right_step)), d, odd + channels);
}

// One row of bands from rows `even` and `odd` of the image.
void dwt_row(const float* even, const float* odd, std::int64_t half_w, std::int64_t channels, float* ll, float* hl, float* lh,
             float* hh) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t j = 0; j < half_w; ++j) {
    const std::int64_t from = 2 * j * channels;
    const std::int64_t to = j * channels;
    std::int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) {
      analyse(d, even + from + c, odd + from + c, channels, ll + to + c, hl + to + c, lh + to + c, hh + to + c);
    }
    for (; c < channels; ++c) {
      analyse(one, even + from + c, odd + from + c, channels, ll + to + c, hl + to + c, lh + to + c, hh + to + c);
    }
  }
}

void iwt_row(const float* ll, const float* hl, const float* lh, const float* hh, std::int64_t half_w, std::int64_t channels,
             float* even, float* odd) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (std::int64_t j = 0; j < half_w; ++j) {
    const std::int64_t from = j * channels;
    const std::int64_t to = 2 * j * channels;
    std::int64_t c = 0;
    for (; c + lanes <= channels; c += lanes) {
      synthesise(d, ll + from + c, hl + from + c, lh + from + c, hh + from + c, channels, even + to + c, odd + to + c);
    }
    for (; c < channels; ++c) {
      synthesise(one, ll + from + c, hl + from + c, lh + from + c, hh + from + c, channels, even + to + c, odd + to + c);
    }
  }
}

}  // namespace
}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(dwt_row);
HWY_EXPORT(iwt_row);

// Rows of bands per thread that are worth a thread.
std::int64_t row_grain(const Shape& full) { return 1 + 8192 / (1 + full[2] * full[3]); }

void haar_dwt(ConstView x, View ll, View hl, View lh, View hh) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).wavelet.haar_dwt(x, ll, hl, lh, hh);
  const auto kernel = HWY_DYNAMIC_DISPATCH(dwt_row);
  const float* in = x.as<float>();
  float* bands[] = {ll.as<float>(), hl.as<float>(), lh.as<float>(), hh.as<float>()};
  const std::int64_t full_row = x.shape[2] * x.shape[3];
  const std::int64_t half_row = full_row / 2;
  parallel_for(x.shape[0] * x.shape[1] / 2, row_grain(x.shape), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* even = in + 2 * r * full_row;
      const std::int64_t at = r * half_row;
      kernel(even, even + full_row, x.shape[2] / 2, x.shape[3], bands[0] + at, bands[1] + at, bands[2] + at, bands[3] + at);
    }
  });
}

void haar_iwt(ConstView ll, ConstView hl, ConstView lh, ConstView hh, View x) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).wavelet.haar_iwt(ll, hl, lh, hh, x);
  const auto kernel = HWY_DYNAMIC_DISPATCH(iwt_row);
  const float* bands[] = {ll.as<float>(), hl.as<float>(), lh.as<float>(), hh.as<float>()};
  float* out = x.as<float>();
  const std::int64_t full_row = x.shape[2] * x.shape[3];
  const std::int64_t half_row = full_row / 2;
  parallel_for(x.shape[0] * x.shape[1] / 2, row_grain(x.shape), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      float* even = out + 2 * r * full_row;
      const std::int64_t at = r * half_row;
      kernel(bands[0] + at, bands[1] + at, bands[2] + at, bands[3] + at, x.shape[2] / 2, x.shape[3], even, even + full_row);
    }
  });
}

void high_pass(ConstView x, std::int64_t size, View y) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).wavelet.high_pass(x, size, y);
  const AxisMap rows = box_mean_map(size, x.shape[1]);
  const AxisMap cols = box_mean_map(size, x.shape[2]);
  apply_separable(x.as<float>(), x.shape[0], x.shape[3], rows, cols, true, y.as<float>());
}

void high_pass_grad(ConstView dy, std::int64_t size, View dx) {
  if (dy.dtype != DType::f32) return kernel_table(Backend::reference).wavelet.high_pass_grad(dy, size, dx);
  const AxisMap rows = box_mean_map(size, dy.shape[1]).transposed();
  const AxisMap cols = box_mean_map(size, dy.shape[2]).transposed();
  apply_separable(dy.as<float>(), dy.shape[0], dy.shape[3], rows, cols, true, dx.as<float>());
}

}  // namespace

void fill(WaveletKernels& k) {
  k.haar_dwt = haar_dwt;
  k.haar_iwt = haar_iwt;
  k.high_pass = high_pass;
  k.high_pass_grad = high_pass_grad;
}

}  // namespace cf::cpu
#endif

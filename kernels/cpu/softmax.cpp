// Softmax by Highway, row by row.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/softmax.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/simd-inl.h"
#include "kernels/table.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

void softmax_rows(const float* x, float* y, std::size_t rows, std::size_t c) {
  const F32 d;
  for (std::size_t r = 0; r < rows; ++r, x += c, y += c) {
    const Vec peak = hn::Set(d, largest(d, x, c));
    Vec sum = hn::Zero(d);
    for_vectors(d, c, [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec e = vector_exp(d, hn::Sub(load_n(d, x + i, k), peak));
      sum = hn::Add(sum, hn::IfThenElseZero(hn::FirstN(d, k), e));
      store_n(d, e, y + i, k);
    });
    const Vec factor = hn::Set(d, 1.0F / hn::GetLane(hn::SumOfLanes(d, sum)));
    for_vectors(d, c, [&](std::size_t i, std::size_t k) HWY_ATTR { store_n(d, hn::Mul(load_n(d, y + i, k), factor), y + i, k); });
  }
}

void softmax_grad_rows(const float* y, const float* dy, float* dx, std::size_t rows, std::size_t c) {
  const F32 d;
  for (std::size_t r = 0; r < rows; ++r, y += c, dy += c, dx += c) {
    Vec dot = hn::Zero(d);
    for_vectors(d, c,
                [&](std::size_t i, std::size_t k) HWY_ATTR { dot = hn::MulAdd(load_n(d, y + i, k), load_n(d, dy + i, k), dot); });
    const Vec total = hn::SumOfLanes(d, dot);
    for_vectors(d, c, [&](std::size_t i, std::size_t k) HWY_ATTR {
      store_n(d, hn::Mul(load_n(d, y + i, k), hn::Sub(load_n(d, dy + i, k), total)), dx + i, k);
    });
  }
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(softmax_rows);
HWY_EXPORT(softmax_grad_rows);

constexpr std::int64_t kGrain = 8192;  // elements worth a thread

void softmax(ConstView x, View y) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).softmax.softmax(x, y);
  const std::int64_t c = x.shape[-1];
  const auto* in = x.as<float>();
  auto* out = y.as<float>();
  const auto rows = HWY_DYNAMIC_DISPATCH(softmax_rows);
  parallel_for(x.numel() / c, 1 + kGrain / c, [&](std::int64_t begin, std::int64_t end) {
    rows(in + begin * c, out + begin * c, static_cast<std::size_t>(end - begin), static_cast<std::size_t>(c));
  });
}

void softmax_grad(ConstView y, ConstView dy, View dx) {
  if (y.dtype != DType::f32) return kernel_table(Backend::reference).softmax.softmax_grad(y, dy, dx);
  const std::int64_t c = y.shape[-1];
  const auto* out = y.as<float>();
  const auto* g = dy.as<float>();
  auto* d = dx.as<float>();
  const auto rows = HWY_DYNAMIC_DISPATCH(softmax_grad_rows);
  parallel_for(y.numel() / c, 1 + kGrain / c, [&](std::int64_t begin, std::int64_t end) {
    rows(out + begin * c, g + begin * c, d + begin * c, static_cast<std::size_t>(end - begin), static_cast<std::size_t>(c));
  });
}

}  // namespace

void fill(SoftmaxKernels& k) {
  k.softmax = softmax;
  k.softmax_grad = softmax_grad;
}

}  // namespace cf::cpu
#endif

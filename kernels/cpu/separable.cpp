#include "kernels/cpu/separable.h"

#include "framework/core/parallel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/separable.cpp"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// out[i] = sum over terms t of weight[t] * in[index[t] * stride + i], i < count; minus_from - that where it is not null.
template <class D>
HWY_INLINE void weighted_sum_at(D d, const AxisMap& map, std::int64_t output, const float* in, std::int64_t stride,
                                std::int64_t i, const float* minus_from, float* out) {
  auto sum = hn::Zero(d);
  const auto end = static_cast<std::size_t>(map.first[static_cast<std::size_t>(output) + 1]);
  for (auto t = static_cast<std::size_t>(map.first[static_cast<std::size_t>(output)]); t < end; ++t) {
    sum = hn::MulAdd(hn::Set(d, static_cast<float>(map.weight[t])), hn::LoadU(d, in + map.index[t] * stride + i), sum);
  }
  hn::StoreU(minus_from == nullptr ? sum : hn::Sub(hn::LoadU(d, minus_from + i), sum), d, out + i);
}

// Narrower vectors take what wider ones leave over: images of 4 or 8 bands have no more channels than that.
template <class D>
HWY_INLINE std::int64_t weighted_sum_with(D d, const AxisMap& map, std::int64_t output, const float* in, std::int64_t stride,
                                          std::int64_t begin, std::int64_t end, const float* minus_from, float* out) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  for (; begin + lanes <= end; begin += lanes) weighted_sum_at(d, map, output, in, stride, begin, minus_from, out);
  return begin;
}

HWY_INLINE void weighted_sum(const AxisMap& map, std::int64_t output, const float* in, std::int64_t stride, std::int64_t count,
                             const float* minus_from, float* out) {
  std::int64_t i = 0;
  i = weighted_sum_with(hn::ScalableTag<float>(), map, output, in, stride, i, count, minus_from, out);
  i = weighted_sum_with(hn::CappedTag<float, 8>(), map, output, in, stride, i, count, minus_from, out);
  i = weighted_sum_with(hn::CappedTag<float, 4>(), map, output, in, stride, i, count, minus_from, out);
  weighted_sum_with(hn::CappedTag<float, 1>(), map, output, in, stride, i, count, minus_from, out);
}

// Output row `row` of one image; `scratch` holds a row of the input's width. Rows first: that stage runs over whole rows.
void separable_row(const float* x, std::int64_t c, const AxisMap& rows, const AxisMap& cols, std::int64_t row, bool complement,
                   float* scratch, float* y) {
  const std::int64_t width = cols.inputs * c;
  weighted_sum(rows, row, x, width, width, nullptr, scratch);
  for (std::int64_t col = 0; col < cols.outputs(); ++col) {
    weighted_sum(cols, col, scratch, c, c, complement ? x + row * width + col * c : nullptr, y + col * c);
  }
}

}  // namespace
}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {

HWY_EXPORT(separable_row);

void apply_separable(const float* x, std::int64_t n, std::int64_t c, const AxisMap& rows, const AxisMap& cols, bool complement,
                     float* y) {
  const auto row_kernel = HWY_DYNAMIC_DISPATCH(separable_row);
  const std::int64_t height = rows.outputs();
  const std::int64_t image = rows.inputs * cols.inputs * c;
  const std::int64_t out_row = cols.outputs() * c;
  parallel_for(n * height, 1 + 8192 / (1 + out_row), [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> scratch(static_cast<std::size_t>(cols.inputs * c));
    for (std::int64_t r = begin; r < end; ++r) {
      row_kernel(x + r / height * image, c, rows, cols, r % height, complement, scratch.data(), y + r * out_row);
    }
  });
}

}  // namespace cf::cpu
#endif

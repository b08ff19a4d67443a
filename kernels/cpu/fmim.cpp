// Frequency modulation by sums along rows, then over rows: two passes over the image, vectors over the channels.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fmim.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/float_buffer.h"
#include "kernels/cpu/simd-inl.h"
#include "kernels/table.h"
#include "kernels/unit_circle.h"

#ifndef CF_CPU_FMIM_ONCE
#define CF_CPU_FMIM_ONCE

#include <vector>

namespace cf::cpu {

// With a = 2 pi h / H and b = 2 pi w / W. Each row keeps r = sum y, p = sum y cos b, q = sum y sin b; the plane's sums follow:
//   D = sum r, A_a = sum r cos a, B_a = sum r sin a, A_b = sum p, B_b = sum q,
//   A_ab = sum (p cos a - q sin a), B_ab = sum (p sin a + q cos a).
struct FmimProblem {
  std::int64_t height, width, channels;
  const float* y;
  float* out;
  float factor;             // (scale - 1) / (H W)
  std::vector<float> a, b;  // cos and sin of 2 pi h / H and 2 pi w / W
  float* row_sums;          // (N * H, 3, C): r, p, q
};

}  // namespace cf::cpu

#endif

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

constexpr int kFunctions = 7;

// k channels of line i, lines being `stride` floats apart.
HWY_INLINE Vec at(const float* base, std::int64_t i, std::int64_t stride, std::size_t k) {
  return load_n(F32(), base + i * stride, k);
}

void sum_rows(const FmimProblem& m, std::int64_t begin, std::int64_t end) {
  const F32 f;
  const auto width = static_cast<std::size_t>(m.width);
  for (std::int64_t row = begin; row < end; ++row) {
    const float* y = m.y + row * m.width * m.channels;
    float* to = m.row_sums + row * 3 * m.channels;
    for_vectors(f, static_cast<std::size_t>(m.channels), [&](std::size_t c, std::size_t k) HWY_ATTR {
      Vec r = hn::Zero(f), p = r, q = r;
      for (std::int64_t w = 0; w < m.width; ++w) {
        const auto i = static_cast<std::size_t>(w);
        const Vec x = at(y + c, w, m.channels, k);
        r = hn::Add(r, x);
        p = hn::MulAdd(x, hn::Set(f, m.b[i]), p);
        q = hn::MulAdd(x, hn::Set(f, m.b[i + width]), q);
      }
      store_n(f, r, to + c, k);
      store_n(f, p, to + m.channels + c, k);
      store_n(f, q, to + 2 * m.channels + c, k);
    });
  }
}

// sums (7, C) of one image: D, A_a, B_a, A_b, B_b, A_ab, B_ab, times the factor.
void sum_plane(const FmimProblem& m, std::int64_t image, float* sums) {
  const F32 f;
  const auto height = static_cast<std::size_t>(m.height);
  const float* rows = m.row_sums + image * m.height * 3 * m.channels;
  for_vectors(f, static_cast<std::size_t>(m.channels), [&](std::size_t c, std::size_t k) HWY_ATTR {
    Vec s[kFunctions];
    for (Vec& v : s) v = hn::Zero(f);
    for (std::int64_t h = 0; h < m.height; ++h) {
      const auto i = static_cast<std::size_t>(h);
      const Vec r = at(rows + c, 3 * h, m.channels, k);
      const Vec p = at(rows + c, 3 * h + 1, m.channels, k);
      const Vec q = at(rows + c, 3 * h + 2, m.channels, k);
      const Vec cos = hn::Set(f, m.a[i]);
      const Vec sin = hn::Set(f, m.a[i + height]);
      s[0] = hn::Add(s[0], r);
      s[1] = hn::MulAdd(r, cos, s[1]);
      s[2] = hn::MulAdd(r, sin, s[2]);
      s[3] = hn::Add(s[3], p);
      s[4] = hn::Add(s[4], q);
      s[5] = hn::MulAdd(p, cos, hn::NegMulAdd(q, sin, s[5]));
      s[6] = hn::MulAdd(p, sin, hn::MulAdd(q, cos, s[6]));
    }
    for (int i = 0; i < kFunctions; ++i)
      store_n(f, hn::Mul(s[i], hn::Set(f, m.factor)), sums + i * m.channels + static_cast<std::int64_t>(c), k);
  });
}

// out = y + (D + A_a cos a + B_a sin a) + (A_b + A_ab cos a + B_ab sin a) cos b + (B_b - A_ab sin a + B_ab cos a) sin b
void add_row(const FmimProblem& m, const float* sums, std::int64_t row) {
  const F32 f;
  const auto height = static_cast<std::size_t>(m.height);
  const auto width = static_cast<std::size_t>(m.width);
  const auto h = static_cast<std::size_t>(row % m.height);
  const Vec cos = hn::Set(f, m.a[h]);
  const Vec sin = hn::Set(f, m.a[h + height]);
  const float* y = m.y + row * m.width * m.channels;
  float* out = m.out + row * m.width * m.channels;
  for_vectors(f, static_cast<std::size_t>(m.channels), [&](std::size_t c, std::size_t k) HWY_ATTR {
    const auto s = [&](std::int64_t i) HWY_ATTR { return at(sums + c, i, m.channels, k); };
    const Vec level = hn::MulAdd(s(2), sin, hn::MulAdd(s(1), cos, s(0)));
    const Vec of_cos = hn::MulAdd(s(6), sin, hn::MulAdd(s(5), cos, s(3)));
    const Vec of_sin = hn::MulAdd(s(6), cos, hn::NegMulAdd(s(5), sin, s(4)));
    for (std::int64_t w = 0; w < m.width; ++w) {
      const auto i = static_cast<std::size_t>(w);
      const Vec low = hn::MulAdd(of_sin, hn::Set(f, m.b[i + width]), hn::MulAdd(of_cos, hn::Set(f, m.b[i]), level));
      store_n(f, hn::Add(at(y + c, w, m.channels, k), low), out + w * m.channels + static_cast<std::int64_t>(c), k);
    }
  });
}

void add_rows(const FmimProblem& m, std::int64_t begin, std::int64_t end) {
  const FloatBuffer sums(kFunctions * m.channels);
  for (std::int64_t row = begin; row < end; ++row) {
    if (row == begin || row % m.height == 0) sum_plane(m, row / m.height, sums.data());
    add_row(m, sums.data(), row);
  }
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(sum_rows);
HWY_EXPORT(add_rows);

void attenuate(ConstView y, double scale, View out) {
  if (y.dtype != DType::f32) return kernel_table(Backend::reference).fmim.attenuate(y, scale, out);
  const std::int64_t height = y.shape[1], width = y.shape[2], channels = y.shape[3];
  const std::int64_t rows = y.shape[0] * height;
  const FloatBuffer row_sums(rows * 3 * channels);
  const auto factor = static_cast<float>((scale - 1) / static_cast<double>(height * width));
  const FmimProblem m = {
      height, width, channels, y.as<float>(), out.as<float>(), factor, unit_circle(height), unit_circle(width), row_sums.data()};
  const std::int64_t grain = 1 + 16384 / (width * channels);
  const auto sum = HWY_DYNAMIC_DISPATCH(sum_rows);
  parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) { sum(m, begin, end); });
  const auto add = HWY_DYNAMIC_DISPATCH(add_rows);
  parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) { add(m, begin, end); });
}

}  // namespace

void fill(FmimKernels& k) { k.attenuate = attenuate; }

}  // namespace cf::cpu
#endif

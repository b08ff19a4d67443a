// The transforms of conv_winograd.h for vectors of channels; included once per Highway target.
#if defined(CF_WINOGRAD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CF_WINOGRAD_INL_H
#undef CF_WINOGRAD_INL_H
#else
#define CF_WINOGRAD_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// F(2, 3) on the points 0, 1, -1, infinity: 4 inputs, 4 products, 2 results.
struct Down {
  static constexpr int kTile = 2, kPoints = 4;
  // Rows of G: the weight's values at the points, divided by the products of their distances.
  static constexpr double kWeight[kPoints][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void input(D, const V* x, V* v) {
    v[0] = hn::Sub(x[0], x[2]);
    v[1] = hn::Add(x[1], x[2]);
    v[2] = hn::Sub(x[2], x[1]);
    v[3] = hn::Sub(x[3], x[1]);
  }
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void output(D, const V* m, V* y) {
    y[0] = hn::Add(hn::Add(m[1], m[2]), m[0]);
    y[1] = hn::Add(hn::Sub(m[1], m[2]), m[3]);
  }
};

// F(4, 3) on the points 0, a, -a, b, -b, infinity: 6 inputs, 6 products, 4 results.
struct Along {
  static constexpr int kTile = 4, kPoints = 6;
  static constexpr double kA = 0.625, kB = 1.5;
  static constexpr double kA2 = kA * kA, kB2 = kB * kB;
  static constexpr double kAtZero = 1 / (kA2 * kB2);
  static constexpr double kAtA = 1 / (2 * kA2 * (kA2 - kB2)), kAtB = 1 / (2 * kB2 * (kB2 - kA2));
  static constexpr double kWeight[kPoints][3] = {{kAtZero, 0, 0},
                                                 {kAtA, kAtA* kA, kAtA* kA2},
                                                 {kAtA, -kAtA* kA, kAtA* kA2},
                                                 {kAtB, kAtB* kB, kAtB* kB2},
                                                 {kAtB, -kAtB* kB, kAtB* kB2},
                                                 {0, 0, 1}};

  template <class D>
  static HWY_INLINE hn::Vec<D> constant(D d, double value) {
    return hn::Set(d, static_cast<float>(value));
  }
  // Coefficients of the polynomials that vanish at all other points.
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void input(D d, const V* x, V* v) {
    const V a2 = constant(d, kA2);
    const V b2 = constant(d, kB2);
    const V both = constant(d, kA2 + kB2);
    const V product = constant(d, kA2 * kB2);
    const V a_even = hn::NegMulAdd(b2, x[2], x[4]);
    const V a_odd = hn::NegMulAdd(b2, x[1], x[3]);
    const V b_even = hn::NegMulAdd(a2, x[2], x[4]);
    const V b_odd = hn::NegMulAdd(a2, x[1], x[3]);
    v[0] = hn::MulAdd(product, x[0], hn::NegMulAdd(both, x[2], x[4]));
    v[1] = hn::MulAdd(constant(d, kA), a_odd, a_even);
    v[2] = hn::NegMulAdd(constant(d, kA), a_odd, a_even);
    v[3] = hn::MulAdd(constant(d, kB), b_odd, b_even);
    v[4] = hn::NegMulAdd(constant(d, kB), b_odd, b_even);
    v[5] = hn::MulAdd(product, x[1], hn::NegMulAdd(both, x[3], x[5]));
  }
  // Powers of the points.
  template <class D, class V = hn::Vec<D>>
  static HWY_INLINE void output(D d, const V* m, V* y) {
    const V a_sum = hn::Add(m[1], m[2]);
    const V a_difference = hn::Sub(m[1], m[2]);
    const V b_sum = hn::Add(m[3], m[4]);
    const V b_difference = hn::Sub(m[3], m[4]);
    y[0] = hn::Add(m[0], hn::Add(a_sum, b_sum));
    y[1] = hn::MulAdd(constant(d, kA), a_difference, hn::Mul(constant(d, kB), b_difference));
    y[2] = hn::MulAdd(constant(d, kA2), a_sum, hn::Mul(constant(d, kB2), b_sum));
    y[3] = hn::MulAdd(constant(d, kA2 * kA), a_difference, hn::MulAdd(constant(d, kB2 * kB), b_difference, m[5]));
  }
};

constexpr int kPoints = Down::kPoints * Along::kPoints;

// values[point * stride] of the channels that `d` holds, from the Down::kPoints x Along::kPoints pixels at x.
template <class D>
HWY_INLINE void transform_input(D d, const float* HWY_RESTRICT x, std::int64_t row, std::int64_t column,
                                float* HWY_RESTRICT values, std::int64_t stride) {
  using V = hn::Vec<D>;
  V t[Down::kPoints][Along::kPoints];
  for (int j = 0; j < Along::kPoints; ++j) {
    V in[Down::kPoints];
    V out[Down::kPoints];
    for (int i = 0; i < Down::kPoints; ++i) in[i] = hn::LoadU(d, x + i * row + j * column);
    Down::input(d, in, out);
    for (int i = 0; i < Down::kPoints; ++i) t[i][j] = out[i];
  }
  for (int i = 0; i < Down::kPoints; ++i) {
    V out[Along::kPoints];
    Along::input(d, t[i], out);
    for (int j = 0; j < Along::kPoints; ++j) hn::StoreU(out[j], d, values + (i * Along::kPoints + j) * stride);
  }
}

// y[row][column] from the products of all points: finish(row, column, value).
template <class D, class Finish>
HWY_INLINE void transform_output(D d, const float* HWY_RESTRICT products, std::int64_t stride, Finish finish) {
  using V = hn::Vec<D>;
  V t[Down::kTile][Along::kPoints];
  for (int j = 0; j < Along::kPoints; ++j) {
    V in[Down::kPoints];
    V out[Down::kTile];
    for (int i = 0; i < Down::kPoints; ++i) in[i] = hn::LoadU(d, products + (i * Along::kPoints + j) * stride);
    Down::output(d, in, out);
    for (int i = 0; i < Down::kTile; ++i) t[i][j] = out[i];
  }
  for (int i = 0; i < Down::kTile; ++i) {
    V out[Along::kTile];
    Along::output(d, t[i], out);
    for (int j = 0; j < Along::kTile; ++j) finish(i, j, out[j]);
  }
}

// values[point * stride] of a 3x3 window of `d`'s channels; weight(ky, kx) loads one of its vectors.
template <class D, class Weight>
HWY_INLINE void transform_weight(D d, const Weight& weight, float* HWY_RESTRICT values, std::int64_t stride) {
  using V = hn::Vec<D>;
  const hn::Rebind<float, D> narrow;
  V t[Down::kPoints][3];
  for (int kx = 0; kx < 3; ++kx) {
    const V w[3] = {weight(0, kx), weight(1, kx), weight(2, kx)};
    for (int i = 0; i < Down::kPoints; ++i) {
      const auto& g = Down::kWeight[i];
      t[i][kx] = hn::MulAdd(hn::Set(d, g[0]), w[0], hn::MulAdd(hn::Set(d, g[1]), w[1], hn::Mul(hn::Set(d, g[2]), w[2])));
    }
  }
  for (int i = 0; i < Down::kPoints; ++i) {
    for (int j = 0; j < Along::kPoints; ++j) {
      const auto& g = Along::kWeight[j];
      const V u =
          hn::MulAdd(hn::Set(d, g[0]), t[i][0], hn::MulAdd(hn::Set(d, g[1]), t[i][1], hn::Mul(hn::Set(d, g[2]), t[i][2])));
      hn::StoreU(hn::DemoteTo(narrow, u), narrow, values + (i * Along::kPoints + j) * stride);
    }
  }
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

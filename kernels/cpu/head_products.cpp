// The small products of spectral attention: d x d matrices per head, summed over tokens or applied to them.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/head_products.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/attention_problem.h"
#include "kernels/cpu/float_buffer.h"
#include "kernels/cpu/micro_gemm-inl.h"
#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Sums of f32 are cut after as many tokens, whatever the number of threads.
constexpr std::int64_t kPieceTokens = 512;
constexpr std::int64_t kBlockTokens = 128;

// d rows of `row` floats, d padded to whole vectors.
void covariance_piece(const AttentionSizes& z, const float* a, const float* b, std::int64_t tokens, float* sums,
                      std::int64_t row) {
  FloatBuffer packed(kBlockTokens * row);
  for (std::int64_t t = 0; t < tokens; t += kBlockTokens) {
    const std::int64_t depth = std::min(kBlockTokens, tokens - t);
    for (std::int64_t i = 0; i < depth; ++i) std::copy_n(b + (t + i) * z.channels, z.d, packed.data() + i * row);
    micro_gemm({a + t * z.channels, 1, z.channels}, z.d, depth, packed.data(), row, sums, row, row);
  }
}

void covariance(const AttentionSizes& z, const float* a, const float* b, float* m) {
  const std::int64_t row = pad_to_lanes(z.d);
  const std::int64_t heads = z.images * z.heads();
  const std::int64_t pieces = (z.tokens + kPieceTokens - 1) / kPieceTokens;
  const FloatBuffer sums(heads * pieces * z.d * row);
  parallel_for(heads * pieces, 1 + 16384 / (z.d * z.tokens), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / pieces;
      const std::int64_t first = i % pieces * kPieceTokens;
      const std::int64_t at = z.at(head / z.heads(), head % z.heads(), first);
      covariance_piece(z, a + at, b + at, std::min(kPieceTokens, z.tokens - first), sums.data() + i * z.d * row, row);
    }
  });
  for (std::int64_t i = 0; i < heads * z.d * z.d; ++i) {
    const std::int64_t head = i / (z.d * z.d);
    const float* from = sums.data() + (head * pieces * z.d + i / z.d % z.d) * row + i % z.d;
    float sum = 0;
    for (std::int64_t piece = 0; piece < pieces; ++piece) sum += from[piece * z.d * row];
    m[i] = sum;
  }
}

void product_piece(const AttentionSizes& z, bool transpose, const float* x, const float* m, std::int64_t tokens, float* y,
                   float* packed) {
  const F32 f;
  const std::int64_t row = pad_to_lanes(z.d);
  for (std::int64_t i = 0; i < z.d * z.d; ++i) {
    packed[transpose ? i % z.d * row + i / z.d : i / z.d * row + i % z.d] = m[i];
  }
  for (std::int64_t j = 0; j < z.d; j += lanes()) {
    const auto width = static_cast<std::size_t>(std::min(lanes(), z.d - j));
    micro_columns<1>({x, z.channels, 1}, tokens, z.d, packed + j, row,
                     [&](std::int64_t t, int, Vec sum) HWY_ATTR { store_n(f, sum, y + t * z.channels + j, width); });
  }
}

void products(const AttentionSizes& z, bool transpose, const float* x, const float* m, float* y) {
  const std::int64_t pieces = (z.tokens + kPieceTokens - 1) / kPieceTokens;
  parallel_for(z.images * z.heads() * pieces, 1 + 16384 / (z.d * z.tokens), [&](std::int64_t begin, std::int64_t end) {
    const FloatBuffer packed(z.d * pad_to_lanes(z.d));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / pieces;
      const std::int64_t first = i % pieces * kPieceTokens;
      const std::int64_t at = z.at(head / z.heads(), head % z.heads(), first);
      product_piece(z, transpose, x + at, m + head * z.d * z.d, std::min(kPieceTokens, z.tokens - first), y + at, packed.data());
    }
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(covariance);
HWY_EXPORT(products);

}  // namespace

void cross_covariance(ConstView a, ConstView b, View m) {
  const AttentionSizes size(a.shape, m.shape[-1]);
  HWY_DYNAMIC_DISPATCH(covariance)(size, a.as<float>(), b.as<float>(), m.as<float>());
}

void head_matmul(bool transpose, ConstView x, ConstView m, View y) {
  const AttentionSizes size(x.shape, m.shape[-1]);
  HWY_DYNAMIC_DISPATCH(products)(size, transpose, x.as<float>(), m.as<float>(), y.as<float>());
}

}  // namespace cf::cpu
#endif

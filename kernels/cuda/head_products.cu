// The small products of spectral attention: d x d matrices per head, summed over tokens in two passes, or applied to them.
#include "kernels/cuda/attention_rows.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {
namespace {

constexpr std::int64_t kPieceTokens = 256;

// A block per head and piece of the tokens; a thread per element of the matrix. sums (heads, pieces, d, d).
template <class T>
CF_KERNEL void covariance_sums_kernel(AttentionSizes z, std::int64_t pieces, const T* a, const T* b, float* sums) {
  const std::int64_t head = simt::block().x / pieces;
  const std::int64_t first = simt::block().x % pieces * kPieceTokens;
  const std::int64_t end = first + kPieceTokens < z.tokens ? first + kPieceTokens : z.tokens;
  for (std::int64_t e = simt::thread().x; e < z.d * z.d; e += simt::threads().x) {
    const T* column = a + channels_of(z, head, 0) + e / z.d;
    const T* row = b + channels_of(z, head, 0) + e % z.d;
    float sum = 0;
    for (std::int64_t t = first; t < end; ++t) sum += simt::widen(column[t * z.channels]) * simt::widen(row[t * z.channels]);
    sums[simt::block().x * z.d * z.d + e] = sum;
  }
}

template <class T>
CF_KERNEL void covariance_kernel(std::int64_t n, std::int64_t matrix, std::int64_t pieces, const float* sums, T* m) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const float* from = sums + i / matrix * pieces * matrix + i % matrix;
    float sum = 0;
    for (std::int64_t piece = 0; piece < pieces; ++piece) sum += from[piece * matrix];
    m[i] = simt::narrow<T>(sum);
  }
}

// A thread per element of y.
template <class T>
CF_KERNEL void head_matmul_kernel(AttentionSizes z, bool transpose, const T* x, const T* m, T* y) {
  const std::int64_t n = z.images * z.tokens * z.channels;
  const std::int64_t step = transpose ? 1 : z.d;
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const std::int64_t channel = i % z.channels;
    const std::int64_t head = i / (z.tokens * z.channels) * z.heads() + channel / z.d;
    const std::int64_t j = channel % z.d;
    const T* in = x + i - j;
    const T* matrix = m + head * z.d * z.d + (transpose ? j * z.d : j);
    float sum = 0;
    for (std::int64_t c = 0; c < z.d; ++c) sum += simt::widen(in[c]) * simt::widen(matrix[c * step]);
    y[i] = simt::narrow<T>(sum);
  }
}

}  // namespace

void cross_covariance(ConstView a, ConstView b, View m) {
  const AttentionSizes z(a.shape, m.shape[-1]);
  const std::int64_t pieces = (z.tokens + kPieceTokens - 1) / kPieceTokens;
  const std::int64_t matrix = z.d * z.d;
  const Workspace sums(a.device, static_cast<std::size_t>(m.numel() * pieces) * sizeof(float));
  dispatch_gpu(a.dtype, "cross_covariance", [&](auto zero) {
    using T = decltype(zero);
    launch("covariance_sums", covariance_sums_kernel<T>, Grid{{static_cast<unsigned>(m.numel() / matrix * pieces)}, {kThreads}},
           z, pieces, a.as<T>(), b.as<T>(), sums.as<float>());
    launch("covariance", covariance_kernel<T>, grid_for(m.numel()), m.numel(), matrix, pieces, sums.as<float>(), m.as<T>());
  });
}

void head_matmul(bool transpose, ConstView x, ConstView m, View y) {
  const AttentionSizes z(x.shape, m.shape[-1]);
  dispatch_gpu(x.dtype, "head_matmul", [&](auto zero) {
    using T = decltype(zero);
    launch("head_matmul", head_matmul_kernel<T>, grid_for(x.numel()), z, transpose, x.as<T>(), m.as<T>(), y.as<T>());
  });
}

}  // namespace cf::cuda

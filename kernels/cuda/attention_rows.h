// Attention on the GPU: what its kernels share. A thread owns a few rows (queries or keys) of one head in registers; the other
// side's rows pass by in tiles of shared memory, which all threads of a block read at the same place at the same time.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/attention.h"
#include "kernels/cuda/launch.h"

namespace cf::cuda {

constexpr unsigned kAttentionThreads = 128;
constexpr int kTile = 64;  // rows of a tile
constexpr float kLog2E = 1.44269504088896341F;
constexpr float kLn2 = 0.693147180559945309F;

// The rows of a block's threads: row r of a thread is first + r * threads + thread. Heads are counted over all images.
struct RowsOfBlock {
  std::int64_t head, first;

  CF_DEVICE RowsOfBlock(const AttentionSizes& z, int rows_per_thread) {
    const std::int64_t rows = static_cast<std::int64_t>(simt::threads().x) * rows_per_thread;
    const std::int64_t blocks = (z.tokens + rows - 1) / rows;
    head = simt::block().x / blocks;
    first = simt::block().x % blocks * rows + simt::thread().x;
  }
  CF_DEVICE std::int64_t token(int r) const { return first + static_cast<std::int64_t>(r) * simt::threads().x; }
};

inline Grid grid_of_tokens(const AttentionSizes& z, int rows_per_thread) {
  const std::int64_t rows = static_cast<std::int64_t>(kAttentionThreads) * rows_per_thread;
  return {{static_cast<unsigned>(z.images * z.heads() * ((z.tokens + rows - 1) / rows))}, {kAttentionThreads}};
}

// The first channel of a token of a head.
CF_DEVICE std::int64_t channels_of(const AttentionSizes& z, std::int64_t head, std::int64_t token) {
  return z.at(head / z.heads(), head % z.heads(), token);
}

// A token's channels times a factor; those of the last token for tokens beyond it.
template <int D, class T>
CF_DEVICE void load_row(const AttentionSizes& z, std::int64_t head, std::int64_t token, const T* from, float factor,
                        float (&to)[D]) {
  const std::int64_t at = channels_of(z, head, token < z.tokens ? token : z.tokens - 1);
  for (int c = 0; c < D; ++c) to[c] = factor * simt::widen(from[at + c]);
}

template <int D, class T>
CF_DEVICE void store_row(const AttentionSizes& z, std::int64_t head, std::int64_t token, const float (&from)[D], float factor,
                         T* to) {
  if (to == nullptr || token >= z.tokens) return;
  const std::int64_t at = channels_of(z, head, token);
  CF_UNROLL
  for (int c = 0; c < D; ++c) to[at + c] = simt::narrow<T>(factor * from[c]);
}

// `count` tokens from `first` on, by all threads of the block; they meet afterwards.
template <int D, class T>
CF_DEVICE void load_tile(const AttentionSizes& z, std::int64_t head, std::int64_t first, int count, const T* from, float* tile) {
  const std::int64_t at = channels_of(z, head, first);
  for (int i = static_cast<int>(simt::thread().x); i < count * D; i += static_cast<int>(simt::threads().x)) {
    tile[i] = simt::widen(from[at + i / D * z.channels + i % D]);
  }
}

// A row of a tile.
template <int D>
CF_DEVICE void read_row(const float* tile, int row, float (&to)[D]) {
  for (int c = 0; c < D; c += 4) {
    const auto piece = simt::load<4>(tile + row * D + c);
    for (int e = 0; e < 4; ++e) to[c + e] = piece.v[e];
  }
}

template <int D>
CF_DEVICE float dot(const float (&a)[D], const float (&b)[D]) {
  float sum = 0;
  for (int c = 0; c < D; ++c) sum += a[c] * b[c];
  return sum;
}

template <int D>
CF_DEVICE void add_scaled(float factor, const float (&row)[D], float (&to)[D]) {
  for (int c = 0; c < D; ++c) to[c] += factor * row[c];
}

// Rows per thread: several, so that shared memory is read once for many products, where enough threads stay busy; else one.
template <int kSeveral, class F>
void with_rows_per_thread(const AttentionSizes& z, F&& fn) {
  constexpr std::int64_t kEnough = 64 * 1024;  // rows
  if (z.images * z.heads() * z.tokens >= kEnough) return fn(std::integral_constant<int, kSeveral>());
  fn(std::integral_constant<int, 1>());
}

// Calls fn(integral_constant of d) for the head dimensions that are compiled.
template <class F>
void with_head_dim(std::int64_t d, F&& fn) {
  if (d == 16) return fn(std::integral_constant<int, 16>());
  if (d == 8) return fn(std::integral_constant<int, 8>());
  fail("attention: heads of {} channels; a GPU computes those of 8 or 16", d);
}

// Gradients (attention_backward.cu).
void attention_bwd(AttentionParams p, ConstView q, ConstView k, ConstView v, ConstView out, ConstView lse, ConstView dout,
                   View dq, View dk, View dv);
// Products of spectral attention (head_products.cu).
void cross_covariance(ConstView a, ConstView b, View m);
void head_matmul(bool transpose, ConstView x, ConstView m, View y);

}  // namespace cf::cuda

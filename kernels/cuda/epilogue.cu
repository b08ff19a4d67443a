// Work on the columns of a matrix (rows, C): each thread stays in one column, or in the few neighbours that it moves as one
// piece, so that what belongs to the column (a bias, a sum) is in its registers. Neighbouring threads hold neighbouring pieces,
// and rows follow each other, so that a warp reads one stretch of memory whatever C is.
#include "kernels/cuda/epilogue.h"

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {
namespace {

using simt::Compute;

// `pieces` per row; a block takes `width` of them and as many rows as it has threads for.
struct Columns {
  std::int64_t rows;
  std::int64_t pieces;
  unsigned width;

  Columns(std::int64_t row_count, std::int64_t pieces_per_row)
      : rows(row_count),
        pieces(pieces_per_row),
        width(static_cast<unsigned>(std::clamp<std::int64_t>(pieces_per_row, 1, kThreads))) {}
  CF_HOST_DEVICE unsigned lanes() const { return kThreads / width; }
  Grid grid(std::int64_t most_blocks) const {
    const std::int64_t blocks = std::clamp<std::int64_t>((rows + lanes() - 1) / lanes(), 1, most_blocks);
    return {{static_cast<unsigned>(blocks), static_cast<unsigned>((pieces + width - 1) / width)}, {kThreads}};
  }
};

// The place of the calling thread.
struct Place {
  std::int64_t piece;
  unsigned lane;  // among the rows of the block
  bool active;
};
CF_DEVICE Place place_in(const Columns& c) {
  const unsigned t = simt::thread().x;
  const std::int64_t piece = static_cast<std::int64_t>(simt::block().y) * c.width + t % c.width;
  return {piece, t / c.width, t / c.width < c.lanes() && piece < c.pieces};
}
// Calls fn(row) for the rows of one thread.
template <class F>
CF_DEVICE void for_rows(const Columns& c, const Place& at, F&& fn) {
  const std::int64_t step = static_cast<std::int64_t>(simt::blocks().x) * c.lanes();
  for (std::int64_t row = static_cast<std::int64_t>(simt::block().x) * c.lanes() + at.lane; row < c.rows; row += step) fn(row);
}

template <class T, int N>
CF_KERNEL void bias_leaky_kernel(Columns c, const T* bias, Compute<T> slope, T* y) {
  const Place at = place_in(c);
  if (!at.active) return;
  Compute<T> b[N];
  for (int e = 0; e < N; ++e) b[e] = bias == nullptr ? 0 : simt::widen(bias[at.piece * N + e]);
  for_rows(c, at, [&](std::int64_t row) {
    T* to = y + (row * c.pieces + at.piece) * N;
    auto v = simt::load<N>(static_cast<const T*>(to));
    for (int e = 0; e < N; ++e) {
      const Compute<T> sum = simt::widen(v.v[e]) + b[e];
      v.v[e] = simt::narrow<T>(sum > 0 ? sum : slope * sum);
    }
    simt::store(v, to);
  });
}

// Sums of the rows of each block: partial (blocks, C).
template <class T, int N>
CF_KERNEL void partial_sums_kernel(Columns c, const T* x, float* partial) {
  CF_SHARED(float, sums, kThreads* N);
  const Place at = place_in(c);
  float mine[N] = {};
  if (at.active) {
    for_rows(c, at, [&](std::int64_t row) {
      const auto v = simt::load<N>(x + (row * c.pieces + at.piece) * N);
      for (int e = 0; e < N; ++e) mine[e] += static_cast<float>(v.v[e]);
    });
  }
  for (int e = 0; e < N; ++e) sums[simt::thread().x * N + static_cast<unsigned>(e)] = mine[e];
  simt::sync();
  if (at.lane != 0 || !at.active) return;
  for (int e = 0; e < N; ++e) {
    float sum = 0;
    for (unsigned lane = 0; lane < c.lanes(); ++lane) {
      sum += sums[(lane * c.width + simt::thread().x) * N + static_cast<unsigned>(e)];
    }
    partial[(static_cast<std::int64_t>(simt::block().x) * c.pieces + at.piece) * N + e] = sum;
  }
}

// One warp per column.
template <class T>
CF_KERNEL void final_sums_kernel(std::int64_t blocks, std::int64_t channels, const float* partial, T* sums) {
  const std::int64_t warps = simt::global_threads() / simt::kWarp;
  for (std::int64_t channel = simt::global_thread() / simt::kWarp; channel < channels; channel += warps) {
    float sum = 0;
    for (std::int64_t b = simt::lane(); b < blocks; b += simt::kWarp) sum += partial[b * channels + channel];
    sum = simt::warp_sum(sum);
    if (simt::lane() == 0) sums[channel] = static_cast<T>(sum);
  }
}

}  // namespace

void add_bias_leaky(View y, ConstView bias, double slope) {
  if (y.numel() == 0 || (!bias && slope == 1)) return;
  constexpr std::int64_t kMostBlocks = 16 * 1024;
  const std::int64_t channels = y.shape[-1];
  dispatch_gpu(y.dtype, "bias", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({y.data}, channels, [&](auto width, std::int64_t pieces) {
      const Columns c(y.numel() / channels, pieces);
      launch("bias_leaky", bias_leaky_kernel<T, width()>, c.grid(kMostBlocks), c, bias ? bias.as<T>() : nullptr,
             static_cast<Compute<T>>(slope), y.as<T>());
    });
  });
}

void column_sums(ConstView dy, View db) {
  // As many blocks as fill a large GPU twice; more would only lengthen the second pass.
  constexpr std::int64_t kMostBlocks = 256;
  const std::int64_t channels = db.numel();
  if (channels == 0) return;
  dispatch_gpu(dy.dtype, "column_sums", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({dy.data}, channels, [&](auto width, std::int64_t pieces) {
      const Columns c(dy.numel() / channels, pieces);
      const Grid grid = c.grid(kMostBlocks);
      const Workspace partial(dy.device, sizeof(float) * grid.blocks.x * static_cast<std::size_t>(channels));
      launch("partial_sums", partial_sums_kernel<T, width()>, grid, c, dy.as<T>(), partial.as<float>());
      launch("final_sums", final_sums_kernel<T>, grid_for(channels * simt::kWarp), std::int64_t{grid.blocks.x}, channels,
             partial.as<float>(), db.as<T>());
    });
  });
}

}  // namespace cf::cuda

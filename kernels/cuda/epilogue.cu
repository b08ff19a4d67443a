// y is seen as a matrix (rows, C). Each thread stays in one column, or in the few neighbours that it moves as one piece, so that
// their bias is in its registers. Neighbouring threads hold neighbouring pieces, and rows follow each other, so that a warp reads
// one stretch of memory whatever C is.
#include "kernels/cuda/epilogue.h"

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/launch.h"

namespace cf::cuda {
namespace {

using simt::Compute;

// `pieces` per row; a block takes `width` of them and as many rows as it has threads for.
struct Columns {
  std::int64_t rows;
  std::int64_t pieces;
  unsigned width;

  Columns(std::int64_t row_count, std::int64_t pieces_per_row)
      : rows(row_count), pieces(pieces_per_row), width(static_cast<unsigned>(std::min<std::int64_t>(pieces_per_row, kThreads))) {}
  CF_HOST_DEVICE unsigned rows_of_block() const { return kThreads / width; }
  Grid grid() const {
    constexpr std::int64_t kMostBlocks = 16 * 1024;
    const std::int64_t blocks = std::min((rows + rows_of_block() - 1) / rows_of_block(), kMostBlocks);
    return {{static_cast<unsigned>(blocks), static_cast<unsigned>((pieces + width - 1) / width)}, {kThreads}};
  }
};

template <class T, int N>
CF_KERNEL void bias_leaky_kernel(Columns c, const T* bias, Compute<T> slope, T* y) {
  const unsigned row_of_block = simt::thread().x / c.width;
  const std::int64_t piece = static_cast<std::int64_t>(simt::block().y) * c.width + simt::thread().x % c.width;
  if (row_of_block >= c.rows_of_block() || piece >= c.pieces) return;
  Compute<T> b[N];
  for (int e = 0; e < N; ++e) b[e] = bias == nullptr ? 0 : simt::widen(bias[piece * N + e]);
  const std::int64_t step = static_cast<std::int64_t>(simt::blocks().x) * c.rows_of_block();
  for (std::int64_t row = static_cast<std::int64_t>(simt::block().x) * c.rows_of_block() + row_of_block; row < c.rows;
       row += step) {
    T* const to = y + (row * c.pieces + piece) * N;
    auto v = simt::load<N>(static_cast<const T*>(to));
    for (int e = 0; e < N; ++e) {
      const Compute<T> sum = simt::widen(v.v[e]) + b[e];
      v.v[e] = simt::narrow<T>(sum > 0 ? sum : slope * sum);
    }
    simt::store(v, to);
  }
}

}  // namespace

void add_bias_leaky(View y, ConstView bias, double slope) {
  if (y.numel() == 0 || (!bias && slope == 1)) return;
  const std::int64_t channels = y.shape[-1];
  dispatch_gpu(y.dtype, "bias", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({y.data}, channels, [&](auto width, std::int64_t pieces) {
      const Columns c(y.numel() / channels, pieces);
      launch("bias_leaky", bias_leaky_kernel<T, width()>, c.grid(), c, bias ? bias.as<T>() : nullptr,
             static_cast<Compute<T>>(slope), y.as<T>());
    });
  });
}

}  // namespace cf::cuda

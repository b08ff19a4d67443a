// Random numbers on the GPU: the same as everywhere, a function of the element's number alone.
#include "kernels/random.h"

#include <cmath>

#include "framework/core/rng.h"
#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/launch.h"

namespace cf::cuda {
namespace {

using simt::Compute;

// What dropout draws: `threshold` of 2^53 numbers are under p.
struct Draw {
  std::uint64_t seed, salt, threshold;
  const std::int64_t* step;  // or null
};

template <class T, int N>
CF_KERNEL void dropout_kernel(std::int64_t pieces, Draw d, Compute<T> scale, const T* x, T* y) {
  const std::uint64_t step = d.step == nullptr ? 0 : static_cast<std::uint64_t>(*d.step);
  const Philox rng = make_rng(d.seed, RngStream::dropout, d.salt + step);
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    auto v = simt::load<N>(x + i * N);
    constexpr int kPerBlock = N > 1 ? 2 : 1;  // elements that one block of the generator serves here
    for (int first = 0; first < N; first += kPerBlock) {
      const auto words = rng.block(static_cast<std::uint64_t>(i * N + first) / 2);
      for (int e = first; e < first + kPerBlock; ++e) {
        const bool dropped = Philox::bits_of(words, static_cast<std::uint64_t>(i * N + e)) < d.threshold;
        v.v[e] = simt::narrow<T>(dropped ? Compute<T>(0) : simt::widen(v.v[e]) * scale);
      }
    }
    simt::store(v, y + i * N);
  }
}

void dropout(const DropoutParams& params, ConstView x, View y) {
  // uniform(i) = bits(i) / 2^53 < p, without the division: a GPU's f64 units are few.
  const auto threshold = static_cast<std::uint64_t>(std::ceil(params.p * 0x1p53));
  const Draw draw{params.seed, params.salt, threshold, params.step ? params.step.as<std::int64_t>() : nullptr};
  const auto scale = static_cast<float>(1.0 / (1.0 - params.p));
  dispatch_gpu(x.dtype, "dropout", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, y.data}, x.numel(), [&](auto width, std::int64_t pieces) {
      launch("dropout", dropout_kernel<T, width()>, grid_for(pieces), pieces, draw, scale, x.as<T>(), y.as<T>());
    });
  });
}

}  // namespace

void fill(RandomKernels& k) { k.dropout = dropout; }

}  // namespace cf::cuda

#include "kernels/cuda/separable.h"

#include <vector>

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/constants.h"
#include "kernels/cuda/launch.h"

namespace cf::cuda {
namespace {

struct Term {
  std::int32_t index;
  float weight;
};

// An AxisMap in device memory.
struct Axis {
  const std::int64_t* first;
  const Term* terms;
};

Axis on_device(Device device, const AxisMap& map) {
  std::vector<Term> terms(map.index.size());
  for (std::size_t t = 0; t < terms.size(); ++t) {
    terms[t] = {static_cast<std::int32_t>(map.index[t]), static_cast<float>(map.weight[t])};
  }
  return {device_constant(device, map.first), device_constant(device, terms)};
}

// Extents in pieces of N channels.
struct Extents {
  std::int64_t in_h, in_w, out_h, out_w, channels;
};

template <Separable kind, class T, int N>
CF_KERNEL void separable_kernel(std::int64_t pieces, Extents e, Axis rows, Axis cols, const T* x, T* y) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    const std::int64_t pixel = i / e.channels;
    const std::int64_t c = i - pixel * e.channels;
    const std::int64_t line = pixel / e.out_w;
    const std::int64_t col = pixel - line * e.out_w;
    const std::int64_t image = line / e.out_h;
    const std::int64_t row = line - image * e.out_h;
    const T* const from = x + (image * e.in_h * e.in_w * e.channels + c) * N;
    float sum[N] = {};
    for (std::int64_t r = rows.first[row]; r < rows.first[row + 1]; ++r) {
      const Term down = rows.terms[r];
      float along[N] = {};
      for (std::int64_t k = cols.first[col]; k < cols.first[col + 1]; ++k) {
        const Term across = cols.terms[k];
        const auto v = simt::load<N>(from + (down.index * e.in_w + across.index) * e.channels * N);
        for (int j = 0; j < N; ++j) along[j] += across.weight * simt::widen(v.v[j]);
      }
      for (int j = 0; j < N; ++j) sum[j] += down.weight * along[j];
    }
    simt::Vec<T, N> out;
    if constexpr (kind == Separable::complement) out = simt::load<N>(x + i * N);
    for (int j = 0; j < N; ++j) {
      out.v[j] = simt::narrow<T>(kind == Separable::complement ? simt::widen(out.v[j]) - sum[j] : sum[j]);
    }
    simt::store(out, y + i * N);
  }
}

template <Separable kind>
void run(const char* name, const AxisMap& rows, const AxisMap& cols, ConstView x, View y) {
  dispatch_gpu(x.dtype, name, [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, y.data}, x.shape[3], [&](auto width, std::int64_t channels) {
      const std::int64_t pieces = y.numel() / width();
      launch(name, separable_kernel<kind, T, width()>, grid_for(pieces), pieces,
             Extents{x.shape[1], x.shape[2], y.shape[1], y.shape[2], channels}, on_device(x.device, rows),
             on_device(x.device, cols), x.as<T>(), y.as<T>());
    });
  });
}

}  // namespace

void separable(const char* name, Separable kind, const AxisMap& rows, const AxisMap& cols, ConstView x, View y) {
  if (y.numel() == 0) return;
  if (kind == Separable::map) {
    run<Separable::map>(name, rows, cols, x, y);
  } else {
    run<Separable::complement>(name, rows, cols, x, y);
  }
}

}  // namespace cf::cuda

// Pooling on the GPU: a block per image row, a thread per pixel and piece of channels. Gradients are gathered: each element of
// the image looks at the windows that hold it, in their order, so that windows may overlap or leave gaps.
#include "kernels/pool.h"

#include "kernels/cuda/broadcast.h"

namespace cf::cuda {
namespace {

using simt::narrow;
using simt::widen;

// Extents of x (N, H, W, C) and of the pooled y (N, h, w, C).
struct Images {
  std::int64_t images;
  std::int64_t height, width, channels;
  std::int64_t pooled_height, pooled_width;
  int size, stride;

  Images(const PoolParams& p, const Shape& x, const Shape& y)
      : images(x[0]),
        height(x[1]),
        width(x[2]),
        channels(x[3]),
        pooled_height(y[1]),
        pooled_width(y[2]),
        size(static_cast<int>(p.size)),
        stride(static_cast<int>(p.stride)) {}

  CF_HOST_DEVICE std::int64_t at(std::int64_t n, std::int64_t h, std::int64_t w) const {
    return ((n * height + h) * width + w) * channels;
  }
  CF_HOST_DEVICE std::int64_t pooled(std::int64_t n, std::int64_t h, std::int64_t w) const {
    return ((n * pooled_height + h) * pooled_width + w) * channels;
  }
  // The windows that hold pixel `at` of a dimension: [first, end).
  CF_HOST_DEVICE std::int64_t first_window(std::int64_t at) const { return at < size ? 0 : (at - size) / stride + 1; }
  CF_HOST_DEVICE std::int64_t end_window(std::int64_t at, std::int64_t windows) const {
    return at / stride + 1 < windows ? at / stride + 1 : windows;
  }
};

// Calls fn(image, row, pixel, channel) for the pieces of N channels of all images of `rows` x `pixels`.
template <int N, class F>
CF_DEVICE void for_each_piece(std::int64_t images, std::int64_t rows, std::int64_t pixels, std::int64_t channels, F&& fn) {
  const unsigned per_pixel = static_cast<unsigned>(channels / N);
  const unsigned pieces = static_cast<unsigned>(pixels) * per_pixel;
  for (std::int64_t row = simt::block().x; row < images * rows; row += simt::blocks().x) {
    const std::int64_t image = row / rows;
    for (unsigned i = simt::thread().x; i < pieces; i += simt::threads().x) {
      const unsigned pixel = i / per_pixel;
      fn(image, row - image * rows, static_cast<std::int64_t>(pixel), static_cast<std::int64_t>(i - pixel * per_pixel) * N);
    }
  }
}

// Whether `e` takes the place of `best` as the maximum of a window: the first of equals stays, NaN counts as the largest.
CF_DEVICE bool beats(float e, float best) { return e > best || (e != e && best == best); }

template <class T, int N>
CF_KERNEL void max_pool_kernel(Images s, const T* x, T* y) {
  for_each_piece<N>(s.images, s.pooled_height, s.pooled_width, s.channels, [&](auto n, auto h, auto w, auto c) {
    const T* window = x + s.at(n, h * s.stride, w * s.stride) + c;
    auto best = simt::load<N>(window);
    for (int i = 0; i < s.size; ++i) {
      for (int j = 0; j < s.size; ++j) {
        const auto v = simt::load<N>(window + (i * s.width + j) * s.channels);
        for (int e = 0; e < N; ++e) best.v[e] = beats(widen(v.v[e]), widen(best.v[e])) ? v.v[e] : best.v[e];
      }
    }
    simt::store(best, y + s.pooled(n, h, w) + c);
  });
}

// Where in its window, in row order, the maximum of each of N channels stands.
template <int N, class T>
CF_DEVICE void find_maximum(const Images& s, const T* window, int (&place)[N]) {
  auto best = simt::load<N>(window);
  for (int& p : place) p = 0;
  for (int at = 1; at < s.size * s.size; ++at) {
    const auto v = simt::load<N>(window + (at / s.size * s.width + at % s.size) * s.channels);
    for (int e = 0; e < N; ++e) {
      if (!beats(widen(v.v[e]), widen(best.v[e]))) continue;
      best.v[e] = v.v[e];
      place[e] = at;
    }
  }
}

template <class T, int N>
CF_KERNEL void max_pool_grad_kernel(Images s, const T* x, const T* dy, T* dx) {
  for_each_piece<N>(s.images, s.height, s.width, s.channels, [&](auto n, auto h, auto w, auto c) {
    float sum[N] = {};
    for (auto oh = s.first_window(h); oh < s.end_window(h, s.pooled_height); ++oh) {
      for (auto ow = s.first_window(w); ow < s.end_window(w, s.pooled_width); ++ow) {
        int place[N];
        find_maximum(s, x + s.at(n, oh * s.stride, ow * s.stride) + c, place);
        const int here = static_cast<int>((h - oh * s.stride) * s.size + w - ow * s.stride);
        const auto g = simt::load<N>(dy + s.pooled(n, oh, ow) + c);
        for (int e = 0; e < N; ++e) sum[e] += place[e] == here ? widen(g.v[e]) : 0.0F;
      }
    }
    simt::Vec<T, N> out;
    for (int e = 0; e < N; ++e) out.v[e] = narrow<T>(sum[e]);
    simt::store(out, dx + s.at(n, h, w) + c);
  });
}

template <class T, int N>
CF_KERNEL void avg_pool_kernel(Images s, const T* x, T* y) {
  for_each_piece<N>(s.images, s.pooled_height, s.pooled_width, s.channels, [&](auto n, auto h, auto w, auto c) {
    const T* window = x + s.at(n, h * s.stride, w * s.stride) + c;
    float sum[N] = {};
    for (int i = 0; i < s.size; ++i) {
      float row[N] = {};
      for (int j = 0; j < s.size; ++j) {
        const auto v = simt::load<N>(window + (i * s.width + j) * s.channels);
        for (int e = 0; e < N; ++e) row[e] += widen(v.v[e]);
      }
      for (int e = 0; e < N; ++e) sum[e] += row[e];
    }
    simt::Vec<T, N> out;
    for (int e = 0; e < N; ++e) out.v[e] = narrow<T>(sum[e] / static_cast<float>(s.size * s.size));
    simt::store(out, y + s.pooled(n, h, w) + c);
  });
}

template <class T, int N>
CF_KERNEL void avg_pool_grad_kernel(Images s, const T* dy, T* dx) {
  for_each_piece<N>(s.images, s.height, s.width, s.channels, [&](auto n, auto h, auto w, auto c) {
    float sum[N] = {};
    for (auto oh = s.first_window(h); oh < s.end_window(h, s.pooled_height); ++oh) {
      for (auto ow = s.first_window(w); ow < s.end_window(w, s.pooled_width); ++ow) {
        const auto g = simt::load<N>(dy + s.pooled(n, oh, ow) + c);
        for (int e = 0; e < N; ++e) sum[e] += widen(g.v[e]);
      }
    }
    simt::Vec<T, N> out;
    for (int e = 0; e < N; ++e) out.v[e] = narrow<T>(sum[e] / static_cast<float>(s.size * s.size));
    simt::store(out, dx + s.at(n, h, w) + c);
  });
}

// Threads for the images of `shape`: as many as a row has pieces, in whole warps.
Grid grid_of_images(const Shape& shape, std::int64_t pieces) {
  const std::int64_t warps = std::clamp<std::int64_t>((pieces + simt::kWarp - 1) / simt::kWarp, 1, kThreads / simt::kWarp);
  return grid_of_rows(shape[0] * shape[1], static_cast<unsigned>(warps * simt::kWarp));
}

void max_fwd(const PoolParams& p, ConstView x, View y) {
  dispatch_gpu(x.dtype, "max_pool2d", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, y.data}, y.shape[3], [&](auto width, std::int64_t pieces) {
      launch("max_pool2d", max_pool_kernel<T, width()>, grid_of_images(y.shape, y.shape[2] * pieces), Images(p, x.shape, y.shape),
             x.as<T>(), y.as<T>());
    });
  });
}

void max_grad(const PoolParams& p, ConstView x, ConstView dy, View dx) {
  dispatch_gpu(x.dtype, "max_pool2d", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, dy.data, dx.data}, dx.shape[3], [&](auto width, std::int64_t pieces) {
      launch("max_pool2d_grad", max_pool_grad_kernel<T, width()>, grid_of_images(dx.shape, dx.shape[2] * pieces),
             Images(p, dx.shape, dy.shape), x.as<T>(), dy.as<T>(), dx.as<T>());
    });
  });
}

void avg_fwd(const PoolParams& p, ConstView x, View y) {
  dispatch_gpu(x.dtype, "avg_pool2d", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, y.data}, y.shape[3], [&](auto width, std::int64_t pieces) {
      launch("avg_pool2d", avg_pool_kernel<T, width()>, grid_of_images(y.shape, y.shape[2] * pieces), Images(p, x.shape, y.shape),
             x.as<T>(), y.as<T>());
    });
  });
}

void avg_grad(const PoolParams& p, ConstView dy, View dx) {
  dispatch_gpu(dy.dtype, "avg_pool2d", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({dy.data, dx.data}, dx.shape[3], [&](auto width, std::int64_t pieces) {
      launch("avg_pool2d_grad", avg_pool_grad_kernel<T, width()>, grid_of_images(dx.shape, dx.shape[2] * pieces),
             Images(p, dx.shape, dy.shape), dy.as<T>(), dx.as<T>());
    });
  });
}

}  // namespace

void fill(PoolKernels& k) {
  k.max_fwd = max_fwd;
  k.max_grad = max_grad;
  k.avg_fwd = avg_fwd;
  k.avg_grad = avg_grad;
}

}  // namespace cf::cuda

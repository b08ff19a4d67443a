// Haar wavelets and the box high-pass on the GPU.
#include "kernels/wavelet.h"

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/separable.h"

namespace cf::cuda {
namespace {

// A piece of N channels of one 2 x 2 block: offsets of its top left pixel and of its place in a band.
struct BlockPlace {
  std::int64_t corner, band;
};

// Extents of a band in pieces of N channels.
struct Bands {
  std::int64_t w, channels;

  CF_HOST_DEVICE std::int64_t right() const { return channels; }
  CF_HOST_DEVICE std::int64_t down() const { return 2 * w * channels; }
  CF_HOST_DEVICE BlockPlace place(std::int64_t i) const {
    const std::int64_t pixel = i / channels;
    const std::int64_t line = pixel / w;
    return {line * 2 * down() + (pixel - line * w) * 2 * right() + (i - pixel * channels), i};
  }
};

template <class T, int N>
CF_KERNEL void dwt_kernel(std::int64_t pieces, Bands s, const T* x, T* ll, T* hl, T* lh, T* hh) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    const BlockPlace at = s.place(i);
    auto va = simt::load<N>(x + at.corner * N);
    auto vb = simt::load<N>(x + (at.corner + s.down()) * N);
    auto vc = simt::load<N>(x + (at.corner + s.right()) * N);
    auto vd = simt::load<N>(x + (at.corner + s.down() + s.right()) * N);
    for (int e = 0; e < N; ++e) {
      const auto a = simt::widen(va.v[e]) / 2;
      const auto b = simt::widen(vb.v[e]) / 2;
      const auto c = simt::widen(vc.v[e]) / 2;
      const auto d = simt::widen(vd.v[e]) / 2;
      va.v[e] = simt::narrow<T>(a + b + c + d);
      vb.v[e] = simt::narrow<T>(-a - b + c + d);
      vc.v[e] = simt::narrow<T>(-a + b - c + d);
      vd.v[e] = simt::narrow<T>(a - b - c + d);
    }
    simt::store(va, ll + at.band * N);
    simt::store(vb, hl + at.band * N);
    simt::store(vc, lh + at.band * N);
    simt::store(vd, hh + at.band * N);
  }
}

template <class T, int N>
CF_KERNEL void iwt_kernel(std::int64_t pieces, Bands s, const T* ll, const T* hl, const T* lh, const T* hh, T* x) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    const BlockPlace at = s.place(i);
    auto vl = simt::load<N>(ll + at.band * N);
    auto vh = simt::load<N>(hl + at.band * N);
    auto vv = simt::load<N>(lh + at.band * N);
    auto vd = simt::load<N>(hh + at.band * N);
    for (int e = 0; e < N; ++e) {
      const auto l = simt::widen(vl.v[e]) / 2;
      const auto h = simt::widen(vh.v[e]) / 2;
      const auto v = simt::widen(vv.v[e]) / 2;
      const auto d = simt::widen(vd.v[e]) / 2;
      vl.v[e] = simt::narrow<T>(l - h - v + d);
      vh.v[e] = simt::narrow<T>(l - h + v - d);
      vv.v[e] = simt::narrow<T>(l + h - v - d);
      vd.v[e] = simt::narrow<T>(l + h + v + d);
    }
    simt::store(vl, x + at.corner * N);
    simt::store(vh, x + (at.corner + s.down()) * N);
    simt::store(vv, x + (at.corner + s.right()) * N);
    simt::store(vd, x + (at.corner + s.down() + s.right()) * N);
  }
}

void haar_dwt(ConstView x, View ll, View hl, View lh, View hh) {
  if (x.numel() == 0) return;
  dispatch_gpu(x.dtype, "haar_dwt", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, ll.data, hl.data, lh.data, hh.data}, x.shape[3], [&](auto width, std::int64_t channels) {
      const std::int64_t pieces = ll.numel() / width();
      launch("haar_dwt", dwt_kernel<T, width()>, grid_for(pieces), pieces, Bands{ll.shape[2], channels}, x.as<T>(), ll.as<T>(),
             hl.as<T>(), lh.as<T>(), hh.as<T>());
    });
  });
}

void haar_iwt(ConstView ll, ConstView hl, ConstView lh, ConstView hh, View x) {
  if (x.numel() == 0) return;
  dispatch_gpu(x.dtype, "haar_iwt", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, ll.data, hl.data, lh.data, hh.data}, x.shape[3], [&](auto width, std::int64_t channels) {
      const std::int64_t pieces = ll.numel() / width();
      launch("haar_iwt", iwt_kernel<T, width()>, grid_for(pieces), pieces, Bands{ll.shape[2], channels}, ll.as<T>(), hl.as<T>(),
             lh.as<T>(), hh.as<T>(), x.as<T>());
    });
  });
}

void high_pass(ConstView x, std::int64_t size, View y) {
  separable("high_pass", Separable::complement, box_mean_map(size, x.shape[1]), box_mean_map(size, x.shape[2]), x, y);
}

void high_pass_grad(ConstView dy, std::int64_t size, View dx) {
  separable("high_pass_grad", Separable::complement, box_mean_map(size, dy.shape[1]).transposed(),
            box_mean_map(size, dy.shape[2]).transposed(), dy, dx);
}

}  // namespace

void fill(WaveletKernels& k) {
  k.haar_dwt = haar_dwt;
  k.haar_iwt = haar_iwt;
  k.high_pass = high_pass;
  k.high_pass_grad = high_pass_grad;
}

}  // namespace cf::cuda

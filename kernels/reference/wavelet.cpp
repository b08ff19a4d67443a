#include "kernels/wavelet.h"

#include <array>
#include <cstdlib>
#include <vector>

namespace cf::reference {
namespace {

// The four samples of one channel of one 2 x 2 block, in the order a, b, c, d of the contract, and the block's place in a band.
struct Block {
  std::array<std::int64_t, 4> sample;
  std::int64_t band;
};

// Calls fn for every block and channel of an image tensor of shape `full`.
template <class F>
void for_each_block(const Shape& full, F&& fn) {
  const std::int64_t half_w = full[2] / 2;
  const std::int64_t down = full[2] * full[3];
  for (std::int64_t p = 0; p < full[0] * (full[1] / 2) * half_w; ++p) {
    const std::int64_t corner = p / half_w * 2 * down + p % half_w * 2 * full[3];
    for (std::int64_t c = 0; c < full[3]; ++c) {
      const std::int64_t a = corner + c;
      fn(Block{{a, a + down, a + full[3], a + down + full[3]}, p * full[3] + c});
    }
  }
}

void haar_dwt(ConstView x, View ll, View hl, View lh, View hh) {
  dispatch_float(x.dtype, "haar_dwt", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* pll = ll.as<T>();
    T* phl = hl.as<T>();
    T* plh = lh.as<T>();
    T* phh = hh.as<T>();
    for_each_block(x.shape, [&](const Block& s) {
      const T a = in[s.sample[0]] / 2;
      const T b = in[s.sample[1]] / 2;
      const T c = in[s.sample[2]] / 2;
      const T d = in[s.sample[3]] / 2;
      pll[s.band] = a + b + c + d;
      phl[s.band] = -a - b + c + d;
      plh[s.band] = -a + b - c + d;
      phh[s.band] = a - b - c + d;
    });
  });
}

void haar_iwt(ConstView ll, ConstView hl, ConstView lh, ConstView hh, View x) {
  dispatch_float(ll.dtype, "haar_iwt", [&](auto zero) {
    using T = decltype(zero);
    const T* pll = ll.as<T>();
    const T* phl = hl.as<T>();
    const T* plh = lh.as<T>();
    const T* phh = hh.as<T>();
    T* out = x.as<T>();
    for_each_block(x.shape, [&](const Block& s) {
      const T l = pll[s.band] / 2;
      const T h = phl[s.band] / 2;
      const T v = plh[s.band] / 2;
      const T d = phh[s.band] / 2;
      out[s.sample[0]] = l - h - v + d;
      out[s.sample[1]] = l - h + v - d;
      out[s.sample[2]] = l + h - v - d;
      out[s.sample[3]] = l + h + v + d;
    });
  });
}

// Index i of an axis of n samples that is mirrored at both ends without repeating the end; -n < i < 2n - 1.
std::int64_t mirrored(std::int64_t i, std::int64_t n) { return n - 1 - std::abs(n - 1 - std::abs(i)); }

// Calls fn(centre, sample) with element offsets for every sample of every element's box.
template <class F>
void for_each_box_sample(const Shape& s, std::int64_t size, F&& fn) {
  const std::int64_t r = size / 2;
  for (std::int64_t n = 0; n < s[0]; ++n) {
    for (std::int64_t p = 0; p < s[1] * s[2]; ++p) {
      for (std::int64_t i = 0; i < size * size; ++i) {
        const std::int64_t row = mirrored(p / s[2] + i / size - r, s[1]);
        const std::int64_t col = mirrored(p % s[2] + i % size - r, s[2]);
        const std::int64_t centre = (n * s[1] * s[2] + p) * s[3];
        const std::int64_t sample = ((n * s[1] + row) * s[2] + col) * s[3];
        for (std::int64_t c = 0; c < s[3]; ++c) fn(centre + c, sample + c);
      }
    }
  }
}

// y = x minus the box sums over size^2, gathered (forward) or scattered (adjoint).
void subtract_box(ConstView x, std::int64_t size, bool adjoint, View y) {
  dispatch_float(x.dtype, "high_pass", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* out = y.as<T>();
    std::vector<double> sums(static_cast<std::size_t>(y.numel()));
    for_each_box_sample(x.shape, size, [&](std::int64_t centre, std::int64_t sample) {
      const std::int64_t to = adjoint ? sample : centre;
      const std::int64_t from = adjoint ? centre : sample;
      sums[static_cast<std::size_t>(to)] += static_cast<double>(in[from]);
    });
    const auto area = static_cast<double>(size * size);
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<T>(static_cast<double>(in[i]) - sums[i] / area);
  });
}

void high_pass(ConstView x, std::int64_t size, View y) { subtract_box(x, size, false, y); }
void high_pass_grad(ConstView dy, std::int64_t size, View dx) { subtract_box(dy, size, true, dx); }

}  // namespace

void fill(WaveletKernels& k) {
  k.haar_dwt = haar_dwt;
  k.haar_iwt = haar_iwt;
  k.high_pass = high_pass;
  k.high_pass_grad = high_pass_grad;
}

}  // namespace cf::reference

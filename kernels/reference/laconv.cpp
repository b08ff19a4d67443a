#include "kernels/laconv.h"

#include <vector>

namespace cf::reference {
namespace {

struct Sizes {
  std::int64_t n, h, w, in, out, k;
  bool channel_per_pixel;

  Sizes(const ConstView& x, const ConstView& channel, const ConstView& weight)
      : n(x.shape[0]),
        h(x.shape[1]),
        w(x.shape[2]),
        in(x.shape[3]),
        out(weight.shape[0]),
        k(weight.shape[1]),
        channel_per_pixel(channel.shape[1] * channel.shape[2] == h * w) {}
};

// Where the factors of one product lie. `weight` is the offset within one output channel's kernel.
struct Tap {
  std::int64_t pixel, x, spatial, channel, weight;
};

// Calls fn for every pixel, offset inside the image, and input channel.
template <class F>
void for_each_tap(const Sizes& s, F&& fn) {
  const std::int64_t r = s.k / 2;
  for (std::int64_t n = 0; n < s.n; ++n) {
    for (std::int64_t p = 0; p < s.h * s.w; ++p) {
      for (std::int64_t i = 0; i < s.k * s.k; ++i) {
        const std::int64_t row = p / s.w + i / s.k - r;
        const std::int64_t col = p % s.w + i % s.k - r;
        if (row < 0 || row >= s.h || col < 0 || col >= s.w) continue;
        const std::int64_t pixel = n * s.h * s.w + p;
        const std::int64_t neighbour = (n * s.h + row) * s.w + col;
        const std::int64_t map = s.channel_per_pixel ? pixel : n;
        for (std::int64_t c = 0; c < s.in; ++c) {
          fn(Tap{pixel, neighbour * s.in + c, pixel * s.k * s.k + i, map * s.in + c, i * s.in + c});
        }
      }
    }
  }
}

// One wanted gradient, summed in double; an empty view takes nothing.
struct Sum {
  View view;
  std::vector<double> values;

  explicit Sum(const View& v) : view(v), values(v ? static_cast<std::size_t>(v.numel()) : 0) {}
  void add(std::int64_t at, double value) {
    if (view) values[static_cast<std::size_t>(at)] += value;
  }
  template <class T>
  void store() const {
    if (!view) return;
    T* out = view.as<T>();
    for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<T>(values[i]);
  }
};

void laconv_fwd(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView bias, double leaky_slope, View y) {
  dispatch_float(x.dtype, "laconv", [&](auto zero) {
    using T = decltype(zero);
    const Sizes s(x, channel, weight);
    const T* px = x.as<T>();
    const T* ps = spatial.as<T>();
    const T* pc = channel.as<T>();
    const T* pw = weight.as<T>();
    const T* pb = bias.as<T>();
    std::vector<double> sums(static_cast<std::size_t>(y.numel()));
    for_each_tap(s, [&](const Tap& t) {
      const double modulated =
          static_cast<double>(pc[t.channel]) * static_cast<double>(ps[t.spatial]) * static_cast<double>(px[t.x]);
      for (std::int64_t o = 0; o < s.out; ++o) {
        sums[static_cast<std::size_t>(t.pixel * s.out + o)] +=
            static_cast<double>(pw[o * s.k * s.k * s.in + t.weight]) * modulated;
      }
    });
    T* out = y.as<T>();
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      const double v = sums[static_cast<std::size_t>(i)] + static_cast<double>(pb[i % s.out]);
      out[i] = static_cast<T>(v > 0 ? v : leaky_slope * v);
    }
  });
}

void laconv_bwd(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView dy, View dx, View dspatial,
                View dchannel, View dweight, View dbias) {
  dispatch_float(x.dtype, "laconv", [&](auto zero) {
    using T = decltype(zero);
    const Sizes s(x, channel, weight);
    const T* px = x.as<T>();
    const T* ps = spatial.as<T>();
    const T* pc = channel.as<T>();
    const T* pw = weight.as<T>();
    const T* pg = dy.as<T>();
    Sum sx(dx), ss(dspatial), sc(dchannel), sw(dweight), sb(dbias);
    for_each_tap(s, [&](const Tap& t) {
      const auto xv = static_cast<double>(px[t.x]);
      const auto sv = static_cast<double>(ps[t.spatial]);
      const auto cv = static_cast<double>(pc[t.channel]);
      double g = 0;  // of the modulated sample channel * spatial * x
      for (std::int64_t o = 0; o < s.out; ++o) {
        const std::int64_t at = o * s.k * s.k * s.in + t.weight;
        const auto gy = static_cast<double>(pg[t.pixel * s.out + o]);
        g += gy * static_cast<double>(pw[at]);
        sw.add(at, gy * cv * sv * xv);
      }
      sx.add(t.x, g * cv * sv);
      ss.add(t.spatial, g * cv * xv);
      sc.add(t.channel, g * sv * xv);
    });
    for (std::int64_t i = 0; i < dy.numel(); ++i) sb.add(i % s.out, static_cast<double>(pg[i]));
    for (const Sum* sum : {&sx, &ss, &sc, &sw, &sb}) sum->store<T>();
  });
}

}  // namespace

void fill(LaconvKernels& k) {
  k.laconv_fwd = laconv_fwd;
  k.laconv_bwd = laconv_bwd;
}

}  // namespace cf::reference

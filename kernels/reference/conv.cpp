#include "kernels/conv.h"

#include <vector>

#include "kernels/conv_composite.h"
#include "kernels/conv_geometry.h"

namespace cf::reference {
namespace {

bool inside(std::int64_t i, std::int64_t extent) { return i >= 0 && i < extent; }

template <class T>
T leaky(double v, double slope) {
  return static_cast<T>(v > 0 ? v : slope * v);
}

template <class T>
void add_scaled(std::vector<double>& sums, double factor, const T* values) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += factor * static_cast<double>(values[i]);
}

template <class T>
double dot(const T* a, const T* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// One result of a forward convolution, before the bias.
template <class T>
double window(const ConvGeometry& g, const T* x, const T* w, std::int64_t n, std::int64_t oh, std::int64_t ow, std::int64_t o) {
  double sum = 0;
  for (std::int64_t kh = 0; kh < g.kh; ++kh) {
    for (std::int64_t kw = 0; kw < g.kw; ++kw) {
      const std::int64_t ih = g.source(oh, kh);
      const std::int64_t iw = g.source(ow, kw);
      if (!inside(ih, g.h) || !inside(iw, g.w)) continue;
      const T* pixel = x + ((n * g.h + ih) * g.w + iw) * g.in + o / g.group_out * g.group_in;
      sum += dot(pixel, w + ((o * g.kh + kh) * g.kw + kw) * g.group_in, g.group_in);
    }
  }
  return sum;
}

void conv2d_fwd(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
  const ConvGeometry g = conv_geometry(p, x.shape, w.shape, y.shape);
  dispatch_float(x.dtype, "conv2d_fwd", [&](auto zero) {
    using T = decltype(zero);
    T* out = y.as<T>();
    for (std::int64_t n = 0; n < g.n; ++n) {
      for (std::int64_t oh = 0; oh < g.out_h; ++oh) {
        for (std::int64_t ow = 0; ow < g.out_w; ++ow) {
          for (std::int64_t o = 0; o < g.out; ++o) {
            const double bias = b ? static_cast<double>(b.as<T>()[o]) : 0;
            *out++ = leaky<T>(window(g, x.as<T>(), w.as<T>(), n, oh, ow, o) + bias, p.leaky_slope);
          }
        }
      }
    }
  });
}

// The result row or column that reads input `i` at offset `k` of the window, or -1.
std::int64_t reader(const ConvGeometry& g, std::int64_t i, std::int64_t k, std::int64_t extent) {
  const std::int64_t at = i + g.padding - k * g.dilation;
  return at >= 0 && at % g.stride == 0 && at / g.stride < extent ? at / g.stride : -1;
}

// Adds the gradient that reaches one input pixel through one group to `sums` (I/groups).
template <class T>
void gather(const ConvGeometry& g, const T* dy, const T* w, std::int64_t n, std::int64_t ih, std::int64_t iw, std::int64_t group,
            std::vector<double>& sums) {
  for (std::int64_t kh = 0; kh < g.kh; ++kh) {
    for (std::int64_t kw = 0; kw < g.kw; ++kw) {
      const std::int64_t oh = reader(g, ih, kh, g.out_h);
      const std::int64_t ow = reader(g, iw, kw, g.out_w);
      if (oh < 0 || ow < 0) continue;
      const T* pixel = dy + ((n * g.out_h + oh) * g.out_w + ow) * g.out;
      for (std::int64_t o = group * g.group_out; o < (group + 1) * g.group_out; ++o) {
        add_scaled(sums, static_cast<double>(pixel[o]), w + ((o * g.kh + kh) * g.kw + kw) * g.group_in);
      }
    }
  }
}

template <class T>
void dgrad(const ConvGeometry& g, const T* dy, const T* w, const T* bias, double slope, T* dx) {
  std::vector<double> sums(static_cast<std::size_t>(g.group_in));
  for (std::int64_t n = 0; n < g.n; ++n) {
    for (std::int64_t ih = 0; ih < g.h; ++ih) {
      for (std::int64_t iw = 0; iw < g.w; ++iw) {
        for (std::int64_t group = 0; group < g.groups; ++group) {
          std::fill(sums.begin(), sums.end(), 0.0);
          if (bias != nullptr) add_scaled(sums, 1.0, bias);
          gather(g, dy, w, n, ih, iw, group, sums);
          for (const double sum : sums) *dx++ = leaky<T>(sum, slope);
        }
      }
    }
  }
}

void conv2d_dgrad(const ConvParams& p, ConstView dy, ConstView w, View dx) {
  const ConvGeometry g = conv_geometry(p, dx.shape, w.shape, dy.shape);
  dispatch_float(dy.dtype, "conv2d_dgrad", [&](auto zero) {
    using T = decltype(zero);
    dgrad<T>(g, dy.as<T>(), w.as<T>(), nullptr, 1, dx.as<T>());
  });
}

// Adds the gradient of w[o, kh, kw, :] to `sums`.
template <class T>
void correlate(const ConvGeometry& g, const T* x, const T* dy, std::int64_t o, std::int64_t kh, std::int64_t kw,
               std::vector<double>& sums) {
  for (std::int64_t n = 0; n < g.n; ++n) {
    for (std::int64_t oh = 0; oh < g.out_h; ++oh) {
      for (std::int64_t ow = 0; ow < g.out_w; ++ow) {
        const std::int64_t ih = g.source(oh, kh);
        const std::int64_t iw = g.source(ow, kw);
        if (!inside(ih, g.h) || !inside(iw, g.w)) continue;
        const T* pixel = x + ((n * g.h + ih) * g.w + iw) * g.in + o / g.group_out * g.group_in;
        add_scaled(sums, static_cast<double>(dy[((n * g.out_h + oh) * g.out_w + ow) * g.out + o]), pixel);
      }
    }
  }
}

// The gradient of a bias: dy (..., C) summed over everything else.
template <class T>
void channel_sums(ConstView dy, View db) {
  std::vector<double> sums(static_cast<std::size_t>(db.numel()));
  for (std::int64_t i = 0; i < dy.numel(); i += db.numel()) add_scaled(sums, 1.0, dy.as<T>() + i);
  for (std::size_t c = 0; c < sums.size(); ++c) db.as<T>()[c] = static_cast<T>(sums[c]);
}

template <class T>
void wgrad(const ConvGeometry& g, const T* x, const T* dy, T* dw) {
  std::vector<double> sums(static_cast<std::size_t>(g.group_in));
  for (std::int64_t o = 0; o < g.out; ++o) {
    for (std::int64_t kh = 0; kh < g.kh; ++kh) {
      for (std::int64_t kw = 0; kw < g.kw; ++kw) {
        std::fill(sums.begin(), sums.end(), 0.0);
        correlate(g, x, dy, o, kh, kw, sums);
        for (const double sum : sums) *dw++ = static_cast<T>(sum);
      }
    }
  }
}

void conv2d_wgrad(const ConvParams& p, ConstView x, ConstView dy, View dw, View db) {
  const ConvGeometry g = conv_geometry(p, x.shape, dw.shape, dy.shape);
  dispatch_float(x.dtype, "conv2d_wgrad", [&](auto zero) {
    using T = decltype(zero);
    wgrad<T>(g, x.as<T>(), dy.as<T>(), dw.as<T>());
    if (db) channel_sums<T>(dy, db);
  });
}

// A transposed convolution runs the convolution of the same weight backwards: its result is that one's input gradient.

void conv_transpose2d_fwd(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
  const ConvGeometry g = conv_geometry(p, y.shape, w.shape, x.shape);
  dispatch_float(x.dtype, "conv_transpose2d_fwd", [&](auto zero) {
    using T = decltype(zero);
    dgrad<T>(g, x.as<T>(), w.as<T>(), b ? b.as<T>() : nullptr, p.leaky_slope, y.as<T>());
  });
}

void conv_transpose2d_dgrad(const ConvParams& p, ConstView dy, ConstView w, View dx) {
  ConvParams linear = p;
  linear.leaky_slope = 1;
  conv2d_fwd(linear, dy, w, {}, dx);
}

void conv_transpose2d_wgrad(const ConvParams& p, ConstView x, ConstView dy, View dw, View db) {
  conv2d_wgrad(p, dy, x, dw, {});
  dispatch_float(x.dtype, "conv_transpose2d_wgrad", [&](auto zero) {
    if (db) channel_sums<decltype(zero)>(dy, db);
  });
}

}  // namespace

void fill(ConvKernels& k) {
  k.conv2d_fwd = conv2d_fwd;
  k.conv2d_fused_fwd = conv2d_composite_of<Backend::reference>;
  k.conv2d_dgrad = conv2d_dgrad;
  k.conv2d_wgrad = conv2d_wgrad;
  k.conv_transpose2d_fwd = conv_transpose2d_fwd;
  k.conv_transpose2d_dgrad = conv_transpose2d_dgrad;
  k.conv_transpose2d_wgrad = conv_transpose2d_wgrad;
}

}  // namespace cf::reference

#include "kernels/fft.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

namespace cf::reference {
namespace {

using Complex = std::complex<double>;

// The definition: O(n^2) along an axis of n samples that lie `stride` apart, for `lines` lines that begin at start(line).
template <class F>
void dft_axis(std::vector<Complex>& x, std::int64_t n, std::int64_t stride, std::int64_t lines, bool inverse, F&& start) {
  std::vector<Complex> roots(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k < n; ++k) {
    const double turn = static_cast<double>(k) / static_cast<double>(n);
    roots[static_cast<std::size_t>(k)] = std::polar(1.0, (inverse ? 2 : -2) * std::numbers::pi * turn);
  }
  std::vector<Complex> line(static_cast<std::size_t>(n));
  for (std::int64_t l = 0; l < lines; ++l) {
    const std::int64_t at = start(l);
    for (std::int64_t k = 0; k < n; ++k) {
      Complex sum = 0;
      for (std::int64_t j = 0; j < n; ++j)
        sum += x[static_cast<std::size_t>(at + j * stride)] * roots[static_cast<std::size_t>(j * k % n)];
      line[static_cast<std::size_t>(k)] = sum;
    }
    for (std::int64_t k = 0; k < n; ++k) x[static_cast<std::size_t>(at + k * stride)] = line[static_cast<std::size_t>(k)];
  }
}

void dft2(ConstView x, bool inverse, double scale, View y) {
  dispatch_float(x.dtype, "fft2", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t h = x.shape[1];
    const std::int64_t w = x.shape[2];
    const std::int64_t c = x.shape[3];
    std::vector<Complex> z(static_cast<std::size_t>(x.shape[0] * h * w * c));
    const T* in = x.as<T>();
    for (std::size_t i = 0; i < z.size(); ++i) {
      z[i] = x.shape.rank() == 5 ? Complex(static_cast<double>(in[2 * i]), static_cast<double>(in[2 * i + 1]))
                                 : Complex(static_cast<double>(in[i]));
    }
    const std::int64_t row = w * c;
    dft_axis(z, w, c, x.shape[0] * h * c, inverse, [&](std::int64_t line) { return line / c * row + line % c; });
    dft_axis(z, h, row, x.shape[0] * row, inverse, [&](std::int64_t line) { return line / row * h * row + line % row; });
    T* out = y.as<T>();
    for (std::size_t i = 0; i < z.size(); ++i) {
      if (y.shape.rank() == 4) {
        out[i] = static_cast<T>(scale * z[i].real());
      } else {
        out[2 * i] = static_cast<T>(scale * z[i].real());
        out[2 * i + 1] = static_cast<T>(scale * z[i].imag());
      }
    }
  });
}

void real_part(ConstView z, View y) {
  dispatch_float(z.dtype, "real", [&](auto zero) {
    using T = decltype(zero);
    const T* in = z.as<T>();
    T* out = y.as<T>();
    for (std::int64_t i = 0; i < y.numel(); ++i) out[i] = in[2 * i];
  });
}

void to_complex(ConstView x, View z) {
  dispatch_float(x.dtype, "real", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* out = z.as<T>();
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      out[2 * i] = in[i];
      out[2 * i + 1] = 0;
    }
  });
}

void complex_abs(ConstView z, View y) {
  dispatch_float(z.dtype, "complex_abs", [&](auto zero) {
    using T = decltype(zero);
    const T* in = z.as<T>();
    T* out = y.as<T>();
    for (std::int64_t i = 0; i < y.numel(); ++i) out[i] = std::hypot(in[2 * i], in[2 * i + 1]);
  });
}

void complex_abs_grad(ConstView z, ConstView y, ConstView dy, View dz) {
  dispatch_float(z.dtype, "complex_abs", [&](auto zero) {
    using T = decltype(zero);
    const T* in = z.as<T>();
    const T* modulus = y.as<T>();
    const T* g = dy.as<T>();
    T* d = dz.as<T>();
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      const T r = modulus[i] > 0 ? g[i] / modulus[i] : T(0);
      d[2 * i] = r * in[2 * i];
      d[2 * i + 1] = r * in[2 * i + 1];
    }
  });
}

}  // namespace

void fill(FftKernels& k) {
  k.dft2 = dft2;
  k.real_part = real_part;
  k.to_complex = to_complex;
  k.complex_abs = complex_abs;
  k.complex_abs_grad = complex_abs_grad;
}

}  // namespace cf::reference

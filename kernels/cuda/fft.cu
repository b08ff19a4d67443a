// Fourier transforms on the GPU: cuFFT transforms complex numbers, and what surrounds it is done here.
#include "kernels/fft.h"

#include <cmath>
#include <optional>

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {
namespace {

using simt::Compute;

// y = scale * the real part of z.
template <class T>
CF_KERNEL void real_part_kernel(std::int64_t n, float scale, const T* z, T* y) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    y[i] = simt::narrow<T>(scale * simt::widen(z[2 * i]));
  }
}

template <class T>
CF_KERNEL void to_complex_kernel(std::int64_t n, const T* x, T* z) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    z[2 * i] = x[i];
    z[2 * i + 1] = simt::narrow<T>(0);
  }
}

template <int N>
CF_KERNEL void scale_kernel(std::int64_t pieces, float scale, float* z) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    auto v = simt::load<N>(z + i * N);
    for (float& e : v.v) e *= scale;
    simt::store(v, z + i * N);
  }
}

template <class T>
CF_KERNEL void complex_abs_kernel(std::int64_t n, const T* z, T* y) {
  using std::hypot;
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    y[i] = simt::narrow<T>(hypot(simt::widen(z[2 * i]), simt::widen(z[2 * i + 1])));
  }
}

template <class T>
CF_KERNEL void complex_abs_grad_kernel(std::int64_t n, const T* z, const T* y, const T* dy, T* dz) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const Compute<T> modulus = simt::widen(y[i]);
    const Compute<T> r = modulus > 0 ? simt::widen(dy[i]) / modulus : Compute<T>(0);
    dz[2 * i] = simt::narrow<T>(r * simt::widen(z[2 * i]));
    dz[2 * i + 1] = simt::narrow<T>(r * simt::widen(z[2 * i + 1]));
  }
}

void scaled_real_part(ConstView z, double scale, View y) {
  dispatch_gpu(z.dtype, "real", [&](auto zero) {
    using T = decltype(zero);
    launch("real_part", real_part_kernel<T>, grid_for(y.numel()), y.numel(), static_cast<float>(scale), z.as<T>(), y.as<T>());
  });
}

void real_part(ConstView z, View y) { scaled_real_part(z, 1, y); }

void to_complex(ConstView x, View z) {
  dispatch_gpu(x.dtype, "real", [&](auto zero) {
    using T = decltype(zero);
    launch("to_complex", to_complex_kernel<T>, grid_for(x.numel()), x.numel(), x.as<T>(), z.as<T>());
  });
}

void complex_abs(ConstView z, View y) {
  dispatch_gpu(z.dtype, "complex_abs", [&](auto zero) {
    using T = decltype(zero);
    launch("complex_abs", complex_abs_kernel<T>, grid_for(y.numel()), y.numel(), z.as<T>(), y.as<T>());
  });
}

void complex_abs_grad(ConstView z, ConstView y, ConstView dy, View dz) {
  dispatch_gpu(z.dtype, "complex_abs", [&](auto zero) {
    using T = decltype(zero);
    launch("complex_abs_grad", complex_abs_grad_kernel<T>, grid_for(y.numel()), y.numel(), z.as<T>(), y.as<T>(), dy.as<T>(),
           dz.as<T>());
  });
}

void scale_in_place(View z, double scale) {
  with_vector_width<float>({z.data}, z.numel(), [&](auto width, std::int64_t pieces) {
    launch("scale", scale_kernel<width()>, grid_for(pieces), pieces, static_cast<float>(scale), z.as<float>());
  });
}

// A complex tensor that lives for one transform.
class Between {
 public:
  Between(const Shape& shape, Device device)
      : memory_(device, static_cast<std::size_t>(shape.numel()) * sizeof(float)),
        view_{memory_.as<float>(), shape, DType::f32, device} {}
  View view() const { return view_; }

 private:
  Workspace memory_;
  View view_;
};

void dft2(ConstView x, bool inverse, double scale, View y) {
  check(x.dtype == DType::f32, "fft2: computes in f32 on a GPU, got {}; convert with to(DType::f32)", name_of(x.dtype));
  if (x.numel() == 0) return;
  const Shape complex{x.shape[0], x.shape[1], x.shape[2], x.shape[3], 2};
  ConstView from = x;
  std::optional<Between> expanded;
  if (x.shape.rank() == 4) {
    expanded.emplace(complex, x.device);
    to_complex(x, expanded->view());
    from = expanded->view();
  }
  if (y.shape.rank() == 5) {
    transform_planes(from, inverse, y);
    if (scale != 1) scale_in_place(y, scale);
    return;
  }
  const Between spectrum(complex, x.device);
  transform_planes(from, inverse, spectrum.view());
  scaled_real_part(spectrum.view(), scale, y);
}

}  // namespace

void fill(FftKernels& k) {
  k.dft2 = dft2;
  k.real_part = real_part;
  k.to_complex = to_complex;
  k.complex_abs = complex_abs;
  k.complex_abs_grad = complex_abs_grad;
}

}  // namespace cf::cuda

#include "kernels/matmul.h"

#include "kernels/matmul_geometry.h"

namespace cf::reference {
namespace {

template <class T>
double dot(const MatmulGeometry& g, const T* row, const T* column) {
  double sum = 0;
  for (std::int64_t l = 0; l < g.k; ++l) {
    sum += static_cast<double>(row[l * g.a_column()]) * static_cast<double>(column[l * g.b_row()]);
  }
  return sum;
}

void matmul(MatmulParams p, ConstView a, ConstView b, ConstView bias, View y) {
  const MatmulGeometry g = matmul_geometry(p, a.shape, y.shape);
  dispatch_float(a.dtype, "matmul", [&](auto zero) {
    using T = decltype(zero);
    T* out = y.as<T>();
    for (std::int64_t batch = 0; batch < g.batch; ++batch) {
      const T* left = a.as<T>() + batch * g.m * g.k;
      const T* right = b.as<T>() + batch * g.k * g.n;
      for (std::int64_t i = 0; i < g.m; ++i) {
        for (std::int64_t j = 0; j < g.n; ++j) {
          const double start = bias ? static_cast<double>(bias.as<T>()[j]) : 0;
          *out++ = static_cast<T>(start + dot(g, left + i * g.a_row(), right + j * g.b_column()));
        }
      }
    }
  });
}

}  // namespace

void fill(MatmulKernels& k) { k.matmul = matmul; }

}  // namespace cf::reference

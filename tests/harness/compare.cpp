#include "tests/harness/compare.h"

#include <cmath>

namespace cf::test {

double norm(const Tensor& x) {
  const Tensor wide = x.to(Device{}).to(DType::f64);
  double sum = 0;
  for (const double v : wide.span<double>()) sum += v * v;
  return std::sqrt(sum);
}

double relative_error(const Tensor& got, const Tensor& want) {
  check(got.shape() == want.shape(), "compare: shape {}, wanted {}", got.shape().str(), want.shape().str());
  const Tensor a = got.to(Device{}).to(DType::f64);
  const Tensor b = want.to(Device{}).to(DType::f64);
  const auto x = a.span<double>();
  const auto y = b.span<double>();
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  const double scale = norm(b);
  return std::sqrt(sum) / (scale == 0 ? 1 : scale);
}

}  // namespace cf::test

#include "framework/nn/init.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "framework/nn/layers.h"

using namespace cf;

namespace {

Tensor filled(const Shape& shape, const Init& init, std::uint64_t seed = 1, const char* name = "w", DType dtype = DType::f64) {
  Tensor t = Tensor::empty(shape, dtype);
  fill(t, init, seed, name);
  return t;
}

struct Moments {
  double mean = 0;
  double deviation = 0;
  double largest = 0;
};

Moments moments(const Tensor& t) {
  Moments m;
  const auto values = t.span<double>();
  const auto n = static_cast<double>(values.size());
  for (const double v : values) m.mean += v / n;
  for (const double v : values) {
    m.deviation += (v - m.mean) * (v - m.mean) / n;
    m.largest = std::max(m.largest, std::abs(v));
  }
  m.deviation = std::sqrt(m.deviation);
  return m;
}

}  // namespace

// 36,864 numbers: the standard error of the deviation is 0.4 %, of the mean 0.5 % of the deviation.
TEST_CASE("Kaiming initialisation has the deviation that the fan in calls for") {
  const Shape shape = {64, 3, 3, 64};  // fan in 576
  const Moments normal = moments(filled(shape, Init::kaiming_normal(0.2)));
  CHECK(normal.deviation == doctest::Approx(std::sqrt(2 / 1.04 / 576)).epsilon(0.02));
  CHECK(std::abs(normal.mean) < 0.02 * normal.deviation);
  const Moments scaled = moments(filled(shape, Init::kaiming_normal(0.2).scaled(0.1)));
  CHECK(scaled.deviation == doctest::Approx(0.1 * normal.deviation).epsilon(1e-12));
  // PyTorch's default: a uniform bound of 1 / sqrt(fan in).
  const Moments uniform = moments(filled(shape, Init::kaiming_uniform(std::sqrt(5.0))));
  CHECK(uniform.largest <= 1.0 / 24);
  CHECK(uniform.largest > 0.999 / 24);
  CHECK(uniform.deviation == doctest::Approx(1.0 / 24 / std::sqrt(3.0)).epsilon(0.02));
}

TEST_CASE("constants are exact") {
  CHECK(filled({3}, Init::constant(0.25)).to_vector<double>() == std::vector<double>{0.25, 0.25, 0.25});
  CHECK(filled({2}, Init::zeros()).to_vector<double>() == std::vector<double>{0, 0});
}

TEST_CASE("numbers depend on seed and name, and on nothing else") {
  const Shape shape = {4, 5};
  const auto values = filled(shape, Init::normal(1)).to_vector<double>();
  CHECK(filled(shape, Init::normal(1)).to_vector<double>() == values);
  CHECK(filled(shape, Init::normal(1), 2).to_vector<double>() != values);
  CHECK(filled(shape, Init::normal(1), 1, "v").to_vector<double>() != values);
  const auto single = filled(shape, Init::normal(1), 1, "w", DType::f32).to_vector<float>();
  for (std::size_t i = 0; i < single.size(); ++i) CHECK(single[i] == static_cast<float>(values[i]));
}

TEST_CASE("a layer starts the same whatever was built before it") {
  ParamStore alone;
  const Linear first(Scope(alone, 3).child("b"), 4, 4);
  ParamStore crowded;
  const Linear other(Scope(crowded, 3).child("a"), 4, 4);
  const Linear second(Scope(crowded, 3).child("b"), 4, 4);
  CHECK(first.weight.to_vector<float>() == second.weight.to_vector<float>());
  CHECK(other.weight.to_vector<float>() != second.weight.to_vector<float>());
}

TEST_CASE("a vector has no fan in") {
  CHECK_THROWS_WITH_AS(filled({3}, Init::kaiming_normal(0)), doctest::Contains("fan in"), Error);
}

#include <doctest/doctest.h>

#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/wavelet.h"

using namespace cf;

namespace {

Tensor noise(const Shape& shape) {
  const Philox rng = make_rng(1, RngStream::test);
  std::vector<float> v(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(rng.normal(i));
  return Tensor::from<float>(shape, v);
}

double square_sum(const Tensor& t) {
  double sum = 0;
  for (const float v : t.span<float>()) sum += static_cast<double>(v) * static_cast<double>(v);
  return sum;
}

}  // namespace

TEST_CASE("Haar bands keep the energy and give the image back") {
  const Tensor x = noise({2, 6, 10, 11});
  const auto [ll, hl, lh, hh] = ops::haar_dwt(x);
  // 1320 terms of f32 rounding.
  CHECK(square_sum(ll) + square_sum(hl) + square_sum(lh) + square_sum(hh) == doctest::Approx(square_sum(x)).epsilon(1e-6));
  const auto back = ops::haar_iwt(ll, hl, lh, hh).to_vector<float>();
  const auto values = x.to_vector<float>();
  for (std::size_t i = 0; i < back.size(); ++i) CHECK(back[i] == doctest::Approx(values[i]).epsilon(1e-5).scale(1));
}

TEST_CASE("each Haar band answers to its own pattern") {
  const auto band_of = [](std::vector<double> block) {
    std::vector<double> bands;
    for (const Tensor& b : ops::haar_dwt(Tensor::from<double>({1, 2, 2, 1}, block))) bands.push_back(b.item());
    return bands;
  };
  CHECK(band_of({1, 1, 1, 1}) == std::vector<double>{2, 0, 0, 0});
  CHECK(band_of({-1, 1, -1, 1}) == std::vector<double>{0, 2, 0, 0});  // changes along the row
  CHECK(band_of({-1, -1, 1, 1}) == std::vector<double>{0, 0, 2, 0});  // changes down the column
  CHECK(band_of({1, -1, -1, 1}) == std::vector<double>{0, 0, 0, 2});
}

TEST_CASE("the high-pass removes what is constant, edges included") {
  const Tensor y = ops::high_pass(Tensor::full({1, 5, 7, 3}, 4));
  for (const float v : y.span<float>()) CHECK(v == doctest::Approx(0).epsilon(1e-6));
  // A ramp is mirrored at the edges: columns 0..4 hold 0..4, the mean around column 0 is (2+1+0+1+2)/5.
  std::vector<double> ramp(25);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i % 5);
  const auto high = ops::high_pass(Tensor::from<double>({1, 5, 5, 1}, ramp)).to_vector<double>();
  const std::vector<double> row = {-1.2, -0.4, 0, 0.4, 1.2};
  for (std::size_t i = 0; i < high.size(); ++i) CHECK(high[i] == doctest::Approx(row[i % 5]));
}

TEST_CASE("wavelets and the high-pass do not depend on the number of threads") {
  const Tensor x = noise({2, 64, 64, 11});
  const int threads = max_threads();
  std::vector<std::vector<float>> bands, high;
  for (const int n : {1, 3}) {
    set_threads(n);
    bands.push_back(ops::haar_dwt(x)[1].to_vector<float>());
    high.push_back(ops::high_pass(x).to_vector<float>());
  }
  set_threads(threads);
  CHECK(bands[0] == bands[1]);
  CHECK(high[0] == high[1]);
}

TEST_CASE("wavelets say what is wrong with their operands") {
  const Tensor band = Tensor::zeros({1, 2, 2, 1});
  CHECK_THROWS_WITH_AS(ops::haar_dwt(Tensor::zeros({1, 3, 4, 1})), doctest::Contains("even"), Error);
  CHECK_THROWS_WITH_AS(ops::haar_dwt(Tensor::zeros({4, 4})), doctest::Contains("(4, 4)"), Error);
  CHECK_THROWS_WITH_AS(ops::haar_iwt(band, band, band, Tensor::zeros({1, 2, 3, 1})), doctest::Contains("(1, 2, 3, 1)"), Error);
  CHECK_THROWS_WITH_AS(ops::haar_iwt(band, band, band, band.to(DType::f64)), doctest::Contains("f64"), Error);
  CHECK_THROWS_WITH_AS(ops::high_pass(Tensor::zeros({1, 8, 8, 1}), 4), doctest::Contains("odd"), Error);
  CHECK_THROWS_WITH_AS(ops::high_pass(Tensor::zeros({1, 8, 2, 1})), doctest::Contains("mirrored"), Error);
}

#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/ops/resize.h"
#include "kernels/axis_map.h"

using namespace cf;
using ops::Interpolation;

namespace {

std::vector<double> resize_row(std::vector<double> row, std::int64_t to, Interpolation mode, bool corners) {
  const Tensor x = Tensor::from<double>({1, 1, static_cast<std::int64_t>(row.size()), 1}, row);
  return ops::interpolate(x, 1, to, mode, corners).to_vector<double>();
}

}  // namespace

TEST_CASE("interpolation by hand") {
  CHECK(resize_row({1, 2, 3}, 6, Interpolation::nearest, false) == std::vector<double>{1, 1, 2, 2, 3, 3});
  CHECK(resize_row({1, 2, 3}, 2, Interpolation::nearest, false) == std::vector<double>{1, 2});
  CHECK(resize_row({0, 4}, 4, Interpolation::bilinear, false) == std::vector<double>{0, 1, 3, 4});
  CHECK(resize_row({0, 3}, 4, Interpolation::bilinear, true) == std::vector<double>{0, 1, 2, 3});
  // Half-way between samples Keys' kernel with a = -3/4 weighs (-3, 19, 19, -3) / 32.
  CHECK(resize_row({32, 0, 0, 0, 0}, 9, Interpolation::bicubic, true)[3] == doctest::Approx(-3));
  CHECK(resize_row({0, 32, 0, 0, 0}, 9, Interpolation::bicubic, true)[3] == doctest::Approx(19));
}

TEST_CASE("weights of every interpolation add up to 1") {
  for (const Resample mode : {Resample::nearest, Resample::bilinear, Resample::bicubic}) {
    for (const bool corners : {false, true}) {
      const AxisMap map = interpolation_map(mode, corners, 7, 19);
      for (std::int64_t i = 0; i < map.outputs(); ++i) {
        double sum = 0;
        map.for_each_term(i, [&](std::int64_t, double w) { sum += w; });
        CHECK(sum == doctest::Approx(1).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE("the gradient of interpolation does not depend on the number of threads") {
  const int threads = max_threads();
  std::vector<std::vector<float>> grads;
  for (const int n : {1, 3}) {
    set_threads(n);
    const Tensor x = Tensor::zeros({2, 16, 16, 9});
    x.set_requires_grad();
    std::vector<float> seed(2 * 64 * 64 * 9);
    for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = 1.0F / static_cast<float>(i % 101 + 1);
    backward(ops::interpolate(x, 64, 64, Interpolation::bicubic), Tensor::from<float>({2, 64, 64, 9}, seed));
    grads.push_back(x.grad().to_vector<float>());
  }
  set_threads(threads);
  CHECK(grads[0] == grads[1]);
}

TEST_CASE("interpolation says what is wrong") {
  CHECK_THROWS_WITH_AS(ops::interpolate(Tensor::zeros({4, 4, 1}), 2, 2, Interpolation::nearest), doctest::Contains("(4, 4, 1)"),
                       Error);
  CHECK_THROWS_WITH_AS(ops::interpolate(Tensor::zeros({1, 4, 4, 1}), 0, 2, Interpolation::nearest), doctest::Contains("positive"),
                       Error);
  CHECK_THROWS_WITH_AS(ops::interpolate(Tensor::zeros({1, 4, 4, 1}, DType::u8), 2, 2, Interpolation::bicubic),
                       doctest::Contains("u8"), Error);
}

#include <doctest/doctest.h>

#include <cmath>

#include "framework/autograd/engine.h"
#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/embedding.h"
#include "framework/ops/fft.h"
#include "framework/ops/fourier.h"
#include "kernels/table.h"

using namespace cf;

namespace {

Tensor noise(const Shape& shape) {
  const Philox rng = make_rng(2, RngStream::test);
  std::vector<float> v(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(rng.normal(i));
  return Tensor::from<float>(shape, v);
}

// Norm of the difference over the norm of b.
double relative(const Tensor& a, const Tensor& b) {
  const auto pa = a.span<float>();
  const auto pb = b.span<float>();
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < pb.size(); ++i) {
    const auto vb = static_cast<double>(pb[i]);
    difference += std::pow(static_cast<double>(pa[i]) - vb, 2);
    norm += vb * vb;
  }
  return std::sqrt(difference / norm);
}

}  // namespace

TEST_CASE("the fast transform equals the definition at every kind of size") {
  // Powers of two, products of 3 and 5, primes beyond KissFFT's own butterflies, single rows and columns.
  for (const Shape& shape :
       {Shape{1, 64, 64, 3}, Shape{2, 30, 45, 2}, Shape{1, 13, 34, 5}, Shape{1, 1, 17, 1}, Shape{1, 9, 1, 4}}) {
    const Tensor x = noise(shape);
    const Tensor fast = ops::fft2(x);
    const Tensor back = ops::real(ops::ifft2(fast));
    const UseKernels guard(Backend::reference);
    CAPTURE(shape.str());
    CHECK(relative(fast, ops::fft2(x)) < 1e-6);  // rounding grows with log2(H*W) <= 12
    CHECK(relative(back, x) < 1e-6);
  }
}

TEST_CASE("the transform of a wave is one line of its own frequency") {
  std::vector<double> wave(8 * 12);
  for (std::size_t i = 0; i < wave.size(); ++i) {
    const double h = std::floor(static_cast<double>(i) / 12), w = static_cast<double>(i % 12);
    wave[i] = std::sin(2 * 3.14159265358979323846 * (3 * h / 8 + 2 * w / 12));
  }
  const auto z = ops::fft2(Tensor::from<double>({1, 8, 12, 1}, wave)).to_vector<double>();
  const std::size_t line = 2 * (3 * 12 + 2);
  CHECK(z[line + 1] == doctest::Approx(-48));  // sin = (e^{i} - e^{-i}) / 2i: -i/2 of 96 samples
  CHECK(std::abs(z[line]) < 1e-10);
  CHECK(std::abs(z[2 * (3 * 12 + 3)]) < 1e-10);
}

TEST_CASE("the transform does not depend on the number of threads") {
  const Tensor x = noise({2, 32, 48, 5});
  const int threads = max_threads();
  std::vector<std::vector<float>> spectra;
  for (const int n : {1, 3}) {
    set_threads(n);
    spectra.push_back(ops::fft2(x).to_vector<float>());
  }
  set_threads(threads);
  CHECK(spectra[0] == spectra[1]);
}

TEST_CASE("the gradient of |z| at 0 is 0") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels guard(backend);
    const Tensor z = Tensor::from<float>({2, 2}, {0, 0, 3, 4});
    z.set_requires_grad();
    const Tensor y = ops::complex_abs(z);
    CHECK(y.to_vector<float>() == std::vector<float>{0, 5});
    backward(y, Tensor::full({2}, 5));
    CHECK(z.grad().to_vector<float>() == std::vector<float>{0, 0, 3, 4});
  }
}

TEST_CASE("the Fourier filter scales the mean and leaves high frequencies") {
  std::vector<double> v(8 * 8);
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = 2 + (((i / 8) + i % 8) % 2 == 0 ? 1 : -1);  // mean 2, checkerboard 1
  const auto y = ops::fourier_filter(Tensor::from<double>({1, 8, 8, 1}, v), 1, 0.5).to_vector<double>();
  for (std::size_t i = 0; i < y.size(); ++i) CHECK(y[i] == doctest::Approx(v[i] - 1));
}

TEST_CASE("timestep embedding") {
  const auto e = ops::timestep_embedding(Tensor::from<double>({2}, {0, 3}), 4).to_vector<double>();
  const std::vector<double> expected = {1, 1, 0, 0, std::cos(3.0), std::cos(0.03), std::sin(3.0), std::sin(0.03)};
  for (std::size_t i = 0; i < e.size(); ++i) CHECK(e[i] == doctest::Approx(expected[i]).epsilon(1e-14));
  CHECK_THROWS_WITH_AS(ops::timestep_embedding(Tensor::zeros({2}), 5), doctest::Contains("even"), Error);
  CHECK_THROWS_WITH_AS(ops::timestep_embedding(Tensor::zeros({2, 1}), 4), doctest::Contains("(2, 1)"), Error);
}

TEST_CASE("transforms say what is wrong with their operands") {
  CHECK_THROWS_WITH_AS(ops::fft2(Tensor::zeros({4, 4, 2})), doctest::Contains("(4, 4, 2)"), Error);
  CHECK_THROWS_WITH_AS(ops::fft2(Tensor::zeros({1, 4, 4, 1}, DType::i64)), doctest::Contains("i64"), Error);
  CHECK_THROWS_WITH_AS(ops::fft2(Tensor::zeros({1, 0, 4, 1})), doctest::Contains("no pixels"), Error);
  CHECK_THROWS_WITH_AS(ops::ifft2(Tensor::zeros({1, 4, 4, 1})), doctest::Contains("complex"), Error);
  CHECK_THROWS_WITH_AS(ops::real(Tensor::zeros({4, 3})), doctest::Contains("(4, 3)"), Error);
  CHECK_THROWS_WITH_AS(ops::complex_abs(Tensor::zeros({2})), doctest::Contains("complex_abs"), Error);
  CHECK_THROWS_WITH_AS(ops::fourier_filter(Tensor::zeros({1, 4, 8, 1}), 3, 0.5), doctest::Contains("threshold 3"), Error);
}

#include <algorithm>

#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/fft.h"
#include "framework/ops/fourier.h"

namespace cf {
namespace {

GradCase fft_case(const std::string& name, Tensor (*fn)(const Tensor&), Shape x) {
  return {name, {{x}}, [fn](const std::vector<Tensor>& in) { return std::vector{fn(in[0])}; }};
}

GradCase filter_case(const char* variant, Shape x, std::int64_t threshold, double scale) {
  return {std::string("ifft2.fourier_filter_") + variant, {{x}}, [=](const std::vector<Tensor>& in) {
            return std::vector{ops::fourier_filter(in[0], threshold, scale)};
          }};
}

// real and complex_abs are checked behind fft2 as well as alone: a wrong sign of an imaginary part shows only there.
Tensor spectrum_modulus(const Tensor& x) { return ops::complex_abs(ops::fft2(x)); }
Tensor filtered_real(const Tensor& z) { return ops::real(ops::ifft2(z)); }

}  // namespace

GradCases fft_cases() {
  return {
      fft_case("fft2.real", ops::fft2, {2, 4, 6, 8}),
      fft_case("fft2.real_odd", ops::fft2, {1, 5, 9, 3}),
      fft_case("fft2.real_prime", ops::fft2, {1, 7, 11, 1}),
      fft_case("fft2.complex", ops::fft2, {2, 3, 8, 5, 2}),
      fft_case("fft2.one_row", ops::fft2, {2, 1, 6, 2}),
      fft_case("ifft2.even", ops::ifft2, {2, 4, 6, 3, 2}),
      fft_case("ifft2.odd", ops::ifft2, {1, 5, 7, 2, 2}),
      fft_case("real.alone", ops::real, {2, 3, 5, 4, 2}),
      fft_case("real.ifft2", filtered_real, {1, 5, 6, 3, 2}),
      fft_case("complex_abs.alone", ops::complex_abs, {3, 5, 7, 2}),
      fft_case("complex_abs.fft2", spectrum_modulus, {1, 4, 5, 3}),
      filter_case("even", {2, 8, 12, 3}, 1, 0.3),
      filter_case("odd", {1, 9, 7, 3}, 2, 0.3),
      filter_case("whole", {1, 4, 6, 1}, 2, 1.7),
  };
}

GradCases random_fft_cases(Dice& dice) {
  const auto complex = [&dice] {
    const Shape s = dice.image(1, 12);
    return Shape{s[0], s[1], s[2], std::min<std::int64_t>(s[3], 5), 2};
  };
  const Shape real = dice.image(1, 12);
  return {fft_case("fft2.random", ops::fft2, dice.coin() ? complex() : real), fft_case("ifft2.random", ops::ifft2, complex()),
          fft_case("real.random", ops::real, complex()), fft_case("complex_abs.random", ops::complex_abs, complex())};
}

}  // namespace cf

#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/resize.h"

namespace cf {
namespace {

using ops::Interpolation;

GradCase resize_case(const char* variant, Shape in, std::int64_t out_h, std::int64_t out_w, Interpolation mode, bool corners) {
  return {std::string("interpolate.") + variant, {{in}}, [=](const std::vector<Tensor>& x) {
            return std::vector{ops::interpolate(x[0], out_h, out_w, mode, corners)};
          }};
}

}  // namespace

GradCases resize_cases() {
  return {
      resize_case("nearest_up", {2, 5, 7, 8}, 10, 14, Interpolation::nearest, false),
      resize_case("nearest_uneven", {1, 5, 7, 3}, 8, 4, Interpolation::nearest, false),
      resize_case("bilinear_up", {2, 4, 5, 11}, 9, 13, Interpolation::bilinear, false),
      resize_case("bilinear_up_corners", {2, 4, 5, 11}, 9, 13, Interpolation::bilinear, true),
      resize_case("bilinear_down", {1, 10, 14, 4}, 5, 6, Interpolation::bilinear, false),
      resize_case("bilinear_down_corners", {1, 10, 14, 4}, 5, 6, Interpolation::bilinear, true),
      resize_case("bicubic_up", {2, 4, 6, 9}, 16, 15, Interpolation::bicubic, false),
      resize_case("bicubic_up_corners", {1, 4, 6, 9}, 16, 15, Interpolation::bicubic, true),
      resize_case("bicubic_down", {1, 10, 14, 1}, 5, 7, Interpolation::bicubic, false),
      resize_case("bicubic_down_corners", {1, 10, 14, 1}, 5, 7, Interpolation::bicubic, true),
      resize_case("bilinear_to_one_corners", {1, 3, 4, 2}, 1, 1, Interpolation::bilinear, true),
      resize_case("bicubic_from_one", {1, 1, 2, 19}, 4, 3, Interpolation::bicubic, false),
  };
}

GradCases random_resize_cases(Dice& dice) {
  const auto mode = dice.pick(std::array{Interpolation::nearest, Interpolation::bilinear, Interpolation::bicubic});
  const Shape in = dice.image();
  const std::int64_t out_h = dice.between(1, 14);
  const std::int64_t out_w = dice.between(1, 14);
  return {resize_case("random", in, out_h, out_w, mode, dice.coin())};
}

}  // namespace cf

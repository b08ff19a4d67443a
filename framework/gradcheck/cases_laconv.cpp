#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/laconv.h"

namespace cf {
namespace {

struct LaconvSizes {
  std::int64_t n, h, w, in, out, k;
};

GradCase laconv_case(const char* variant, LaconvSizes s, bool shared_channel, double leaky_slope) {
  const Shape channel = shared_channel ? Shape{s.n, 1, 1, s.in} : Shape{s.n, s.h, s.w, s.in};
  return {std::string("laconv.") + variant,
          {{{s.n, s.h, s.w, s.in}}, {{s.n, s.h, s.w, s.k * s.k}}, {channel}, {{s.out, s.k, s.k, s.in}}, {{s.out}}},
          [leaky_slope](const std::vector<Tensor>& in) {
            return std::vector{ops::laconv(in[0], in[1], in[2], in[3], in[4], leaky_slope)};
          }};
}

}  // namespace

GradCases laconv_cases() {
  return {
      laconv_case("shared", {2, 5, 7, 8, 8, 3}, true, 1),
      laconv_case("full", {2, 5, 7, 8, 8, 3}, false, 1),
      laconv_case("leaky", {2, 5, 7, 11, 3, 3}, true, 0.2),
      laconv_case("full_leaky", {1, 4, 6, 19, 5, 3}, false, 0.2),
      laconv_case("k5", {1, 7, 6, 3, 9, 5}, true, 1),
      laconv_case("k5_full", {2, 6, 5, 4, 8, 5}, false, 0.2),
      laconv_case("k1", {2, 3, 5, 6, 7, 1}, false, 1),
      laconv_case("smaller_than_k", {2, 2, 1, 5, 4, 5}, true, 1),
      laconv_case("one_pixel_shared", {2, 1, 1, 3, 2, 3}, true, 1),
      laconv_case("wide", {1, 6, 9, 32, 32, 3}, true, 0.2),
      laconv_case("wide_full", {1, 6, 9, 32, 8, 3}, false, 1),
      // Rests behind tiles of 8 and 16 rows, 16 columns, and 32 channels.
      laconv_case("tiles", {2, 17, 18, 4, 3, 3}, true, 0.2),
      laconv_case("tiles_full", {2, 9, 17, 3, 1, 3}, false, 1),
      laconv_case("chunks", {1, 3, 17, 33, 40, 3}, true, 0.2),
      laconv_case("chunks_full", {2, 9, 2, 40, 33, 3}, false, 1),
      laconv_case("one_channel", {2, 9, 5, 1, 31, 5}, true, 1),
      laconv_case("chunks_k1", {1, 5, 4, 33, 33, 1}, false, 0.2),
      laconv_case("chunks_k5", {1, 4, 5, 33, 35, 5}, true, 1),
      laconv_case("many_tiles", {300, 1, 2, 3, 2, 1}, true, 1),
      laconv_case("13_bands", {1, 5, 6, 13, 13, 3}, true, 1),
      laconv_case("to_102_bands", {1, 4, 6, 32, 102, 3}, false, 1),
      laconv_case("from_102_bands", {1, 4, 5, 102, 13, 3}, false, 0.2),
      laconv_case("k7", {1, 9, 5, 31, 2, 7}, false, 1),
  };
}

GradCases random_laconv_cases(Dice& dice) {
  const Shape x = dice.image(1, 7);
  const std::int64_t k = dice.pick(std::array<std::int64_t, 4>{1, 3, 3, 5});
  const bool shared_channel = dice.coin();
  const double leaky_slope = dice.coin() ? 0.2 : 1;
  return {laconv_case("random", {x[0], x[1], x[2], x[3], dice.channels(), k}, shared_channel, leaky_slope)};
}

}  // namespace cf

#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/conv.h"

namespace cf {
namespace {

GradCase conv_case(const char* name, const Shape& x, const Shape& w, const ops::Conv2dOptions& options, bool bias = true) {
  GradCase c = {name, {{x}, {w}}, {}};
  if (bias) c.inputs.push_back({{w[0]}});
  c.fn = [options](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{ops::conv2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), options)};
  };
  return c;
}

// A convolution with what surrounds it, as one kernel where nothing is recorded.
GradCase add_case(const char* name, const Shape& x, const Shape& w, const ops::Conv2dOptions& options) {
  const Shape y = {x[0], x[1] + 2 * options.padding - w[1] + 1, x[2] + 2 * options.padding - w[2] + 1, w[0]};
  return {name, {{x}, {w}, {{w[0]}}, {y}}, [options](const std::vector<Tensor>& in) {
            return std::vector<Tensor>{ops::conv2d_add(in[0], in[1], in[2], in[3], options)};
          }};
}

GradCase gain_case(const char* name, const Shape& x, const Shape& w, std::int64_t padding) {
  return {name, {{x}, {w}, {{w[0]}}}, [padding](const std::vector<Tensor>& in) {
            return std::vector<Tensor>{ops::conv2d_gain(in[0], in[1], in[2], {.padding = padding})};
          }};
}

GradCase blend_case(const char* name, const Shape& a, std::int64_t k) {
  return {name, {{a}, {a}, {{a[3], k, k, 2 * a[3]}}, {{a[3]}}}, [k](const std::vector<Tensor>& in) {
            return std::vector<Tensor>{ops::conv2d_blend(in[0], in[1], in[2], in[3], {.padding = k / 2})};
          }};
}

GradCase transpose_case(const char* name, const Shape& x, const Shape& w, const ops::Conv2dOptions& options, bool bias = true) {
  GradCase c = {name, {{x}, {w}}, {}};
  if (bias) c.inputs.push_back({{w[3]}});
  c.fn = [options](const std::vector<Tensor>& in) {
    return std::vector<Tensor>{ops::conv_transpose2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), options)};
  };
  return c;
}

}  // namespace

GradCases conv_cases() {
  return {
      conv_case("conv2d.3x3", {2, 6, 5, 3}, {4, 3, 3, 3}, {.padding = 1}),
      conv_case("conv2d.no_bias", {1, 5, 7, 5}, {3, 3, 3, 5}, {.padding = 1}, false),
      conv_case("conv2d.1x1", {2, 5, 4, 9}, {7, 1, 1, 9}, {}),
      conv_case("conv2d.pixel_unshuffling", {2, 6, 4, 3}, {5, 2, 2, 3}, {.stride = 2}),
      conv_case("conv2d.7x7_two_channels", {1, 9, 8, 2}, {2, 7, 7, 2}, {.padding = 3}),
      conv_case("conv2d.one_channel", {1, 6, 9, 1}, {17, 3, 3, 1}, {.padding = 1}),
      conv_case("conv2d.dilated", {1, 9, 8, 2}, {3, 3, 3, 2}, {.padding = 3, .dilation = 3}),
      conv_case("conv2d.strided_left_over", {1, 8, 10, 2}, {3, 3, 3, 2}, {.stride = 3, .padding = 1}),
      conv_case("conv2d.grouped_5x5_stride2", {1, 9, 7, 6}, {9, 5, 5, 2}, {.stride = 2, .padding = 2, .groups = 3}),
      conv_case("conv2d.depthwise", {2, 6, 5, 19}, {19, 3, 3, 1}, {.padding = 1, .groups = 19}),
      conv_case("conv2d.leaky", {2, 5, 6, 8}, {9, 3, 3, 8}, {.padding = 1, .leaky_slope = 0.2}),
      conv_case("conv2d.leaky_no_bias", {1, 5, 6, 3}, {18, 1, 1, 3}, {.leaky_slope = 0.01}, false),
      conv_case("conv2d.13_bands", {1, 5, 6, 13}, {13, 3, 3, 13}, {.padding = 1}),
      conv_case("conv2d.from_102_bands", {1, 4, 5, 102}, {13, 3, 3, 102}, {.padding = 1, .leaky_slope = 0.2}),
      conv_case("conv2d.to_102_bands", {1, 4, 5, 13}, {102, 3, 3, 13}, {.padding = 1}),
      conv_case("conv2d.1x1_102_bands", {1, 3, 5, 102}, {102, 1, 1, 102}, {}),
      conv_case("conv2d.16_to_32", {2, 7, 9, 16}, {32, 3, 3, 16}, {.padding = 1, .leaky_slope = 0.2}),
      conv_case("conv2d.48_to_16_unpadded", {1, 6, 8, 48}, {16, 3, 3, 48}, {}, false),
      add_case("conv2d_add.16_leaky", {1, 5, 6, 16}, {16, 3, 3, 16}, {.padding = 1, .leaky_slope = 0.2}),
      add_case("conv2d_add.3_to_13", {2, 4, 5, 3}, {13, 3, 3, 3}, {.padding = 1}),
      gain_case("conv2d_gain.3x3", {1, 5, 6, 2}, {9, 3, 3, 2}, 1),
      gain_case("conv2d_gain.1x1", {1, 5, 6, 16}, {9, 1, 1, 16}, 0),
      blend_case("conv2d_blend.3x3", {1, 5, 6, 16}, 3),
      blend_case("conv2d_blend.1x1", {2, 3, 4, 5}, 1),
      transpose_case("conv_transpose2d.2x2_stride2", {2, 4, 3, 5}, {5, 2, 2, 3}, {.stride = 2}),
      transpose_case("conv_transpose2d.2x2_stride2_leaky", {1, 3, 5, 4}, {4, 2, 2, 17}, {.stride = 2, .leaky_slope = 0.1}),
      transpose_case("conv_transpose2d.3x3", {1, 5, 4, 3}, {3, 3, 3, 2}, {.padding = 1}, false),
      transpose_case("conv_transpose2d.4x4_stride2", {1, 3, 4, 2}, {2, 4, 4, 5}, {.stride = 2, .padding = 1, .leaky_slope = 0.2}),
  };
}

GradCases random_conv_cases(Dice& dice) {
  const std::int64_t k = dice.between(1, 4);
  const std::int64_t groups = dice.pick(std::array<std::int64_t, 4>{1, 1, 2, 3});
  ops::Conv2dOptions options = {.stride = dice.between(1, 2), .padding = dice.between(0, 3), .dilation = dice.between(1, 2)};
  options.groups = groups;
  options.leaky_slope = dice.coin() ? 0.2 : 1;
  Shape x = dice.image(1 + options.dilation * (k - 1), 10);
  x[3] = groups * (groups == 1 ? dice.channels() : dice.between(1, 9));
  const Shape w = {groups * (groups == 1 ? dice.channels() : dice.between(1, 9)), k, k, x[3] / groups};
  ops::Conv2dOptions back = {.stride = dice.between(1, 3), .padding = dice.between(0, (k - 1) / 2)};
  back.leaky_slope = options.leaky_slope;
  const Shape small = dice.image(2, 5);
  const Shape small_w = {small[3], k, k, dice.channels()};
  const bool bias = dice.coin();
  // Channels and sizes of Winograd's tiles, and around them.
  const Shape tiled = {dice.between(1, 2), dice.between(3, 13), dice.between(3, 13), 16 * dice.between(1, 3)};
  const Shape tiled_w = {16 * dice.between(1, 3), 3, 3, tiled[3]};
  ops::Conv2dOptions same = {.padding = dice.between(0, 2)};
  same.leaky_slope = options.leaky_slope;
  const Shape alike = {dice.between(1, 2), dice.between(3, 13), dice.between(3, 13), dice.coin() ? 16 : dice.channels()};
  return {conv_case("conv2d.random", x, w, options, bias),
          conv_case("conv2d.random_tiled", tiled, tiled_w, same, bias),
          add_case("conv2d_add.random", tiled, tiled_w, same),
          gain_case("conv2d_gain.random", tiled, tiled_w, same.padding),
          blend_case("conv2d_blend.random", alike, dice.coin() ? 3 : 1),
          transpose_case("conv_transpose2d.random", small, small_w, back, !bias)};
}

}  // namespace cf

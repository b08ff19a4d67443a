#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/layout.h"

namespace cf {
namespace {

using Tensors = std::vector<Tensor>;

GradCase permute_case(const char* variant, const Shape& shape, const std::vector<int>& order) {
  return {
      std::string("permute.") + variant, {{shape}}, [order](const Tensors& in) { return Tensors{ops::permute(in[0], order)}; }};
}

GradCase concat_case(const char* variant, const std::vector<Shape>& shapes, int axis) {
  GradCase c{std::string("concat.") + variant, {}, [axis](const Tensors& in) { return Tensors{ops::concat(in, axis)}; }};
  for (const Shape& shape : shapes) c.inputs.push_back({shape});
  return c;
}

GradCase pad_case(const char* variant, ops::Padding padding, ops::PadMode mode, const Shape& x = {2, 5, 4, 3}) {
  return {std::string("pad.") + variant, {{x}}, [padding, mode](const Tensors& in) {
            return Tensors{ops::pad(in[0], padding, mode)};
          }};
}

GradCase fftshift_case(const char* variant, const Shape& shape, bool inverse) {
  return {std::string("fftshift.") + variant, {{shape}}, [inverse](const Tensors& in) {
            return Tensors{ops::fftshift(in[0], inverse)};
          }};
}

GradCase slice_case(const char* variant, const Shape& x, int axis, std::int64_t begin, std::int64_t end) {
  return {
      std::string("slice.") + variant, {{x}}, [=](const Tensors& in) { return Tensors{ops::slice(in[0], axis, begin, end)}; }};
}

GradCase split_case(const char* variant, const Shape& x, int axis, const std::vector<std::int64_t>& sizes) {
  return {std::string("split.") + variant, {{x}}, [=](const Tensors& in) { return ops::split(in[0], axis, sizes); }};
}

GradCase shuffle_case(const char* variant, const Shape& x, std::int64_t r) {
  return {
      std::string("pixel_shuffle.") + variant, {{x}}, [r](const Tensors& in) { return Tensors{ops::pixel_shuffle(in[0], r)}; }};
}

GradCase unshuffle_case(const char* variant, const Shape& x, std::int64_t r) {
  return {std::string("pixel_unshuffle.") + variant, {{x}}, [r](const Tensors& in) {
            return Tensors{ops::pixel_unshuffle(in[0], r)};
          }};
}

}  // namespace

GradCases layout_cases() {
  return {
      {"reshape",
       {{{2, 3, 4}}},
       [](const Tensors& in) {
         return Tensors{ops::reshape(in[0], {4, -1})};
       }},
      permute_case("to_nchw", {2, 5, 3, 7}, {0, 3, 1, 2}),
      permute_case("to_nhwc", {2, 7, 5, 3}, {0, 2, 3, 1}),
      permute_case("transpose", {37, 19}, {1, 0}),
      permute_case("swap_outer", {3, 4, 5}, {1, 0, 2}),
      permute_case("reverse", {2, 3, 4, 5}, {-1, -2, -3, -4}),
      concat_case("channels", {{2, 3, 5, 4}, {2, 3, 5, 1}, {2, 3, 5, 9}}, -1),
      concat_case("radar_and_13_bands", {{1, 3, 5, 2}, {1, 3, 5, 13}}, -1),
      concat_case("102_bands", {{1, 2, 3, 102}, {1, 2, 3, 1}, {1, 2, 3, 13}}, -1),
      concat_case("rows", {{2, 3, 5}, {2, 1, 5}}, 1),
      concat_case("one", {{2, 3}}, 0),
      concat_case("wide", {{2, 3, 8}, {2, 3, 16}}, -1),
      slice_case("channels", {2, 3, 5, 11}, -1, 2, 9),
      slice_case("rows", {2, 6, 5}, 1, 0, 4),
      split_case("channels", {2, 3, 9}, -1, {4, 3, 2}),
      {"split.part_unused",
       {{{5, 3}}},
       [](const Tensors& in) {
         return Tensors{ops::split(in[0], 0, {2, 3})[1]};
       }},
      pad_case("zero", {2, 1, 0, 3}, ops::PadMode::zero),
      pad_case("reflect", {4, 2, 3, 1}, ops::PadMode::reflect),
      pad_case("replicate", {1, 6, 2, 0}, ops::PadMode::replicate),
      pad_case("wide", {1, 2, 0, 1}, ops::PadMode::reflect, {1, 4, 3, 8}),
      shuffle_case("2", {2, 3, 5, 12}, 2),
      shuffle_case("1", {1, 2, 3, 13}, 1),
      shuffle_case("3", {1, 2, 3, 9}, 3),
      unshuffle_case("2", {2, 4, 6, 3}, 2),
      fftshift_case("even", {2, 4, 6, 3}, false),
      fftshift_case("odd", {1, 5, 3, 2}, false),
      fftshift_case("complex_inverse", {1, 5, 4, 3, 2}, true),
  };
}

GradCases random_layout_cases(Dice& dice) {
  std::vector<int> order = {0, 1, 2, 3};
  for (std::size_t i = order.size() - 1; i > 0; --i) {
    std::swap(order[i], order[static_cast<std::size_t>(dice.between(0, static_cast<std::int64_t>(i)))]);
  }
  const Shape cut = dice.image(2);
  const auto axis = static_cast<int>(dice.between(0, 2)) % 2 + 1;  // of H and W, which have at least two elements
  const std::int64_t middle = dice.between(1, cut[axis] - 1);
  const std::int64_t begin = dice.between(0, middle - 1);
  const std::int64_t end = dice.between(middle, cut[axis]);
  std::vector<Shape> parts(static_cast<std::size_t>(dice.between(1, 4)), dice.image());
  for (Shape& part : parts) part[3] = dice.channels();
  const Shape padded = dice.image(3);
  const auto mode = dice.pick(std::array{ops::PadMode::zero, ops::PadMode::reflect, ops::PadMode::replicate});
  const ops::Padding padding = {dice.between(0, 2), dice.between(0, 2), dice.between(0, 2), dice.between(0, 2)};
  const std::int64_t r = dice.between(2, 3);
  const Shape coarse = dice.image(1, 4);
  const Shape rolled_image = dice.image();
  return {
      permute_case("random", dice.image(), order),
      concat_case("random", parts, -1),
      slice_case("random", cut, axis, begin, end),
      split_case("random", cut, axis, {middle, cut[axis] - middle}),
      pad_case("random", padding, mode, padded),
      shuffle_case("random", {coarse[0], coarse[1], coarse[2], dice.between(1, 5) * r * r}, r),
      unshuffle_case("random", {coarse[0], coarse[1] * r, coarse[2] * r, coarse[3]}, r),
      fftshift_case("random", rolled_image, dice.coin()),
  };
}

}  // namespace cf

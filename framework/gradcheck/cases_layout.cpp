#include "framework/gradcheck/case.h"
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

GradCase pad_case(const char* variant, ops::Padding padding, ops::PadMode mode) {
  return {std::string("pad.") + variant, {{{2, 5, 4, 3}}}, [padding, mode](const Tensors& in) {
            return Tensors{ops::pad(in[0], padding, mode)};
          }};
}

GradCase fftshift_case(const char* variant, const Shape& shape, bool inverse) {
  return {std::string("fftshift.") + variant, {{shape}}, [inverse](const Tensors& in) {
            return Tensors{ops::fftshift(in[0], inverse)};
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
      concat_case("rows", {{2, 3, 5}, {2, 1, 5}}, 1),
      concat_case("one", {{2, 3}}, 0),
      {"slice.channels", {{{2, 3, 5, 11}}}, [](const Tensors& in) { return Tensors{ops::slice(in[0], -1, 2, 9)}; }},
      {"slice.rows", {{{2, 6, 5}}}, [](const Tensors& in) { return Tensors{ops::slice(in[0], 1, 0, 4)}; }},
      {"split.channels",
       {{{2, 3, 9}}},
       [](const Tensors& in) {
         return ops::split(in[0], -1, {4, 3, 2});
       }},
      {"split.part_unused",
       {{{5, 3}}},
       [](const Tensors& in) {
         return Tensors{ops::split(in[0], 0, {2, 3})[1]};
       }},
      pad_case("zero", {2, 1, 0, 3}, ops::PadMode::zero),
      pad_case("reflect", {4, 2, 3, 1}, ops::PadMode::reflect),
      pad_case("replicate", {1, 6, 2, 0}, ops::PadMode::replicate),
      {"pixel_shuffle.2", {{{2, 3, 5, 12}}}, [](const Tensors& in) { return Tensors{ops::pixel_shuffle(in[0], 2)}; }},
      {"pixel_shuffle.3", {{{1, 2, 3, 9}}}, [](const Tensors& in) { return Tensors{ops::pixel_shuffle(in[0], 3)}; }},
      {"pixel_unshuffle.2", {{{2, 4, 6, 3}}}, [](const Tensors& in) { return Tensors{ops::pixel_unshuffle(in[0], 2)}; }},
      fftshift_case("even", {2, 4, 6, 3}, false),
      fftshift_case("odd", {1, 5, 3, 2}, false),
      fftshift_case("complex_inverse", {1, 5, 4, 3, 2}, true),
  };
}

}  // namespace cf

// How a parameter is filled before training.
#pragma once

#include <cstdint>
#include <string_view>

#include "framework/tensor/tensor.h"

namespace cf {

struct Init {
  enum class Kind : std::uint8_t { constant, uniform, normal, kaiming_uniform, kaiming_normal };
  Kind kind = Kind::constant;
  // constant: the value; uniform: the bound b of [-b, b); normal: the standard deviation; kaiming: the slope of the LeakyReLU
  // that the gain allows for (0: ReLU).
  double value = 0;
  double scale = 1;  // multiplies every number drawn

  static Init constant(double v) { return {Kind::constant, v}; }
  static Init zeros() { return constant(0); }
  static Init ones() { return constant(1); }
  static Init uniform(double bound) { return {Kind::uniform, bound}; }
  static Init normal(double deviation) { return {Kind::normal, deviation}; }
  // He et al. 2015, by fan in.
  static Init kaiming_normal(double slope) { return {Kind::kaiming_normal, slope}; }
  static Init kaiming_uniform(double slope) { return {Kind::kaiming_uniform, slope}; }
  Init scaled(double factor) const { return {kind, value, scale * factor}; }
};

// Inputs that one output sums over: the elements of a weight (O, ...) per O.
std::int64_t fan_in(const Shape& weight);

// Fills `t`, f32 or f64 on the host. The numbers are functions of (seed, name, index) alone: a parameter starts the same
// whatever is built before or beside it, and f32 is f64 rounded.
void fill(const Tensor& t, const Init& init, std::uint64_t seed, std::string_view name);

}  // namespace cf

#include "framework/nn/gradcheck_cases.h"

#include <memory>

#include "framework/nn/layers.h"

namespace cf {
namespace {

// A case of one input: `make(scope)` builds the layer, `call(layer, x)` applies it.
template <class Make, class Call>
GradCase layer_case(const char* name, const Shape& input, Make make, Call call) {
  GradCase c;
  c.name = name;
  c.inputs = {{input}};
  c.bind = [make, call](DType dtype, Device device) {
    const auto store = std::make_shared<ParamStore>(dtype, device);
    const auto layer = make(Scope(*store, 1));
    store->pack();
    // The store is captured to outlive the function.
    return BoundFn{[store, layer, call](const std::vector<Tensor>& in) { return std::vector{call(layer, in[0])}; },
                   store->params()};
  };
  return c;
}

template <class Make>
GradCase layer_case(const char* name, const Shape& input, Make make) {
  return layer_case(name, input, make, [](const auto& layer, const Tensor& x) { return layer(x); });
}

// Running statistics are copied before each call, so that the function stays pure.
Tensor batch_norm_of_copy(const BatchNorm& layer, const Tensor& x, bool training) {
  BatchNorm copy = layer;
  copy.state = {layer.state.mean.clone(), layer.state.var.clone()};
  return copy(x, training);
}

}  // namespace

GradCases layer_cases() {
  ops::Conv2dOptions strided = same_padding(3, 0.2);
  strided.stride = 2;
  ops::Conv2dOptions grouped = same_padding(3);
  grouped.groups = 2;
  ops::Conv2dOptions doubling;
  doubling.stride = 2;
  const auto batch_norm = [](const Scope& s) { return BatchNorm(s, 3); };
  return {
      layer_case("Conv2d", {2, 5, 6, 3}, [](const Scope& s) { return Conv2d(s, 3, 4, 3, same_padding(3)); }),
      layer_case("Conv2d.strided", {1, 7, 6, 3}, [=](const Scope& s) { return Conv2d(s, 3, 5, 3, strided); }),
      layer_case("Conv2d.grouped", {1, 5, 5, 4}, [=](const Scope& s) { return Conv2d(s, 4, 6, 3, grouped); }),
      layer_case("Conv2d.no_bias", {1, 4, 5, 3}, [](const Scope& s) { return Conv2d(s, 3, 2, 1, {}, {.with_bias = false}); }),
      layer_case("ConvTranspose2d", {1, 3, 4, 3}, [=](const Scope& s) { return ConvTranspose2d(s, 3, 5, 2, doubling); }),
      layer_case("Linear", {2, 3, 5}, [](const Scope& s) { return Linear(s, 5, 4); }),
      layer_case("LayerNorm", {2, 3, 5}, [](const Scope& s) { return LayerNorm(s, 5); }),
      layer_case("GroupNorm", {2, 3, 4, 6}, [](const Scope& s) { return GroupNorm(s, 3, 6); }),
      layer_case("BatchNorm.training", {2, 4, 3, 3}, batch_norm,
                 [](const BatchNorm& b, const Tensor& x) { return batch_norm_of_copy(b, x, true); }),
      layer_case("BatchNorm.evaluation", {2, 4, 3, 3}, batch_norm,
                 [](const BatchNorm& b, const Tensor& x) { return batch_norm_of_copy(b, x, false); }),
      layer_case("PRelu", {2, 4, 3, 5}, [](const Scope& s) { return PRelu(s, 5); }),
      layer_case("PRelu.shared", {2, 4, 3, 5}, [](const Scope& s) { return PRelu(s); }),
  };
}

}  // namespace cf

#include "framework/nn/layers.h"

#include <doctest/doctest.h>

#include <set>

#include "framework/autograd/engine.h"
#include "framework/gradcheck/run.h"
#include "framework/nn/gradcheck_cases.h"

using namespace cf;

TEST_CASE("gradients of layers agree with finite differences") {
  for (const GradCase& c : layer_cases()) {
    for (const DType dtype : {DType::f64, DType::f32}) {
      CAPTURE(c.name);
      const GradCheckResult r = check_gradient(c, {.dtype = dtype});
      CHECK_MESSAGE(r.passed, r.message);
    }
  }
}

TEST_CASE("a wrong gradient makes a layer's case fail") {
  for (const GradCase& c : layer_cases()) {
    CAPTURE(c.name);
    const BackwardFault convolution("conv2d", 1.001);
    const BackwardFault transposed("conv_transpose2d", 1.001);
    const BackwardFault product("linear", 1.001);
    const BackwardFault layer("layer_norm", 1.001);
    const BackwardFault group("group_norm", 1.001);
    const BackwardFault batch("batch_norm", 1.001);
    const BackwardFault slope("prelu", 1.001);
    CHECK_FALSE(check_gradient(c, {.explain = false}).passed);
  }
}

TEST_CASE("every layer has a gradient case") {
  std::set<std::string> covered;
  for (const GradCase& c : layer_cases()) covered.insert(c.name.substr(0, c.name.find('.')));
  CHECK(covered == std::set<std::string>{"BatchNorm", "Conv2d", "ConvTranspose2d", "GroupNorm", "LayerNorm", "Linear", "PRelu"});
}

TEST_CASE("layers have the documented shapes") {
  ParamStore store;
  const Scope s(store, 1);
  ops::Conv2dOptions doubling;
  doubling.stride = 2;
  const Conv2d conv(s.child("conv"), 3, 8, 5, same_padding(5));
  const ConvTranspose2d up(s.child("up"), 3, 8, 2, doubling);
  const Linear linear(s.child("linear"), 3, 7);
  const Tensor x = Tensor::full({2, 6, 4, 3}, 0.5);
  CHECK(conv(x).shape() == Shape{2, 6, 4, 8});
  CHECK(conv.weight.shape() == Shape{8, 5, 5, 3});
  CHECK(up(x).shape() == Shape{2, 12, 8, 8});
  CHECK(up.weight.shape() == Shape{3, 2, 2, 8});
  CHECK(linear(x).shape() == Shape{2, 6, 4, 7});
  CHECK(LayerNorm(s.child("ln"), 3)(x).shape() == x.shape());
  CHECK(GroupNorm(s.child("gn"), 3, 3)(x).shape() == x.shape());
  CHECK(PRelu(s.child("act"))(x).to_vector<float>() == x.to_vector<float>());
  CHECK_FALSE(Conv2d(s.child("bare"), 3, 8, 1, {}, {.with_bias = false}).bias.defined());
  CHECK_FALSE(store.find("bare.bias").defined());
  CHECK_THROWS_WITH_AS(same_padding(4), doctest::Contains("odd"), Error);
}

TEST_CASE("batch norm moves its running statistics in training only") {
  ParamStore store;
  const BatchNorm norm(Scope(store, 1).child("bn"), 1);
  const Tensor x = Tensor::from<float>({4, 1}, {1, 2, 3, 4});
  norm(x, false);
  CHECK(store.at("bn.running_mean").item() == 0);
  norm(x, true);
  CHECK(store.at("bn.running_mean").item() == doctest::Approx(0.25));
  CHECK(store.at("bn.running_var").item() == doctest::Approx(0.9 + 0.1 * 5.0 / 3));  // unbiased
}

#include "framework/nn/block.h"

#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/precision.h"
#include "framework/ops/reduce.h"

using namespace cf;

namespace {

// weight x, and under which precisions it was called.
struct Scaling {
  Scaling(const Scope& scope, std::vector<bool>& seen) : weight(scope.param("weight", {1}, Init::ones())), mixed(&seen) {}
  Tensor operator()(const Tensor& x) const {
    mixed->push_back(ops::mixed_precision());
    return ops::mul(ops::square(x), weight);
  }

  Tensor weight;
  std::vector<bool>* mixed;
};

}  // namespace

TEST_CASE("a block runs again in the backward pass, under the precisions of its call, where it is asked to") {
  for (const bool recomputed : {false, true}) {
    for (const bool mixed : {false, true}) {
      CAPTURE(recomputed);
      CAPTURE(mixed);
      ParamStore store;
      std::vector<bool> seen;
      const Scope scope(store, 1);
      const Tensor other = scope.param("scaling2", {1}, Init::ones());
      const Block<Scaling> block(recomputed, scope.child("scaling"), seen);
      store.pack();
      CHECK(store.params().back().first == "scaling.weight");
      const Tensor x = Tensor::full({3}, 2);
      Tensor sum;
      {
        const ops::MixedPrecision guard(mixed);
        sum = ops::sum(block(x));
      }
      CHECK(seen == std::vector<bool>{mixed});
      backward(sum);
      CHECK(seen == std::vector<bool>(recomputed ? 2 : 1, mixed));
      CHECK(block->weight.grad().to_vector<float>() == std::vector<float>{12});
      CHECK(other.grad().to_vector<float>() == std::vector<float>{0});
    }
  }
}

TEST_CASE("a scope lists what lies below it, not what begins like it") {
  ParamStore store;
  const Scope scope(store, 1);
  for (const char* name : {"stage1", "stage10"}) scope.child(name).param("weight", {2}, Init::zeros());
  scope.child("stage1").child("inner").param("weight", {3}, Init::zeros());
  const std::vector<Tensor> below = scope.child("stage1").params();
  REQUIRE(below.size() == 2);
  CHECK(below[0].numel() == 2);
  CHECK(below[1].numel() == 3);
  CHECK(scope.params().size() == 3);
}

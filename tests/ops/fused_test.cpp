// Each fused operator against the composite that it replaces, forward and backward, on both backends.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framework/autograd/engine.h"
#include "framework/core/rng.h"
#include "framework/ops/ops.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

using Tensors = std::vector<Tensor>;

struct Twin {
  const char* name;
  std::size_t inputs;
  Tensor (*fused)(const Tensors&);
  Tensor (*composite)(const Tensors&);
};

const Twin kTwins[] = {
    {"gated_blend", 3, [](const Tensors& in) { return ops::gated_blend(in[0], in[1], in[2]); },
     [](const Tensors& in) {
       const Tensor s = ops::sigmoid(in[0]);
       return ops::add(ops::mul(s, in[1]), ops::mul(ops::affine(s, -1, 1), in[2]));
     }},
    {"channel_max_mean", 1, [](const Tensors& in) { return ops::channel_max_mean(in[0]); },
     [](const Tensors& in) {
       return ops::concat({ops::max(in[0], {-1}), ops::mean(in[0], {-1})});
     }},
};

// Rounded to eighths, so that maxima tie.
Tensor coarse_noise(const Shape& shape, std::uint64_t salt, DType dtype) {
  const Philox rng = make_rng(4, RngStream::test, salt);
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::round(8 * rng.normal(i)) / 8;
  return Tensor::from(shape, values).to(dtype);
}

// The result, then the gradients of the inputs.
Tensors evaluate(Tensor (*fn)(const Tensors&), const Tensors& values) {
  Tensors inputs;
  for (const Tensor& v : values) inputs.push_back(v.clone().set_requires_grad());
  Tensors all = {fn(inputs)};
  backward(all[0], coarse_noise(all[0].shape(), 99, all[0].dtype()));
  for (const Tensor& in : inputs) all.push_back(in.grad());
  return all;
}

}  // namespace

TEST_CASE("fused operators equal their composites") {
  for (const Twin& twin : kTwins) {
    for (const Shape& shape : {Shape{2, 3, 5, 32}, Shape{2, 31, 33, 8}, Shape{3, 7, 37}, Shape{5, 1}}) {
      for (const auto& [backend, dtype, tolerance] :
           {std::tuple{Backend::reference, DType::f64, 1e-14}, std::tuple{Backend::reference, DType::f32, 1e-6},
            std::tuple{Backend::cpu, DType::f32, 1e-6}}) {
        CAPTURE(twin.name);
        CAPTURE(shape.str());
        const UseKernels use(backend);
        Tensors values;
        for (std::size_t i = 0; i < twin.inputs; ++i) values.push_back(coarse_noise(shape, i, dtype));
        const Tensors fused = evaluate(twin.fused, values);
        const Tensors composite = evaluate(twin.composite, values);
        for (std::size_t i = 0; i < fused.size(); ++i) CHECK(test::relative_error(fused[i], composite[i]) < tolerance);
      }
    }
  }
}

TEST_CASE("the channels' maximum is NaN where one of them is") {
  for (const Backend backend : {Backend::reference, Backend::cpu}) {
    const UseKernels use(backend);
    for (const std::size_t place : {0, 9, 18}) {
      const Tensor x = coarse_noise({2, 19}, 0, DType::f32);
      x.span<float>()[place] = std::numeric_limits<float>::quiet_NaN();
      const auto y = ops::channel_max_mean(x).to_vector<float>();
      CHECK(std::isnan(y[0]));
      CHECK(std::isnan(y[1]));
      CHECK_FALSE(std::isnan(y[2]));
    }
  }
}

TEST_CASE("fused operators refuse what does not fit") {
  const Tensor x = Tensor::zeros({2, 3});
  CHECK_THROWS_WITH_AS(ops::gated_blend(x, x, Tensor::zeros({3})), doctest::Contains("gated_blend"), Error);
  CHECK_THROWS_WITH_AS(ops::gated_blend(x, Tensor::zeros({2, 3}, DType::f64), x), doctest::Contains("f64"), Error);
  CHECK_THROWS_WITH_AS(ops::channel_max_mean(Tensor::zeros({3, 0})), doctest::Contains("channel"), Error);
}

// Weights are packed once and kept: nothing that changes them may go unseen.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "framework/core/rng.h"
#include "framework/ops/conv.h"
#include "kernels/cpu/conv_weights.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

Tensor noise(const Shape& shape, std::uint64_t salt) {
  const Philox rng = make_rng(11, RngStream::test, salt);
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = rng.normal(i);
  return Tensor::from(shape, values).to(DType::f32);
}

// Every convolution that packs weights: fused and plain ones without a graph, one in training, both gradients of the input.
std::vector<Tensor> convolve(const Tensor& weight, Backend backend) {
  const UseKernels use(backend);
  const ConvKernels& k = kernel_table(backend).conv;
  const Tensor x = noise({1, 16, 16, 16}, 1);
  const Tensor dy = noise({1, 16, 16, 32}, 2);
  const Tensor added = noise(dy.shape(), 3);
  std::vector<Tensor> results = {ops::conv2d(x, weight, {}, {.padding = 1}),
                                 ops::conv2d_add(x, weight, {}, added, {.padding = 1})};
  for (const bool recorded : {true, false}) {
    results.push_back(Tensor::empty(dy.shape()));
    k.conv2d_fwd({.padding = 1, .recorded = recorded}, x.cview(), weight.cview(), {}, results.back().view());
  }
  results.push_back(Tensor::empty(x.shape()));
  k.conv2d_dgrad({.padding = 1}, dy.cview(), weight.cview(), results.back().view());
  // Few pixels: oneDNN's.
  const Tensor small = noise({1, 3, 3, 32}, 4);
  results.push_back(Tensor::empty({1, 3, 3, 16}));
  k.conv2d_dgrad({.padding = 1}, small.cview(), weight.cview(), results.back().view());
  return results;
}

void check_convolutions(const char* what, const Tensor& weight) {
  CAPTURE(what);
  const std::vector<Tensor> got = convolve(weight, Backend::cpu);
  const std::vector<Tensor> want = convolve(weight, Backend::reference);
  for (std::size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i);
    CHECK(test::relative_error(got[i], want[i]) < 2e-6);
  }
}

}  // namespace

TEST_CASE("packed weights follow the weights however these change") {
  const Tensor weight = noise({32, 3, 3, 16}, 5);
  check_convolutions("fresh", weight);
  check_convolutions("unchanged", weight);
  weight.span<float>().back() += 3;
  check_convolutions("one element, by its pointer", weight);
  weight.span<float>().front() = -weight.span<float>().front();
  check_convolutions("a sign", weight);
  weight.copy_from(noise(weight.shape(), 6));
  check_convolutions("copied from another", weight);
  const Tensor kept = weight.clone();
  weight.fill_zero();
  check_convolutions("zeroed", weight);
  weight.copy_from(kept);
  check_convolutions("brought back", weight);

  const Tensor gradient = noise(weight.shape(), 7);
  const Tensor moments[] = {Tensor::full(weight.shape(), 0), Tensor::full(weight.shape(), 1)};
  const Tensor values = Tensor::from<double>({kStepValues}, std::vector<double>{0.1, 1, 1, 0.5});
  StepFrame frame;
  frame.values = values.cview();
  for (int step = 0; step < 3; ++step) {
    kernel_table(Backend::cpu).optim.adam({}, frame, weight.view(), gradient.cview(), moments[0].view(), moments[1].view());
    check_convolutions("an optimizer's step", weight);
  }
  const Tensor average = noise(weight.shape(), 8);
  weight.rebind(average);
  check_convolutions("other memory", weight);
}

TEST_CASE("packed weights are told apart where one memory serves several") {
  const Tensor memory = noise({576}, 9);
  const float* data = memory.span<float>().data();
  const auto pack_as = [&](cpu::WeightLayout layout, std::int64_t count, float value) {
    return cpu::packed_weight({data, count, layout}, count, [&](float* to) { std::fill_n(to, count, value); })->data()[0];
  };
  CHECK(pack_as(cpu::WeightLayout::direct, 288, 1) == 1);
  CHECK(pack_as(cpu::WeightLayout::winograd, 288, 2) == 2);
  CHECK(pack_as(cpu::WeightLayout::direct, 576, 3) == 3);
  CHECK(pack_as(cpu::WeightLayout::direct, 288, 4) == 1);
  memory.span<float>()[287] += 1;
  CHECK(pack_as(cpu::WeightLayout::direct, 288, 4) == 4);
  CHECK(pack_as(cpu::WeightLayout::winograd, 288, 5) == 5);
}

TEST_CASE("packed weights are bounded, and stay with those who still read them") {
  constexpr std::int64_t kCount = 1 << 20;  // 8 MB each, with its copy
  std::vector<Tensor> weights;
  std::vector<cpu::PackedWeight> held;
  for (int i = 0; i < 12; ++i) {
    weights.push_back(Tensor::full({kCount}, i));
    held.push_back(cpu::packed_weight({weights.back().span<float>().data(), kCount, cpu::WeightLayout::direct}, kCount,
                                      [i](float* to) { std::fill_n(to, kCount, static_cast<float>(-i)); }));
    CHECK(cpu::packed_weight_bytes() <= std::size_t{64} << 20U);
  }
  for (int i = 0; i < 12; ++i) CHECK(held[static_cast<std::size_t>(i)]->data()[kCount - 1] == static_cast<float>(-i));
}

TEST_CASE("packed weights may be asked for by many threads while others change theirs") {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  const Tensor shared = Tensor::full({4096}, 7);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      const Tensor own = Tensor::full({4096}, 0);
      for (int step = 1; step <= 200; ++step) {
        for (float& v : own.span<float>()) v = static_cast<float>(step);
        for (const Tensor* weight : {&own, &shared}) {
          const float* data = weight->span<float>().data();
          const auto packed =
              cpu::packed_weight({data, 4096, cpu::WeightLayout::direct}, 4096, [&](float* to) { std::copy_n(data, 4096, to); });
          if (packed->data()[4095] != data[4095]) ++wrong[t];
        }
      }
    });
  }
  for (std::thread& t : threads) t.join();
  for (const int w : wrong) CHECK(w == 0);
}

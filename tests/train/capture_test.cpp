// Recorded work, on an emulated device.
#ifdef CF_EMULATED
#include <doctest/doctest.h>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/capture/graphed_step.h"
#include "framework/core/profile.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/loss.h"
#include "kernels/cuda/emulator/fake_gpu.h"
#include "tests/harness/temp_folder.h"

namespace cf::test {
namespace {

using emulator::FakeGpu;

constexpr Device kGpu{Device::Kind::cuda, 0};

Tensor pair(float a, float b) { return Tensor::from({2}, std::vector<float>{a, b}).to(kGpu); }

TEST_CASE("capture: recorded work reads its input anew each time") {
  const FakeGpu gpu;
  const Tensor x = pair(0, 0);
  int calls = 0;
  GraphedStep step(kGpu, "the sum", [&] {
    ++calls;
    return std::vector<Tensor>{ops::add(ops::mul(x, x), x)};
  });
  for (int i = 0; i < 7; ++i) {
    x.copy_from(pair(static_cast<float>(i), 2));
    const auto values = step.run().front().to_vector<float>();
    CHECK(values == std::vector<float>{static_cast<float>(i * i + i), 6});
    CHECK(step.recorded() == (i >= 3));
  }
  CHECK(calls == 4);
  CHECK(step.size() >= 2);
  CHECK(step.memory().live_bytes > 0);
}

TEST_CASE("capture: memory of recorded work is its own") {
  const FakeGpu gpu;
  const Tensor x = pair(3, 4);
  GraphedStep step(kGpu, "the square", [&] { return std::vector<Tensor>{ops::add(ops::mul(x, x), x)}; });
  for (int i = 0; i < 4; ++i) step.run();
  for (int i = 0; i < 3; ++i) {
    std::vector<Tensor> others;
    for (int n = 0; n < 50; ++n) others.push_back(Tensor::full({2}, 7, DType::f32, kGpu));
    CHECK(step.run().front().to_vector<float>() == std::vector<float>{12, 20});
    for (const Tensor& other : others) CHECK(other.to_vector<float>() == std::vector<float>{7, 7});
  }
}

// An operator that looks at its input, or whose derivative does.
Tensor curious(const Tensor& x, bool forward) {
  const OpRange range("curious");
  if (forward) x.to_vector<float>();
  const Tensor y = x.clone();
  record("curious", {x}, {y}, [forward](const Backward& bw) {
    if (!forward) bw.dy().to_vector<float>();
    return Grads{bw.dy()};
  });
  return y;
}

TEST_CASE("capture: what waits is refused with the operator's name") {
  const FakeGpu gpu;
  const Tensor x = pair(3, 4);
  x.set_requires_grad();
  for (const bool forward : {true, false}) {
    CAPTURE(forward);
    GraphedStep step(kGpu, "the training step", [&] {
      const Tensor y = ops::mse_loss(curious(ops::mul(x, x), forward), x.detach());
      backward(y);
      return std::vector<Tensor>{y.detach()};
    });
    for (int i = 0; i < 3; ++i) step.run();
    const std::string error = error_of([&] { step.run(); });
    CHECK(contains(error, "capture: the training step cannot be recorded, at "));
    CHECK(contains(error, forward ? "operator 'curious'" : "the gradient of 'curious'"));
    CHECK(contains(error, "the host waits for the device"));
    CHECK(contains(error, "capture=false"));
    // The device works as before.
    CHECK(ops::mul(x, x).to_vector<float>() == std::vector<float>{9, 16});
  }
}

TEST_CASE("capture: the CPU cannot") {
  CHECK(contains(error_of([] { GraphedStep({}, "the training step", [] { return std::vector<Tensor>{}; }); }),
                 "the training step would run on the CPU"));
}

TEST_CASE("capture: no room for memory of its own") {
  const FakeGpu gpu(std::size_t{20} << 20U);
  const Tensor x = Tensor::zeros({1 << 20}, DType::f32, kGpu);  // 4 of 20 MiB, in a segment of 8
  GraphedStep step(kGpu, "the training step", [&] { return std::vector<Tensor>{ops::mul(ops::add(x, x), ops::add(x, x))}; });
  const std::string error = error_of([&] {
    for (int i = 0; i < 4; ++i) step.run();
  });
  CHECK(contains(error, "out of memory on cuda:0"));
  CHECK(contains(error, "for recorded work"));
}

}  // namespace
}  // namespace cf::test
#endif

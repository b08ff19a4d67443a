// Tensors on a device that is not the CPU: placement, copies, errors. The device is emulated.
#include <doctest/doctest.h>

#include "kernels/devices.h"

#ifdef CF_EMULATED
#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/ops/activation.h"
#include "framework/ops/elementwise.h"
#include "kernels/cuda/emulator/fake_gpu.h"

using namespace cf;
using emulator::FakeGpu;

namespace {

constexpr Device kGpu{Device::Kind::cuda, 0};
constexpr Device kOther{Device::Kind::cuda, 1};

Tensor ramp(std::int64_t n) {
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) - 3;
  return Tensor::from({n}, values);
}

}  // namespace

TEST_CASE("devices are found by name") {
  CHECK(find_device("cpu").device == Device{});
  const FoundDevice none = find_device("auto");
  CHECK(none.device == Device{});
  CHECK(none.why.find("CUDA") != std::string::npos);
  CHECK_THROWS_WITH_AS(find_device("cuda"), doctest::Contains("\"device\": \"cpu\""), Error);
  for (const char* name : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1", ""}) {
    CAPTURE(name);
    CHECK_THROWS_WITH_AS(find_device(name), doctest::Contains("expected auto, cpu, cuda or cuda:N"), Error);
  }
  const FakeGpu gpu;
  CHECK(find_device("auto").device == kGpu);
  CHECK(find_device("auto").why.empty());
  CHECK(find_device("cuda:1").device == kOther);
  CHECK_THROWS_WITH_AS(find_device("cuda:7"), doctest::Contains("cuda:0 to cuda:1"), Error);
}

TEST_CASE("values go to a device and come back") {
  const FakeGpu gpu;
  const Tensor host = ramp(37);
  const Tensor there = host.to(kGpu);
  CHECK(there.device() == kGpu);
  CHECK(there.storage()->device() == kGpu);
  CHECK(there.to_vector<float>() == host.to_vector<float>());
  CHECK(there.to(kOther).to(Device{}).to_vector<float>() == host.to_vector<float>());
  CHECK(there.clone().to_vector<float>() == host.to_vector<float>());
  CHECK(host.to(Device{}).storage() == host.storage());
  CHECK(Tensor::full({1}, 2.5, DType::bf16, kGpu).item() == 2.5);
  CHECK(Tensor::zeros({5}, DType::f32, kGpu).to_vector<float>() == std::vector<float>(5, 0));
  CHECK(there.to(DType::bf16).to(DType::f32).to_vector<float>() == host.to_vector<float>());
}

TEST_CASE("the host does not read a device's memory") {
  const FakeGpu gpu;
  const Tensor there = ramp(4).to(kGpu);
  CHECK_THROWS_WITH_AS(there.span<float>(), doctest::Contains("cuda:0"), Error);
  CHECK_THROWS_AS(ops::mul(there, ramp(4)), Error);
  CHECK_THROWS_AS(ops::exp(there.to(DType::f64)), Error);
}

TEST_CASE("operators and gradients stay on the device without waiting") {
  const FakeGpu gpu;
  const Tensor x = ramp(37).to(kGpu).set_requires_grad();
  const long before = FakeGpu::waits();
  const Tensor y = ops::mul(ops::sigmoid(x), x);
  backward(y, Tensor::full({37}, 1, DType::f32, kGpu));
  CHECK(FakeGpu::waits() == before);
  const Tensor host = ramp(37).set_requires_grad();
  const Tensor z = ops::mul(ops::sigmoid(host), host);
  backward(z, Tensor::full({37}, 1));
  const auto got = x.grad().to_vector<float>();
  const auto want = host.grad().to_vector<float>();
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(want[i]).epsilon(1e-6));
}

TEST_CASE("a device that is full says what holds its memory") {
  constexpr std::size_t kMemory = std::size_t{16} << 20U;
  const FakeGpu gpu(kMemory);
  const Tensor held = Tensor::empty({1 << 20}, DType::f32, kGpu);
  try {
    Tensor::empty({1 << 24}, DType::f32, kGpu);
    FAIL("allocated more than there is");
  } catch (const Error& e) {
    const std::string message = e.what();
    for (const char* part : {"cuda:0", "64.0 MiB asked for", "live", "cached", "peak", "train.batch"}) {
      CAPTURE(message);
      CHECK(message.find(part) != std::string::npos);
    }
  }
  // What fits is still to be had.
  CHECK(Tensor::empty({1 << 20}, DType::f32, kGpu).defined());
}

TEST_CASE("memory can come from a pool of one's own") {
  const FakeGpu gpu;
  CachingAllocator pool(std::unique_ptr<RawSource>(services_of(kGpu).new_source(0)));
  Tensor inside;
  {
    const UseAllocator use(kGpu, pool);
    inside = Tensor::empty({100}, DType::f32, kGpu);
    Tensor::empty({100});  // the CPU's is its own
  }
  CHECK(pool.stats().live_bytes >= 400);
  const std::size_t live = pool.stats().live_bytes;
  const Tensor outside = Tensor::empty({100}, DType::f32, kGpu);
  CHECK(pool.stats().live_bytes == live);
  inside = Tensor();
  CHECK(pool.stats().live_bytes == 0);
}

TEST_CASE("work is recorded and started again on what then lies in its memory") {
  const FakeGpu gpu;
  const DeviceServices& services = services_of(kGpu);
  const Tensor x = ramp(5).to(kGpu);
  const Tensor y = Tensor::zeros({5}, DType::f32, kGpu);
  services.record_begin(0);
  CHECK(services.recording(0));
  CHECK_THROWS_WITH_AS(x.to_vector<float>(), doctest::Contains("cannot be recorded"), Error);
  y.copy_from(ops::affine(x, 2, 1));
  const std::unique_ptr<RecordedWork> work(services.record_end(0));
  CHECK(work->size() == 2);
  CHECK(y.to_vector<float>() == std::vector<float>(5, 0));
  work->launch();
  CHECK(y.to_vector<float>() == std::vector<float>{-5, -3, -1, 1, 3});
  x.copy_from(Tensor::full({5}, 10));
  work->launch();
  CHECK(y.to_vector<float>() == std::vector<float>(5, 21));
}
#endif

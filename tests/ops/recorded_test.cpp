// Recorded work reads what it depends on anew at every start.
#include <doctest/doctest.h>

#ifdef CF_EMULATED
#include <memory>

#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/ops/activation.h"
#include "framework/ops/fft.h"
#include "framework/ops/patches.h"
#include "framework/ops/resize.h"
#include "kernels/cuda/emulator/fake_gpu.h"

using namespace cf;
using emulator::FakeGpu;

namespace {

constexpr Device kGpu{Device::Kind::cuda, 0};

// What `fn` queues, in memory of its own, kept for later starts. `fn` gives the result.
template <class F>
class Recorded {
 public:
  explicit Recorded(F fn) : pool_(std::unique_ptr<RawSource>(services_of(kGpu).new_source(0))) {
    const UseAllocator use(kGpu, pool_);
    services_of(kGpu).record_begin(0);
    try {
      result_ = fn();
    } catch (...) {
      services_of(kGpu).record_abandon(0);
      throw;
    }
    work_.reset(services_of(kGpu).record_end(0));
  }
  std::vector<float> start() {
    work_->launch();
    return result_.template to_vector<float>();
  }

 private:
  CachingAllocator pool_;
  std::unique_ptr<RecordedWork> work_;
  Tensor result_;
};

Tensor ramp(const Shape& shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 17) - 3;
  return Tensor::from(shape, values);
}

}  // namespace

TEST_CASE("recorded dropout draws anew when the step in memory counts on") {
  const FakeGpu gpu;
  const Tensor x = Tensor::full({64}, 1);
  const Tensor there = x.to(kGpu);
  const Tensor step = Tensor::zeros({1}, DType::i64, kGpu);
  Recorded work([&] { return ops::dropout(there, 0.5, 3, 40, step); });
  for (const std::int64_t s : {0, 5, 6}) {
    step.copy_from(Tensor::from<std::int64_t>({1}, {s}));
    CHECK(work.start() == ops::dropout(x, 0.5, 3, 40 + static_cast<std::uint64_t>(s)).to_vector<float>());
  }
}

TEST_CASE("recorded gathering takes the samples that the indices name at each start") {
  const FakeGpu gpu;
  const Tensor set = ramp({3, 2, 2, 4});
  const Tensor there = set.to(kGpu);
  const Tensor index = Tensor::zeros({2}, DType::i64, kGpu);
  const Tensor orientation = Tensor::zeros({2}, DType::u8, kGpu);
  Recorded work([&] {
    Tensor out = Tensor::empty({2, 2, 2, 4}, DType::f32, kGpu);
    ops::gather_patches(there, index, orientation, 2, out);
    return out;
  });
  for (const std::int64_t first : {0, 2, 1}) {
    const Tensor names = Tensor::from<std::int64_t>({2}, {first, 2});
    const Tensor turns = Tensor::from<std::uint8_t>({2}, {static_cast<std::uint8_t>(first), 5});
    index.copy_from(names);
    orientation.copy_from(turns);
    Tensor want = Tensor::empty({2, 2, 2, 4});
    ops::gather_patches(set, names, turns, 2, want);
    CHECK(work.start() == want.to_vector<float>());
  }
}

TEST_CASE("what needs tables can be recorded once it has run") {
  const FakeGpu gpu;
  const Tensor there = ramp({1, 5, 3, 4}).to(kGpu);
  const auto resized = [&] { return ops::interpolate(there, 11, 13, ops::Interpolation::bicubic, false); };
  CHECK_THROWS_WITH_AS(Recorded{resized}, doctest::Contains("once before recording"), Error);
  const std::vector<float> want = resized().to_vector<float>();
  Recorded work(resized);
  CHECK(work.start() == want);
  there.copy_from(Tensor::zeros(there.shape()));
  CHECK(work.start() == std::vector<float>(want.size(), 0));
}

TEST_CASE("recorded Fourier transforms bring their own memory") {
  const FakeGpu gpu;
  const Tensor there = ramp({2, 4, 6, 3}).to(kGpu);
  const auto around = [&] { return ops::real(ops::ifft2(ops::fft2(there))); };
  Recorded work(around);
  const std::vector<float> got = work.start();
  const std::vector<float> want = ramp({2, 4, 6, 3}).to_vector<float>();
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(want[i]).epsilon(1e-5).scale(1));
}
#endif

// The training loop on the CPU and on a device that works on its own.
#include <doctest/doctest.h>

#include "framework/io/checkpoint.h"
#include "tests/train/tiny_task.h"

#ifdef CF_EMULATED
#include "kernels/cuda/emulator/fake_gpu.h"
#endif

namespace cf::test {
namespace {

// Twelve steps in epochs of four, validated.
TrainerOptions twelve_steps() { return {.max_steps = 12, .steps_per_epoch = 4}; }

TEST_CASE("trainer: losses that are read back late are those that are read back at once") {
  TinyRun at_once({}, twelve_steps());
  at_once.trainer().run();
  TrainerOptions late_options = twelve_steps();
  late_options.log_every = 3;
  TinyRun late({}, late_options);
  late.trainer().run();
  CHECK(late.weights() == at_once.weights());
  REQUIRE(late.steps().size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    for (const char* key : {"step", "epoch", "loss", "lr", "grad_norm"}) {
      CAPTURE(key);
      CHECK(late.steps()[i].at(key) == at_once.steps()[i].at(key));
    }
  }
}

TEST_CASE("trainer: a loss that is not finite names its step, and nothing is saved") {
  for (const std::int64_t log_every : {1, 5}) {
    CAPTURE(log_every);
    TrainerOptions options{.max_steps = 12, .steps_per_epoch = 100};
    options.log_every = log_every;
    TinyRun run({}, options);
    run.task().bad_step = 6;
    const std::string error = error_of([&] { run.trainer().run(); });
    CHECK(contains(error, "the loss is inf at step 7 (samples number 6)"));
    CHECK(contains(error, "no checkpoint was written yet"));
    CHECK(run.steps().size() == 6);
    CHECK(!std::filesystem::exists(run.folder().last()));
  }
}

TEST_CASE("trainer: capture needs a GPU") {
  TrainerOptions options = twelve_steps();
  options.capture = true;
  CHECK(contains(error_of([&] { TinyRun({}, options); }), "recording needs a GPU"));
}

#ifdef CF_EMULATED
using emulator::FakeGpu;

TEST_CASE("trainer: a device trains as the CPU does") {
  const FakeGpu gpu;
  TinyRun host({}, twelve_steps());
  TinyRun device(kGpu, twelve_steps());
  host.trainer().run();
  const TrainOutcome outcome = device.trainer().run();
  CHECK(outcome.peak_bytes > 0);
  const auto a = host.weights();
  const auto b = device.weights();
  for (std::size_t i = 0; i < 7; ++i) {
    CHECK(a[i] != 0.5F);
    CHECK(b[i] == doctest::Approx(a[i]).epsilon(1e-5));
  }
  CHECK(device.steps().back().at("loss").get<double>() == doctest::Approx(host.steps().back().at("loss").get<double>()));
  CHECK(device.steps().back().at("live_bytes") > 0);
}

TEST_CASE("trainer: a step on a device waits for nothing") {
  const FakeGpu gpu;
  const auto waits_of = [](std::int64_t steps, bool capture) {
    TrainerOptions options{.max_steps = steps, .steps_per_epoch = 1000, .validate_every = 0};
    options.log_every = 10;
    options.capture = capture;
    TinyRun run(kGpu, options);
    const long before = FakeGpu::waits();
    run.trainer().run();
    CHECK(static_cast<std::int64_t>(run.steps().size()) == steps);
    return FakeGpu::waits() - before;
  };
  for (const bool capture : {false, true}) {
    CAPTURE(capture);
    // Twenty steps more are read back in two portions, losses and norms; the rest is the checkpoint at the end.
    CHECK(waits_of(40, capture) - waits_of(20, capture) == 4);
  }
}

TEST_CASE("trainer: a gradient that is not finite leaves a device's weights as they were") {
  const FakeGpu gpu;
  TrainerOptions options{.max_steps = 20, .steps_per_epoch = 100};
  options.log_every = 10;
  TinyRun run(kGpu, options);
  run.task().bad_step = 6;
  CHECK(contains(error_of([&] { run.trainer().run(); }), "at step 7 (samples number 6)"));
  CHECK(run.trainer().step() == 10);
  for (const float w : run.weights()) CHECK(std::isfinite(w));
  for (const float w : run.averages()) CHECK(std::isfinite(w));
}

TEST_CASE("trainer: captured steps are the same steps") {
  const FakeGpu gpu;
  TinyRun eager(kGpu, twelve_steps());
  eager.trainer().run();
  TrainerOptions options = twelve_steps();
  options.capture = true;
  TinyRun captured(kGpu, options);
  captured.trainer().run();
  CHECK(captured.weights() == eager.weights());
  CHECK(captured.averages() == eager.averages());
  REQUIRE(captured.steps().size() == 12);
  for (std::size_t i = 0; i < 12; ++i) {
    CHECK(captured.steps()[i].at("loss") == eager.steps()[i].at("loss"));
    CHECK(captured.steps()[i].at("grad_norm") == eager.steps()[i].at("grad_norm"));
  }
  CHECK(captured.steps()[11].at("loss") != captured.steps()[10].at("loss"));
}

TEST_CASE("trainer: a run goes on on another device") {
  const FakeGpu gpu;
  TinyRun straight({}, twelve_steps());
  straight.trainer().run();
  for (const bool to_gpu : {false, true}) {
    CAPTURE(to_gpu);
    TrainerOptions half = twelve_steps();
    half.max_steps = 6;
    TinyRun first(to_gpu ? Device{} : kGpu, half);
    first.trainer().run();
    CHECK(read_checkpoint_header(first.folder().last()).meta.at("device") == (to_gpu ? "cpu" : "cuda:0"));
    TinyRun second(to_gpu ? kGpu : Device{}, twelve_steps());
    second.trainer().resume(first.folder().last());
    CHECK(second.trainer().step() == 6);
    CHECK(second.weights() == first.weights());
    second.trainer().run();
    const auto a = straight.weights();
    const auto b = second.weights();
    for (std::size_t i = 0; i < 7; ++i) CHECK(b[i] == doctest::Approx(a[i]).epsilon(1e-5));
  }
}

TEST_CASE("checkpoints of a device are those of the host, byte by byte") {
  const FakeGpu gpu;
  const TempFolder folder;
  const Tensor host = Tensor::from({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  write_checkpoint(folder / "host.cfk", {.meta = ordered_json::object(), .tensors = {{"t", host}}});
  write_checkpoint(folder / "device.cfk", {.meta = ordered_json::object(), .tensors = {{"t", host.to(kGpu)}}});
  CHECK(read_text(folder / "host.cfk") == read_text(folder / "device.cfk"));
}
#endif

}  // namespace
}  // namespace cf::test

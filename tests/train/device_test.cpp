// Training and testing a network on a device that is not the CPU: the commands, their data, their errors.
#ifdef CF_EMULATED
#include <doctest/doctest.h>

#include <sstream>

#include "framework/io/checkpoint.h"
#include "framework/io/files.h"
#include "kernels/cuda/emulator/fake_gpu.h"
#include "kernels/math_mode.h"
#include "tests/train/commands.h"
#include "tools/cfrun/batch_feed.h"
#include "tools/cfrun/fuser.h"

namespace cf::test {
namespace {

using emulator::FakeGpu;

constexpr Device kGpu{Device::Kind::cuda, 0};
constexpr std::array kImages = {&Batch::gt, &Batch::ms, &Batch::lms, &Batch::pan};

std::vector<double> losses(const std::filesystem::path& run) {
  std::vector<double> values;
  std::istringstream text(read_text(run / "log.jsonl"));
  for (std::string line; std::getline(text, line);) {
    const ordered_json parsed = ordered_json::parse(line);
    if (parsed.contains("loss")) values.push_back(parsed["loss"].get<double>());
  }
  return values;
}

// The largest difference between tensors of two checkpoints, relative to the largest value.
double largest_difference(const std::filesystem::path& a, const std::filesystem::path& b) {
  const Checkpoint left = read_checkpoint(a);
  const Checkpoint right = read_checkpoint(b);
  double difference = 0;
  double largest = 0;
  REQUIRE(left.tensors.size() == right.tensors.size());
  for (std::size_t i = 0; i < left.tensors.size(); ++i) {
    REQUIRE(left.tensors[i].first == right.tensors[i].first);
    if (!left.tensors[i].first.starts_with("model.")) continue;
    const auto x = left.tensors[i].second.to_vector<float>();
    const auto y = right.tensors[i].second.to_vector<float>();
    for (std::size_t j = 0; j < x.size(); ++j) {
      difference = std::max(difference, std::abs(static_cast<double>(x[j]) - y[j]));
      largest = std::max(largest, std::abs(static_cast<double>(x[j])));
    }
  }
  return difference / largest;
}

// Sets of whole DN and of others, held and streamed.
void write_sets(const TempFolder& folder) {
  const SetSpec spec = {.samples = 7, .height = 2, .width = 2};
  write_set<float>(folder / "whole.h5", spec);
  SetSpec made = spec;
  made.lms = false;  // interpolated, so that its values are no whole DN
  write_set<float>(folder / "made.h5", made);
}

TEST_CASE("device: batches from the device's memory and by way of pinned memory are those of the CPU") {
  const FakeGpu gpu;
  const TempFolder folder;
  write_sets(folder);
  const LoaderOptions options = {.batch = 3, .seed = 5, .flips = true, .turns = true};
  for (const char* file : {"whole.h5", "made.h5"}) {
    for (const std::int64_t memory : {std::int64_t{0}, std::int64_t{1} << 30}) {
      const Dataset set = Dataset::open(folder / file, {.memory_limit = memory});
      for (const char* resident : {"on", "off"}) {
        CAPTURE(file);
        CAPTURE(memory);
        CAPTURE(resident);
        DataConfig config;
        config.resident = resident;
        const auto host = make_feed(set, options, config, {});
        const auto device = make_feed(set, options, config, kGpu);
        std::array<const void*, kImages.size()> places{};
        for (const std::int64_t step : {0, 1, 2, 3, 4, 9, 2}) {
          CAPTURE(step);
          host->load(step);
          const long waits = FakeGpu::waits();
          device->load(step);
          CHECK(FakeGpu::waits() == waits);
          for (std::size_t i = 0; i < kImages.size(); ++i) {
            const Tensor& there = device->batch().*kImages[i];
            CHECK(there.device() == kGpu);
            CHECK(there.to_vector<float>() == (host->batch().*kImages[i]).to_vector<float>());
            if (step > 0) CHECK(there.cview().data == places[i]);
            places[i] = there.cview().data;
          }
        }
      }
    }
  }
}

TEST_CASE("device: a set stays on the device where it takes no more than half of what is free") {
  const FakeGpu gpu(std::size_t{64} << 20U);
  const TempFolder folder;
  write_set<float>(folder / "small.h5", {.samples = 2, .height = 2, .width = 2});
  const Dataset set = Dataset::open(folder / "small.h5", {});
  const auto live = [&](const char* resident) {
    DataConfig config;
    config.resident = resident;
    const auto before = services_of(kGpu).allocator(0).stats().live_bytes;
    const auto feed = make_feed(set, {.batch = 1}, config, kGpu);
    return services_of(kGpu).allocator(0).stats().live_bytes - before;
  };
  CHECK(live("off") == 0);
  CHECK(live("auto") == live("on"));
  CHECK(live("on") > 0);
  // Another 56 of 64 MiB taken: room for one segment, of which half may be the set.
  const Tensor rest = Tensor::zeros({14 << 20}, DType::f32, kGpu);
  write_set<float>(folder / "large.h5", {.samples = 250, .height = 16, .width = 16});
  const Dataset large = Dataset::open(folder / "large.h5", {});
  const auto before = services_of(kGpu).allocator(0).stats().live_bytes;
  const auto feed = make_feed(large, {.batch = 1}, {}, kGpu);
  CHECK(services_of(kGpu).allocator(0).stats().live_bytes == before);
}

TEST_CASE("device: training is that of the CPU within rounding, from any memory") {
  const FakeGpu gpu;
  const TinyExperiment tiny;
  CHECK(tiny.train("cpu") == 0);
  CHECK(tiny.train("gpu", {"--device", "cuda"}) == 0);
  CHECK(tiny.train("staged", {"--device", "cuda", "--set", "data.resident=off"}) == 0);
  CHECK(tiny.train("captured", {"--device", "cuda", "--set", "capture=true", "--set", "deterministic=true"}) == 0);
  CHECK(losses(tiny / "gpu").size() == 6);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK(losses(tiny / "gpu")[i] == doctest::Approx(losses(tiny / "cpu")[i]).epsilon(1e-4));
  }
  // Six steps of Adam, each of a size that does not depend on the gradient's.
  CHECK(largest_difference(tiny / "gpu/last.cfk", tiny / "cpu/last.cfk") < 1e-4);
  CHECK(losses(tiny / "staged") == losses(tiny / "gpu"));
  CHECK(losses(tiny / "captured") == losses(tiny / "gpu"));
  CHECK(largest_difference(tiny / "staged/last.cfk", tiny / "gpu/last.cfk") == 0);
  CHECK(largest_difference(tiny / "captured/last.cfk", tiny / "gpu/last.cfk") == 0);
}

TEST_CASE("device: a run of the command goes on on another device") {
  const FakeGpu gpu;
  const TinyExperiment tiny;
  CHECK(tiny.train("cpu") == 0);
  CHECK(tiny.train("both", {"--device", "cuda", "--set", "train.max_steps=3"}) == 0);
  CHECK(tiny.train("both", {"--device", "cpu", "--resume"}) == 0);
  CHECK(losses(tiny / "both").size() == 6);
  CHECK(largest_difference(tiny / "both/last.cfk", tiny / "cpu/last.cfk") < 1e-4);
}

TEST_CASE("device: cfrun test measures what it measures on the CPU") {
  const FakeGpu gpu;
  const TinyExperiment tiny;
  CHECK(tiny.train("run", {"--device", "cuda", "--set", "train.max_steps=1", "--set", "train.validate_every=0"}) == 0);
  const auto metrics = [&](const std::string& device, const std::string& capture) {
    const std::string out = (tiny / ("test-" + device + capture)).string();
    CHECK(cfrun({"test", "--checkpoint", (tiny / "run/last.cfk").string(), "--device", device, "--set", "capture=" + capture,
                 "--data", (tiny / "test.h5").string(), "--out", out, "--no-pictures"}) == 0);
    return read_json(std::filesystem::path(out) / "metrics.json");
  };
  const ordered_json host = metrics("cpu", "false");
  const ordered_json device = metrics("cuda:1", "false");
  // Five images, of which the last two are recorded work.
  CHECK(metrics("cuda", "true") == device);
  REQUIRE(host["network"]["images"].size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    for (const auto& [name, value] : host["network"]["images"][i].items()) {
      CAPTURE(name);
      CHECK(device["network"]["images"][i][name].get<double>() == doctest::Approx(value.get<double>()).epsilon(1e-4));
    }
  }
  CHECK(device["network"] != device["EXP"]);
}

TEST_CASE("device: cfrun bench times training on it, captured too") {
  const FakeGpu gpu;
  for (const char* capture : {"capture=false", "capture=true"}) {
    CHECK(cfrun({"bench", "cf2n", "--batch", "1", "--size", "8", "--bands", "4", "--runs", "1", "--train", "--device", "cuda",
                 "--set", capture, "--set", "model.cf2n.channels=2", "--set", "model.cf2n.stages=1"}) == 0);
  }
}

TEST_CASE("device: the experiment sets how exact products are") {
  const FakeGpu gpu;
  const TinyExperiment tiny;
  open_device(tiny.read({"device=cuda", "precision=tf32", "deterministic=true"}));
  CHECK(math_mode().tf32);
  CHECK(math_mode().deterministic);
  open_device(tiny.read());
  CHECK(!math_mode().tf32);
  CHECK(!math_mode().deterministic);
}

TEST_CASE("device: what cannot be had is said") {
  const TinyExperiment tiny;
  const auto error = [&](const std::vector<std::string>& overrides) {
    return error_of([&] { open_device(tiny.read(overrides)); });
  };
  CHECK(contains(error({"device=cuda"}), "With \"device\": \"cpu\" or \"auto\" it runs on the CPU"));
  CHECK(error({"device=auto", "capture=true"}).empty());
  CHECK(contains(error({"device=cpu", "capture=true"}), "capture: records the work of a GPU"));
  const FakeGpu gpu;
  CHECK(contains(error({"device=cuda:7"}), "cuda:0 to cuda:1"));
  CHECK(contains(error({"device=gpu"}), "expected auto, cpu, cuda or cuda:N"));
  CHECK(error({"device=auto", "capture=true"}).empty());
}

TEST_CASE("device: out of memory shows what took it") {
  const FakeGpu gpu(std::size_t{8} << 20U);
  const TinyExperiment tiny;
  const std::string error = error_of([&] { tiny.train("run", {"--device", "cuda", "--set", "model.cf2n.channels=48"}); });
  for (const char* part : {"out of memory on cuda:0", "live", "cached", "peak", "train.batch"}) CHECK(contains(error, part));
}

}  // namespace
}  // namespace cf::test
#endif

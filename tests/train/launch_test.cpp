// Ranks on GPUs that cannot be started, on an emulated GPU.
#ifdef CF_EMULATED
#include <doctest/doctest.h>

#include "framework/core/host_name.h"
#include "framework/dist/rank_place.h"
#include "kernels/cuda/emulator/fake_gpu.h"
#include "tests/harness/temp_folder.h"
#include "tools/cfrun/launch.h"
#include "tools/cfrun/ranks.h"

namespace cf::test {
namespace {

std::string refusal(std::int64_t ranks, const std::vector<std::int64_t>& gpus) {
  return error_of([&] { (void)start_ranks({.ranks = ranks, .saves = false, .device = "cuda", .gpus = gpus}); });
}

TEST_CASE("launch: more ranks than GPUs") {
  const emulator::FakeGpu gpu;
  CHECK(contains(refusal(3, {}), "3 of them on " + host_name() + ", which has 2 GPUs"));
  CHECK(contains(refusal(2, {0}), "1 GPU in \"gpus\""));
  CHECK(contains(refusal(0, {0, 2}), "there is no GPU 2"));
  CHECK(contains(refusal(0, {0, 0}), "twice"));
}

TEST_CASE("launch: NCCL is missing in the build") {
  const emulator::FakeGpu gpu;
  CHECK(contains(refusal(1, {}), "built without NCCL"));
}

TEST_CASE("launch: one process takes the GPU that is configured") {
  const emulator::FakeGpu gpu;
  CHECK_FALSE(start_ranks({.ranks = 0, .saves = false, .device = "cuda", .gpus = {0}}).has_value());
  CHECK(device_of_rank("cuda", {0}) == "cuda:0");
  CHECK(device_of_rank("auto", {}) == "auto");
  CHECK(device_of_rank("cpu", {0}) == "cpu");
  CHECK(contains(error_of([] { (void)device_of_rank("cuda", {3}); }), "there is no GPU 3"));
}

}  // namespace
}  // namespace cf::test
#endif

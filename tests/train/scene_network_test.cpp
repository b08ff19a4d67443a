// Scenes fused by networks part by part: the same pixels however the scene is cut, on the CPU and on an (emulated) GPU.
#include "tools/cfrun/scene_network.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/core/rng.h"
#include "framework/ops/layout.h"
#include "kernels/devices.h"
#include "tools/cfrun/batch_scene.h"
#include "tools/cfrun/fuser.h"
#ifdef CF_EMULATED
#include "kernels/cuda/emulator/fake_gpu.h"
#endif

namespace cf {
namespace {

constexpr std::int64_t kRatio = 4;
constexpr std::int64_t kBands = 3;

// An image that is not the same everywhere: waves over a slope, dark on the left and bright on the right, and noise.
Tensor picture(std::int64_t rows, std::int64_t cols, std::int64_t bands, std::uint64_t salt) {
  const Philox rng = make_rng(3, RngStream::test, salt);
  Tensor t = Tensor::empty({1, rows, cols, bands});
  std::uint64_t i = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols; ++col) {
      for (std::int64_t band = 0; band < bands; ++band, ++i) {
        const double wave = std::sin(0.11 * static_cast<double>(row + 3 * band)) * std::cos(0.07 * static_cast<double>(col));
        const double slope = static_cast<double>(col) / static_cast<double>(cols);
        t.span<float>()[i] = static_cast<float>(0.1 + 0.5 * slope + 0.15 * wave + 0.1 * rng.uniform(i));
      }
    }
  }
  return t;
}

Batch scene_of(std::int64_t rows, std::int64_t cols) {
  Batch batch;
  batch.pan = picture(rows, cols, 1, 1);
  batch.lms = picture(rows, cols, kBands, 2);
  batch.ms = picture((rows + kRatio - 1) / kRatio, (cols + kRatio - 1) / kRatio, kBands, 3);
  return batch;
}

Experiment small(const std::string& network) {
  Experiment e;
  e.device = "cpu";
  e.model.name = network;
  e.model.bands = e.data.bands = kBands;
  e.model.cf2n = {8, 3, 3};
  e.model.fusionnet = {8, 4};
  e.model.ssdiff = {.dim = 8, .head_dim = 8};
  e.sampler.steps = 2;
  e.sampler.eta = 0.5;
  e.tiles = {.size = 32, .stride = 16, .rule = TileRule::smooth, .batch = 8};
  e.model.sampler = e.sampler;
  e.model.tiles = e.tiles;
  return e;
}

// Moves every weight, so that those that start at zero take part.
void perturb(const ParamStore& params) {
  const Philox rng = make_rng(2, RngStream::test);
  std::uint64_t i = 0;
  for (const auto& [name, value] : params.params()) {
    Tensor moved = value.to(Device{}).clone();
    for (float& v : moved.span<float>()) v += static_cast<float>(0.05 * rng.normal(i++));
    value.copy_from(moved);
  }
}

std::unique_ptr<Session> session_of(const Experiment& e, Device device = {}) {
  auto session = std::make_unique<Session>(e, device);
  perturb(session->params);
  return session;
}

Tensor fused(const Session& session, const Batch& batch, std::int64_t core, const SceneNetworkOptions& options = {}) {
  return fuse_as_scene(*network_method(session, options), batch, kRatio, core);
}

double largest_difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  double largest = 0;
  for (std::size_t i = 0; i < a.span<float>().size(); ++i) {
    largest = std::max(largest, static_cast<double>(std::abs(a.span<float>()[i] - b.span<float>()[i])));
  }
  return largest;
}

}  // namespace

TEST_CASE("scene: CF2N's pixels do not depend on the parts, whatever the scene's size") {
  const auto session = session_of(small("cf2n"));
  for (const auto& [rows, cols] : {std::pair{150, 211}, {64, 64}, {37, 90}}) {
    CAPTURE(rows);
    const Batch batch = scene_of(rows, cols);
    const Tensor whole = fused(*session, batch, 512);
    CHECK(largest_difference(whole, batch.lms) > 0.01);
    for (const std::int64_t core : {64, 100, 128, 200}) {
      CAPTURE(core);
      CHECK(largest_difference(fused(*session, batch, core), whole) < 1e-5);
    }
  }
}

TEST_CASE("scene: one window of the training size is fused as an image of that size") {
  const auto session = session_of(small("cf2n"));
  const Batch batch = scene_of(64, 64);
  const Tensor image = fuse(*session, batch).fused;
  for (const std::int64_t core : {16, 64}) CHECK(largest_difference(fused(*session, batch, core), image) < 1e-5);
  const Batch small_batch = scene_of(40, 52);
  CHECK(largest_difference(fused(*session, small_batch, 24), fuse(*session, small_batch).fused) < 1e-5);
}

TEST_CASE("scene: statistics of each part are those of the image where one part is all of it, and not otherwise") {
  const auto session = session_of(small("cf2n"));
  const Batch batch = scene_of(96, 160);
  const SceneNetworkOptions window{.statistics = PooledStatistics::window};
  const Tensor image = fuse(*session, batch).fused;
  CHECK(largest_difference(fused(*session, batch, 160, window), image) < 1e-6);
  CHECK(largest_difference(fused(*session, batch, 32, window), image) > 1e-4);
}

TEST_CASE("scene: FusionNet's parts are the image's pixels") {
  const auto session = session_of(small("fusionnet"));
  const Batch batch = scene_of(73, 110);
  Batch whole = batch;
  whole.ms = {};
  const Tensor image = fuse(*session, whole).fused;
  for (const std::int64_t core : {16, 50, 128}) CHECK(largest_difference(fused(*session, batch, core), image) < 1e-5);
  CHECK(network_method(*session)->needs().survey_core == 0);
}

TEST_CASE("scene: SSDiff's parts are the image's pixels") {
  for (const TileConfig& tiles : {TileConfig{.size = 32, .stride = 16, .rule = TileRule::smooth, .batch = 8},
                                  TileConfig{.size = 32, .stride = 16, .rule = TileRule::centre, .batch = 5}}) {
    Experiment e = small("ssdiff");
    e.tiles = e.model.tiles = tiles;
    const auto session = session_of(e);
    const Batch batch = scene_of(80, 100);
    const Tensor image = fuse(*session, batch).fused;
    for (const std::int64_t core : {30, 64, 128}) {
      CAPTURE(core);
      CHECK(largest_difference(fused(*session, batch, core), image) < 1e-5);
    }
  }
  // Sides that the ratio does not divide.
  const auto session = session_of(small("ssdiff"));
  const Batch odd = scene_of(61, 47);
  CHECK(largest_difference(fused(*session, odd, 20), fused(*session, odd, 64)) < 1e-5);
  // A scene smaller than a tile.
  const Batch tiny = scene_of(20, 24);
  CHECK(largest_difference(fused(*session, tiny, 12), fuse(*session, tiny).fused) < 1e-5);
}

TEST_CASE("scene: the order of the parts does not matter") {
  const Batch batch = scene_of(96, 96);
  for (const char* network : {"cf2n", "ssdiff"}) {
    const auto session = session_of(small(network));
    const auto method = network_method(*session);
    const Tensor all = fuse_as_scene(*method, batch, kRatio, 48);
    const std::int64_t halo = method->needs().halo;
    for (const auto& [row, col] : {std::pair{48, 48}, {0, 48}, {48, 0}}) {
      const Window core{row, col, 48, 48};
      const Window window{row - halo, col - halo, 48 + 2 * halo, 48 + 2 * halo};
      const Tensor again = method->fuse(part_of(batch, kRatio, window, core));
      const Tensor want = ops::slice(ops::slice(all, 1, row, row + 48), 2, col, col + 48);
      CHECK(again.to_vector<float>() == want.to_vector<float>());
    }
  }
}

TEST_CASE("scene: pixels without data have no part in the statistics") {
  const auto session = session_of(small("cf2n"));
  // 64 .. 127 of 192 columns have no data but for a few; whatever stands there, the rest of the scene does not change.
  const auto fused_with = [&](float filling, std::int64_t hole_end) {
    Batch batch = scene_of(64, 192);
    const auto method = network_method(*session);
    method->begin({.rows = 64, .cols = 192, .ratio = kRatio, .bands = kBands});
    const Window all{0, 0, 64, 192};
    ScenePart part = part_of(batch, kRatio, all, all);
    for (std::int64_t row = 0; row < 64; ++row) {
      for (std::int64_t col = 64; col < hole_end; ++col) {
        const auto pixel = static_cast<std::size_t>(row * 192 + col);
        part.valid.span<std::uint8_t>()[pixel] = 0;
        if (col >= hole_end - 5) continue;  // features of valid pixels do not reach farther
        for (std::size_t b = 0; b < kBands; ++b) part.lms.span<float>()[pixel * kBands + b] = filling;
      }
    }
    method->survey(part);
    method->finish_survey();
    // Fused from the scene as it is, so that only the statistics differ.
    return method->fuse(part_of(batch, kRatio, all, all));
  };
  for (const std::int64_t hole_end : {128, 120}) {
    CAPTURE(hole_end);
    CHECK(largest_difference(fused_with(0.2F, hole_end), fused_with(0.9F, hole_end)) == 0);
  }
  CHECK(largest_difference(fused_with(0.2F, 128), fused_with(0.2F, 64)) > 1e-5);
}

TEST_CASE("scene: working memory is bounded by what the method says, within a factor of two") {
  for (const std::string network : {"cf2n", "fusionnet", "ssdiff"}) {
    Experiment e = small(network);
    e.sampler = {.steps = 2};
    e.tiles.batch = 64;
    const auto session = session_of(e);
    const Batch batch = scene_of(412, 360);
    for (const auto& [rows, cols] : {std::pair{140, 140}, {92, 252}, {300, 200}}) {
      CAPTURE(network);
      CAPTURE(rows);
      const auto method = network_method(*session);
      method->begin({.rows = 412, .cols = 360, .ratio = kRatio, .bands = kBands});
      const std::int64_t halo = method->needs().halo;
      const Window core{halo, halo, rows, cols};
      const ScenePart part = part_of(batch, kRatio, {0, 0, rows + 2 * halo, cols + 2 * halo}, core);
      CachingAllocator memory(make_host_source());
      const UseAllocator use(Device{}, memory);
      for (int time = 0; time < 2; ++time) method->fuse(part);
      auto held = static_cast<std::int64_t>(memory.stats().cached_bytes);
      // Sums of tiles do not come from the allocator.
      if (network == "ssdiff") held += 8 * rows * cols * (kBands + 1);
      CHECK(method->working_bytes(rows, cols) >= held);
      CHECK(method->working_bytes(rows, cols) <= 2 * held);
    }
  }
}

TEST_CASE("scene: test.parts fuses test images as scenes") {
  Experiment e = small("cf2n");
  e.test.parts = 40;
  const Batch batch = scene_of(96, 128);
  for (const auto& [name, statistics] : {std::pair{"scene", PooledStatistics::scene}, {"window", PooledStatistics::window}}) {
    e.test.statistics = name;
    const auto session = session_of(e);
    Fuser fuser(*session);
    CHECK(fuser(batch).fused.to_vector<float>() == fused(*session, batch, 40, {.statistics = statistics}).to_vector<float>());
  }
}

TEST_CASE("scene: what a network cannot fuse is said") {
  const auto session = session_of(small("cf2n"));
  const auto method = network_method(*session);
  CHECK_THROWS_WITH_AS(method->begin({.rows = 64, .cols = 64, .ratio = 4, .bands = 4}),
                       doctest::Contains("fuses 1 PAN and 3 MS bands, the scene has 1 and 4"), Error);
  const auto sampling = session_of(small("ssdiff"));
  CHECK_THROWS_WITH_AS(network_method(*sampling)->begin({.rows = 64, .cols = 64, .ratio = 2, .bands = kBands}),
                       doctest::Contains("reads MS pixels 4 times as large as PAN's, the scene's are 2 times"), Error);
  // Ratios matter to networks that read MS only.
  method->begin({.rows = 64, .cols = 64, .ratio = 2, .bands = kBands});

  Batch batch = scene_of(64, 96);
  batch.lms.span<float>()[kBands * (70 + 96 * 40)] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(fuse_as_scene(*network_method(*session_of(small("fusionnet"))), batch, kRatio, 32),
                       doctest::Contains("the fused value at row 40, column 70 is not finite"), Error);
}

#ifdef CF_EMULATED
TEST_CASE("device: scenes fused on a GPU are those of the CPU within rounding") {
  const emulator::FakeGpu gpu;
  const Device device{Device::Kind::cuda, 0};
  for (const char* network : {"cf2n", "ssdiff"}) {
    Experiment e = small(network);
    e.model.cf2n = {4, 3, 2};
    e.tiles.size = 16;
    e.tiles.stride = 8;
    const Batch batch = scene_of(30, 22);
    const auto there = session_of(e, device);
    const auto here = session_of(e);
    CHECK(largest_difference(fused(*there, batch, 20), fused(*here, batch, 40)) < 1e-4);
  }
}
#endif

}  // namespace cf

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/ops/elementwise.h"
#include "framework/ops/layout.h"
#include "framework/ops/reduce.h"
#include "models/registry.h"
#include "models/ssdiff/diffusion.h"
#include "models/ssdiff/network.h"
#include "models/ssdiff/tile_sampling.h"
#include "tests/models/helpers.h"

using namespace cf;

namespace {

constexpr std::int64_t kRatio = 4;

FusionInput images_of(std::int64_t n, std::int64_t h, std::int64_t w, DType dtype = DType::f32) {
  return {test::random_image({n, h, w, 1}, 1, dtype), test::random_image({n, h, w, 2}, 2, dtype),
          test::random_image({n, h / kRatio, w / kRatio, 2}, 3, dtype)};
}

// A network of sorts that depends on the whole tile, as attention does, on every input, and on the step.
Tensor cheap_residual(const FusionInput& tiles, const Tensor& x, const SamplerStep& step) {
  const Tensor level = ops::add(ops::mean(tiles.pan, {1, 2}), ops::mean(tiles.ms, {1, 2}));  // (N, 1, 1, 2)
  const Tensor mixed = ops::add(ops::affine(x, 0.05, 0.01 * std::sin(step.time)), ops::mul(level, tiles.lms));
  return ops::affine(mixed, 0.2, 0);
}

Tensor fused(const FusionInput& images, const SamplingOptions& options, const TileDenoiser& denoiser = cheap_residual) {
  return sample_tiles("cheap", images, kRatio, plan_sampling(NoiseSchedule({}), options.sampler), options, denoiser);
}

std::vector<float> pixels(const FusionInput& images, const SamplingOptions& options) {
  return fused(images, options).to_vector<float>();
}

SamplingOptions options_of(std::int64_t stride, TileRule rule = TileRule::smooth, std::int64_t batch = 7) {
  SamplingOptions o;
  o.sampler.steps = 3;
  o.sampler.eta = 0.5;
  o.tiles = {.size = 64, .stride = stride, .rule = rule, .batch = batch};
  return o;
}

// The sum of the weights of all tiles at every pixel.
std::vector<double> coverage(std::int64_t h, std::int64_t w, const TileConfig& config) {
  std::vector<double> sum(static_cast<std::size_t>(h * w), 0.0);
  for (const Tile& t : plan_tiles(h, w, kRatio, config)) {
    for (std::int64_t i = 0; i < config.size; ++i) {
      for (std::int64_t j = 0; j < config.size; ++j) {
        if (t.row + i >= h || t.column + j >= w) continue;
        sum[static_cast<std::size_t>((t.row + i) * w + t.column + j)] +=
            t.rows[static_cast<std::size_t>(i)] * t.columns[static_cast<std::size_t>(j)];
      }
    }
  }
  return sum;
}

std::size_t count(std::int64_t side, std::int64_t stride, TileRule rule) {
  return plan_tiles(side, side, kRatio, {.stride = stride, .rule = rule}).size();
}

}  // namespace

TEST_CASE("256 x 256 pixels take 49 tiles with stride 32, and 222 by the published rule") {
  CHECK(count(256, 32, TileRule::smooth) == 49);
  CHECK(count(256, 48, TileRule::smooth) == 25);
  CHECK(count(256, 64, TileRule::smooth) == 16);
  CHECK(count(256, 16, TileRule::smooth) == 169);
  CHECK(count(256, 16, TileRule::centre) == 222);
  CHECK(count(512, 16, TileRule::centre) == 958);
  CHECK(count(1024, 16, TileRule::centre) == 3966);
  CHECK(count(64, 32, TileRule::smooth) == 1);
  CHECK(count(68, 32, TileRule::smooth) == 4);
}

TEST_CASE("every pixel has weight, the border of the image full weight") {
  for (const TileRule rule : {TileRule::smooth, TileRule::centre}) {
    for (const std::int64_t stride : {16, 32}) {
      for (const auto& [h, w] : {std::pair{64, 64}, {256, 64}, {132, 100}, {256, 256}, {40, 88}}) {
        CAPTURE(h);
        CAPTURE(w);
        const auto sum = coverage(h, w, {.stride = stride, .rule = rule});
        CHECK(*std::min_element(sum.begin(), sum.end()) >= (rule == TileRule::centre ? 1.0 : 0.5));
      }
    }
  }
  const auto even = coverage(256, 256, {.stride = 32});
  CHECK(even.front() == doctest::Approx(1));
  CHECK(even[128 * 256 + 77] == doctest::Approx(1));
  CHECK(even.back() == doctest::Approx(1));
}

TEST_CASE("published rule: inside, a pixel is the mean of the tiles in whose central half it lies") {
  const auto sum = coverage(256, 256, {.stride = 16, .rule = TileRule::centre});
  CHECK(sum[128 * 256 + 128] == 4);
  CHECK(sum[0] == 1);
  CHECK(sum[255 * 256 + 255] == 1);
  CHECK(sum[8 * 256 + 128] == 2);
  CHECK(sum[128 * 256 + 250] == 2);
}

TEST_CASE("tiles cut and merged again give the image") {
  for (const TileRule rule : {TileRule::smooth, TileRule::centre}) {
    const Tensor image = test::random_image({2, 100, 132, 3}, 5, DType::f64);
    const auto tiles = plan_tiles(100, 132, kRatio, {.stride = 32, .rule = rule});
    const auto n = static_cast<std::int64_t>(tiles.size());
    TileMerger merger(image.shape());
    for (std::int64_t first = 0; first < 2 * n; first += 5) {
      merger.add(cut_tiles(image, tiles, first, std::min<std::int64_t>(5, 2 * n - first), 64), tiles, first);
    }
    const auto got = merger.merged(DType::f64).to_vector<double>();
    const auto want = image.to_vector<double>();
    for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(std::abs(got[i] - want[i]) < 1e-14);
  }
}

TEST_CASE("an image smaller than a tile is mirrored, MS as PAN") {
  const Tensor pan = test::random_image({1, 20, 24, 1}, 5, DType::f64);
  const auto tiles = plan_tiles(20, 24, kRatio, {});
  REQUIRE(tiles.size() == 1);
  const Tensor tile = cut_tiles(pan, tiles, 0, 1, 64);
  const auto at = [](const Tensor& t, std::int64_t i, std::int64_t j) {
    return t.span<double>()[static_cast<std::size_t>(i * t.dim(2) + j)];
  };
  CHECK(at(tile, 19, 23) == at(pan, 19, 23));
  CHECK(at(tile, 20, 24) == at(pan, 19, 23));
  CHECK(at(tile, 39, 3) == at(pan, 0, 3));
  CHECK(at(tile, 40, 3) == at(pan, 0, 3));
  CHECK(at(tile, 63, 50) == at(pan, 16, 2));
  // A PAN image whose 4 x 4 blocks are the pixels of MS stays that way beyond the edge.
  const Tensor ms = test::random_image({1, 5, 6, 1}, 6, DType::f64);
  const Tensor ms_tile = cut_tiles(ms, tiles, 0, 1, 16, kRatio);
  for (std::int64_t i = 0; i < 64; ++i) {
    const std::int64_t row = i % 40 < 20 ? i % 40 : 39 - i % 40;
    CHECK(at(ms_tile, i / 4, 5) == at(ms, row / 4, 5));
  }
  CHECK(fused(images_of(1, 20, 24), options_of(32)).shape() == Shape{1, 20, 24, 2});
}

TEST_CASE("the fused image depends neither on the batch of tiles nor on the other images") {
  const FusionInput images = images_of(2, 96, 128);
  for (const TileRule rule : {TileRule::smooth, TileRule::centre}) {
    const auto all = pixels(images, options_of(32, rule, 49));
    CHECK(pixels(images, options_of(32, rule, 1)) == all);
    CHECK(pixels(images, options_of(32, rule, 7)) == all);
    const auto second = [](const Tensor& t) {
      return Tensor::window(t.storage(), t.numel() / 2, {1, t.dim(1), t.dim(2), t.dim(3)}, t.dtype());
    };
    const auto alone = pixels({second(images.pan), second(images.lms), second(images.ms)}, options_of(32, rule));
    CHECK(std::equal(alone.begin(), alone.end(), all.begin() + static_cast<std::ptrdiff_t>(alone.size())));
  }
}

TEST_CASE("the noise is a field over the image: other seeds and strides give other, like results") {
  const FusionInput images = images_of(1, 96, 96);
  SamplingOptions options = options_of(32);
  const auto once = pixels(images, options);
  CHECK(pixels(images, options) == once);
  options.sampler.seed = 2;
  CHECK(pixels(images, options) != once);
  // A denoiser without memory of the tile sees no tiles: all strides agree.
  const auto local = [](const FusionInput& tiles, const Tensor& x, const SamplerStep&) {
    return ops::affine(ops::add(x, tiles.lms), 0.1, 0);
  };
  const auto want = fused(images, options_of(32), local).to_vector<float>();
  for (const auto& [stride, rule] : {std::pair{48, TileRule::smooth}, {64, TileRule::smooth}, {16, TileRule::centre}}) {
    const auto got = fused(images, options_of(stride, rule), local).to_vector<float>();
    for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(std::abs(got[i] - want[i]) < 1e-6);
  }
}

TEST_CASE("cores of a scene, each from its part of the images, are the pixels of the whole") {
  const std::int64_t height = 212;
  const std::int64_t width = 180;
  const FusionInput scene = images_of(1, height, width);
  const auto region_of = [](const Tensor& t, const Region& r) {
    return ops::slice(ops::slice(t, 1, r.row, r.row + r.height), 2, r.column, r.column + r.width);
  };
  for (const auto& [stride, rule] :
       {std::pair{32, TileRule::smooth}, {48, TileRule::smooth}, {64, TileRule::smooth}, {16, TileRule::centre}}) {
    const SamplingOptions options = options_of(stride, rule);
    const Tensor whole = fused(scene, options);
    for (const Region& core : {Region{0, 0, 30, 41}, {100, 60, 32, 32}, {151, 99, 61, 81}, {211, 0, 1, 180}, {0, 0, 212, 180}}) {
      CAPTURE(core.row);
      CAPTURE(stride);
      SamplingOptions part = options;
      part.tiles.batch = 3;
      const std::int64_t row = std::max<std::int64_t>(0, core.row - 64) / kRatio * kRatio;
      const std::int64_t column = std::max<std::int64_t>(0, core.column - 64) / kRatio * kRatio;
      const Region image{row, column, std::min(height, core.row + core.height + 64 + 3) / kRatio * kRatio - row,
                         std::min(width, core.column + core.width + 64 + 3) / kRatio * kRatio - column};
      part.scene = SceneView{.height = height, .width = width, .image = image, .core = core};
      const Region cells{image.row / kRatio, image.column / kRatio, image.height / kRatio, image.width / kRatio};
      const FusionInput images{region_of(scene.pan, image), region_of(scene.lms, image), region_of(scene.ms, cells)};
      std::int64_t tiles = 0;
      part.progress = [&](std::int64_t, std::int64_t total) { tiles = total; };
      const Tensor got = fused(images, part);
      const Tensor want = region_of(whole, core);
      REQUIRE(got.shape() == want.shape());
      CHECK(got.to_vector<float>() == want.to_vector<float>());
      // Only tiles that the core needs.
      const auto per_axis = [&](std::int64_t extent) { return (extent + 62) / stride + 2; };
      if (rule == TileRule::smooth) CHECK(tiles <= per_axis(core.height) * per_axis(core.width));
    }
  }
}

TEST_CASE("parts of a scene that do not hold its tiles are refused") {
  const auto refuses = [](const SceneView& view, const char* what) {
    SamplingOptions options = options_of(32);
    options.scene = view;
    CHECK_THROWS_WITH_AS(fused(images_of(1, 96, 96), options), doctest::Contains(what), Error);
  };
  refuses({256, 256, {64, 64, 96, 96}, {64, 64, 32, 32}}, "tile of the scene at row 32, column 32 is not inside the part");
  refuses({256, 256, {64, 64, 96, 96}, {150, 64, 32, 32}}, "is not inside the part that was read");
  refuses({256, 256, {64, 66, 96, 96}, {100, 100, 8, 8}}, "multiples of 4");
  refuses({256, 256, {64, 64, 96, 92}, {100, 100, 8, 8}}, "images of shape");
}

TEST_CASE("an oracle gives the ground truth back through tiles") {
  const FusionInput images = images_of(1, 96, 96, DType::f64);
  const Tensor gt = test::random_image(images.lms.shape(), 8, DType::f64);
  for (const SamplerSpace space : {SamplerSpace::residual, SamplerSpace::image}) {
    SamplingOptions options = options_of(32, TileRule::smooth, 3);
    options.sampler.space = space;
    const auto tiles = plan_tiles(96, 96, kRatio, options.tiles);
    std::int64_t calls = 0;
    const auto oracle = [&](const FusionInput& part, const Tensor&, const SamplerStep& step) {
      const std::int64_t first = calls++ / options.sampler.steps * options.tiles.batch;
      REQUIRE(step.number == (calls - 1) % options.sampler.steps);
      return ops::sub(cut_tiles(gt, tiles, first, part.lms.dim(0), 64), part.lms);
    };
    const auto got = fused(images, options, oracle).to_vector<double>();
    const auto want = gt.to_vector<double>();
    for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(std::abs(got[i] - want[i]) < 1e-14);
    CHECK(calls == 3 * 2);
  }
}

TEST_CASE("progress counts the tiles of all images") {
  SamplingOptions options = options_of(32, TileRule::smooth, 4);
  std::vector<std::int64_t> done;
  options.progress = [&](std::int64_t now, std::int64_t total) {
    CHECK(total == 8);
    done.push_back(now);
  };
  fused(images_of(2, 96, 96), options);
  CHECK(done == std::vector<std::int64_t>{0, 4, 8});
}

TEST_CASE("an estimate that is not finite is an error that names step and tile") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    std::int64_t batch = -1;
    const auto broken = [&](const FusionInput& part, const Tensor& x, const SamplerStep& step) {
      const Tensor y = cheap_residual(part, x, step);
      batch += step.number == 0 ? 1 : 0;
      // Tile 2 of the second batch of 3, in the second step: tile 6 of 9.
      if (batch == 1 && step.number == 1)
        y.span<float>()[static_cast<std::size_t>(2 * y.numel() / 3 + 5)] = static_cast<float>(bad);
      return y;
    };
    CHECK_THROWS_WITH_AS(fused(images_of(1, 128, 128), options_of(32, TileRule::smooth, 3), broken),
                         doctest::Contains("at step 2 of 3 (t = 666)"), Error);
    batch = -1;
    CHECK_THROWS_WITH_AS(fused(images_of(1, 128, 128), options_of(32, TileRule::smooth, 3), broken),
                         doctest::Contains("tile 6 of 9, whose corner is row 32, column 64 of image 1"), Error);
  }
}

TEST_CASE("tiles refuse sizes and strides that do not fit") {
  const auto refuses = [](const TileConfig& config, const char* what) {
    CHECK_THROWS_WITH_AS(plan_tiles(128, 128, kRatio, config), doctest::Contains(what), Error);
  };
  refuses({.size = 40}, "multiple of 16");
  refuses({.stride = 0}, "tiles.stride is 0");
  refuses({.stride = 30}, "multiple of the ratio 4");
  refuses({.stride = 68}, "up to 64");
  refuses({.stride = 48, .rule = TileRule::centre}, "up to 32");
  CHECK_THROWS_WITH_AS(fused(images_of(1, 64, 64), options_of(32, TileRule::smooth, 0)), doctest::Contains("tiles.batch"), Error);
}

TEST_CASE("SSDiff fuses an image of any size that the ratio divides") {
  ModelConfig config;
  config.name = "ssdiff";
  config.bands = 2;
  config.ssdiff = {.dim = 8, .head_dim = 8};
  config.sampler.steps = 2;
  config.tiles = {.size = 16, .stride = 8, .batch = 4};
  ParamStore store;
  const auto model = make_model(config, store, 1);
  test::perturb(store);
  const FusionInput images = images_of(1, 28, 20);
  const Tensor all = model->forward(images).fused;
  CHECK(all.shape() == images.lms.shape());
  const auto values = all.to_vector<float>();
  CHECK(std::all_of(values.begin(), values.end(), [](float v) { return v >= 0 && v <= 1; }));
  const auto& network = dynamic_cast<const DenoisingModel&>(*model);
  SamplingOptions options{.sampler = config.sampler, .tiles = config.tiles};
  options.tiles.batch = 1;
  const auto one = network.sample(images, options).to_vector<float>();
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(std::abs(one[i] - values[i]) < 1e-5f);
  options.sampler.steps = 60;
  options.sampler.spacing = Spacing::leading;
  CHECK_THROWS_WITH_AS(network.sample(images, options), doctest::Contains("no stride visits 60"), Error);
  CHECK_THROWS_WITH_AS(model->forward(images_of(1, 30, 20)), doctest::Contains("multiples of 4"), Error);
}

// The interpolation of MS and the parts that methods see.
#include <doctest/doctest.h>

#include <random>

#include "data/image/interp.h"
#include "data/scene/lms_kernel.h"
#include "data/scene/source.h"
#include "tests/data/memory_raster.h"
#include "tests/harness/temp_folder.h"

namespace cf::test {
namespace {

TEST_CASE("LMS kernel: interpolates, sums to 1, is the half-band scheme at its own samples") {
  CHECK(lms_kernel(0) == 1);
  for (int i = 1; i <= 12; ++i) CHECK(lms_kernel(i) == 0);
  CHECK(lms_kernel(0.5) == 0.610668182370);
  CHECK(lms_kernel(-1.5) == -0.145397186478);
  CHECK(lms_kernel(5.5) == -0.000120162964);
  for (const double t : {0.1, 0.375, 0.5, 0.7777}) {
    double sum = 0;
    for (int i = -12; i <= 12; ++i) sum += lms_kernel(t + i);
    CHECK(sum == doctest::Approx(1).epsilon(1e-7));
  }
}

// What is needed around a scene of these rasters.
struct Setup {
  MemoryRaster pan;
  MemoryRaster ms;
  AlignOptions options;
  NodataChoice nodata;
  double scale = 1;

  SceneSource source() {
    std::vector<std::string> remarks;
    std::vector<std::int64_t> bands(ms.info().bands.size());
    for (std::size_t i = 0; i < bands.size(); ++i) bands[i] = static_cast<std::int64_t>(i);
    return SceneSource({pan, ms, align(pan.info(), ms.info(), options), bands,
                        NodataRule(pan.info(), std::vector<std::int64_t>{0}, nodata, remarks),
                        NodataRule(ms.info(), bands, nodata, remarks), scale});
  }
};

ScenePart part_of(SceneSource& source, const PartRequest& request) { return source.assemble(source.read(request)); }
ScenePart whole(SceneSource& source) {
  const SceneGrid grid = source.grid();
  return part_of(source, {{0, 0, grid.rows, grid.cols}, 0, 1});
}

Setup aligned(std::int64_t ratio, std::int64_t rows, std::int64_t cols, std::int64_t bands) {
  const auto r = static_cast<double>(ratio);
  return {MemoryRaster(raster_info(rows * ratio, cols * ratio, 1, {0, 0, 1, -1}),
                       [](auto y, auto x, auto) { return field(static_cast<double>(y), static_cast<double>(x), 7); }),
          MemoryRaster(raster_info(rows, cols, bands, {0, 0, r, -r}),
                       [&](auto y, auto x, auto b) {
                         return field(r * static_cast<double>(y), r * static_cast<double>(x), static_cast<double>(b));
                       }),
          {},
          {},
          1};
}

TEST_CASE("LMS of the toolbox's phase equals interp23tap inside") {
  for (const std::int64_t ratio : {2, 4, 8}) {
    Setup s = aligned(ratio, 40, 37, 3);
    s.options.phase = Phase::toolbox;
    SceneSource source = s.source();
    const ScenePart part = whole(source);
    const Tensor expected = interp23tap(Tensor::from(Shape{40, 37, 3}, s.ms.samples), ratio);
    const auto found = part.lms.span<float>();
    const auto right = expected.span<double>();
    const std::int64_t edge = 11 * ratio;
    double worst = 0;
    for (std::int64_t i = 0; i < expected.numel(); ++i) {
      const std::int64_t y = i / 3 / (37 * ratio);
      const std::int64_t x = i / 3 % (37 * ratio);
      if (y < edge || x < edge || y >= 40 * ratio - edge || x >= 37 * ratio - edge) continue;
      worst =
          std::max(worst, std::abs(static_cast<double>(found[static_cast<std::size_t>(i)]) - right[static_cast<std::size_t>(i)]));
    }
    CHECK(worst > 0);
    CHECK(worst < 1e-3);  // f32 of values near 900, 22 + 22 products
  }
}

TEST_CASE("centred LMS lies where the geotransforms say") {
  // A linear ramp is interpolated exactly wherever it is read.
  const GeoTransform pan_at{1000.2, 500, 0.498, -0.5};
  const GeoTransform ms_at{1000, 500.75, 2, -2.01};
  const auto ramp = [](const GeoTransform& t, double y, double x) {
    return static_cast<float>(100 + 3 * (t.origin_x + (x + 0.5) * t.step_x - 1000) -
                              2 * (t.origin_y + (y + 0.5) * t.step_y - 500));
  };
  Setup s{MemoryRaster(raster_info(120, 120, 1, pan_at, SampleType::f32), [&](auto, auto, auto) { return 1.0F; }),
          MemoryRaster(raster_info(32, 32, 1, ms_at, SampleType::f32),
                       [&](auto y, auto x, auto) { return ramp(ms_at, static_cast<double>(y), static_cast<double>(x)); }),
          {},
          {},
          1};
  SceneSource source = s.source();
  const ScenePart part = whole(source);
  const SceneAlignment& a = source.alignment();
  for (std::int64_t y = 48; y < 72; ++y) {
    for (std::int64_t x = 48; x < 72; ++x) {
      const float expected = ramp(a.transform, static_cast<double>(y), static_cast<double>(x));
      CHECK(part.lms.span<float>()[static_cast<std::size_t>(y * part.window.cols + x)] ==
            doctest::Approx(expected).epsilon(1e-5));
    }
  }
  // Cells of 4 x 4 output pixels are centred between pixels 4 i + 1 and 4 i + 2.
  const float cell = part.ms.span<float>()[static_cast<std::size_t>(14 * part.ms.dim(2) + 13)];
  CHECK(cell == doctest::Approx(ramp(a.transform, 4 * 14 + 1.5, 4 * 13 + 1.5)).epsilon(1e-5));
}

TEST_CASE("parts: MS of aligned rasters is MS itself, edges are mirrored") {
  Setup s = aligned(4, 12, 10, 2);
  s.scale = 100;
  SceneSource source = s.source();
  const ScenePart part = part_of(source, {{0, 0, 16, 16}, 8, 4});
  CHECK(part.window == Window{-8, -8, 32, 32});
  CHECK(part.ms.shape() == Shape{1, 8, 8, 2});
  const auto ms = [&](std::int64_t y, std::int64_t x, std::int64_t b) {
    return s.ms.samples[static_cast<std::size_t>((y * 10 + x) * 2 + b)] / 100;
  };
  const auto found = part.ms.span<float>();
  CHECK(found[2 * 8 * 2 + 2 * 2] == doctest::Approx(ms(0, 0, 0)));
  CHECK(found[(5 * 8 + 4) * 2 + 1] == doctest::Approx(ms(3, 2, 1)));
  CHECK(found[0] == doctest::Approx(ms(1, 1, 0)));  // cell -2 is cell 1
  const auto pan = part.pan.span<float>();
  CHECK(pan[0] == doctest::Approx(s.pan.samples[7 * 40 + 7] / 100));
  CHECK(pan[8 * 32 + 8] == doctest::Approx(s.pan.samples[0] / 100));
  CHECK(std::count(part.valid.span<std::uint8_t>().begin(), part.valid.span<std::uint8_t>().end(), 1) == 32 * 32);
}

// Compares the cores of parts of any size with the whole scene's: what a method sees of valid pixels.
void check_cuts(Setup& s, std::int64_t halo) {
  SceneSource source = s.source();
  const SceneGrid grid = source.grid();
  const ScenePart all = part_of(source, {{0, 0, grid.rows, grid.cols}, halo, 2});
  for (const std::int64_t side : {13, 40, 64}) {
    for (std::int64_t row = 0; row < grid.rows; row += side) {
      for (std::int64_t col = 0; col < grid.cols; col += side) {
        const Window core{row, col, std::min(side, grid.rows - row), std::min(side, grid.cols - col)};
        const RawPart raw = source.read({core, halo, 2});
        if (raw.outside) continue;
        const ScenePart part = source.assemble(raw);
        std::int64_t different = 0;
        for (std::int64_t y = core.row - halo; y < core.row + core.rows + halo; ++y) {
          for (std::int64_t x = core.col - halo; x < core.col + core.cols + halo; ++x) {
            const auto here = static_cast<std::size_t>((y - part.window.row) * part.window.cols + x - part.window.col);
            const auto there = static_cast<std::size_t>((y - all.window.row) * all.window.cols + x - all.window.col);
            const bool valid = part.valid.span<std::uint8_t>()[here] != 0;
            different += part.valid.span<std::uint8_t>()[here] != all.valid.span<std::uint8_t>()[there] ? 1 : 0;
            // Within the halo of a valid pixel of the core everything must be the same; the rest need not.
            if (!valid) continue;
            for (std::size_t b = 0; b < 2; ++b) {
              different += part.lms.span<float>()[here * 2 + b] != all.lms.span<float>()[there * 2 + b] ? 1 : 0;
            }
            different += part.pan.span<float>()[here] != all.pan.span<float>()[there] ? 1 : 0;
          }
        }
        CHECK(different == 0);
      }
    }
  }
}

TEST_CASE("parts do not depend on how a scene is cut, to the last bit") {
  Setup s{MemoryRaster(raster_info(97, 110, 1, {3.1, 0, 1, -1}),
                       [](auto y, auto x, auto) { return field(static_cast<double>(y), static_cast<double>(x), 7); }),
          MemoryRaster(raster_info(26, 29, 2, {0, 0.7, 4.01, -3.99}),
                       [](auto y, auto x, auto b) {
                         return field(4 * static_cast<double>(y), 4 * static_cast<double>(x), static_cast<double>(b));
                       }),
          {},
          {},
          2047};
  check_cuts(s, 6);
  s.options.extent = Extent::both;
  check_cuts(s, 6);
}

TEST_CASE("filled pixels that a valid pixel's result depends on do not depend on cuts") {
  Setup s = aligned(4, 26, 27, 2);
  s.nodata.input = 0;
  std::mt19937 random(1);
  for (std::int64_t i = 0; i < 26 * 27; ++i) {
    const bool corner = i / 27 + i % 27 < 12;
    if (corner || random() % 40 == 0) s.ms.samples[static_cast<std::size_t>(2 * i)] = 0;
  }
  for (std::int64_t i = 0; i < 104 * 108; ++i) {
    if (i / 108 > 80 && i % 108 > 70 && i % 5 != 0) s.pan.samples[static_cast<std::size_t>(i)] = 0;
  }
  check_cuts(s, 0);
  SceneSource source = s.source();
  const std::int64_t halo = 8;
  const ScenePart all = part_of(source, {{0, 0, 104, 108}, halo, 1});
  const ScenePart part = part_of(source, {{40, 36, 20, 24}, halo, 1});
  std::int64_t compared = 0, different = 0;
  for (std::int64_t y = 40; y < 60; ++y) {
    for (std::int64_t x = 36; x < 60; ++x) {
      const auto at = [&](const ScenePart& p, std::int64_t i, std::int64_t j) {
        return static_cast<std::size_t>((i - p.window.row) * p.window.cols + j - p.window.col);
      };
      if (part.valid.span<std::uint8_t>()[at(part, y, x)] == 0) continue;
      for (std::int64_t i = y - halo; i <= y + halo; ++i) {
        for (std::int64_t j = x - halo; j <= x + halo; ++j) {
          ++compared;
          const std::size_t p = at(part, i, j), q = at(all, i, j);
          different += part.pan.span<float>()[p] != all.pan.span<float>()[q] ? 1 : 0;
          different += part.lms.span<float>()[2 * p] != all.lms.span<float>()[2 * q] ? 1 : 0;
        }
      }
    }
  }
  CHECK(compared > 100000);
  CHECK(different == 0);
}

TEST_CASE("parts that lie outside MS are not read") {
  Setup s{MemoryRaster(raster_info(64, 200, 1, {0, 0, 1, -1}), [](auto, auto, auto) { return 5.0F; }),
          MemoryRaster(raster_info(16, 16, 1, {0, 0, 4, -4}), [](auto, auto, auto) { return 6.0F; }),
          {.extent = Extent::pan},
          {},
          1};
  SceneSource source = s.source();
  CHECK(source.read({{0, 64, 64, 64}, 8, 1}).outside);
  CHECK(s.ms.reads == 0);
  const ScenePart part = part_of(source, {{0, 32, 64, 64}, 0, 1});
  const auto valid = part.valid.span<std::uint8_t>();
  CHECK(std::count(valid.begin(), valid.end(), 1) == 64 * 32);
}

TEST_CASE("values above the scale are counted once, whatever the cut") {
  Setup s = aligned(4, 16, 16, 2);
  s.scale = 600;
  std::int64_t expected = 0;
  for (const float v : s.pan.samples) expected += v > 600 ? 1 : 0;
  for (const float v : s.ms.samples) expected += v > 600 ? 1 : 0;
  SceneSource source = s.source();
  for (const std::int64_t side : {7, 16, 64}) {
    std::int64_t above = 0;
    for (std::int64_t row = 0; row < 64; row += side) {
      for (std::int64_t col = 0; col < 64; col += side) {
        const RawPart raw = source.read({{row, col, std::min(side, 64 - row), std::min(side, 64 - col)}, 5, 2});
        above += raw.pan_above + raw.ms_above;
      }
    }
    CHECK(above == expected);
  }
}

}  // namespace
}  // namespace cf::test

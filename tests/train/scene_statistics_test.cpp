#include "tools/cfrun/scene_statistics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cf {
namespace {

// Two values at each of 3 x 4 windows of 8 x 8 pixels: one grows down, the other is a wave.
SceneStatistics filled() {
  SceneStatistics s(24, 32, 8, 2);
  for (std::int64_t row = 0; row < 3; ++row) {
    for (std::int64_t col = 0; col < 4; ++col) {
      const std::array values = {static_cast<float>(row),
                                 static_cast<float>(std::sin(static_cast<double>(row) + 2.5 * static_cast<double>(col)))};
      s.set(row, col, 1, values);
    }
  }
  s.finish(1);
  return s;
}

float at(const Tensor& map, std::int64_t row, std::int64_t col, std::int64_t channel = 0) {
  return map.span<float>()[static_cast<std::size_t>((row * map.dim(2) + col) * map.dim(3) + channel)];
}

// The first value in the middle of a window, whose side is odd.
double middle(const SceneStatistics& s, std::int64_t row, std::int64_t col) {
  return at(s.map({row * s.side() + s.side() / 2, col * s.side() + s.side() / 2, 1, 1}, 0, 1, {}), 0, 0);
}

}  // namespace

TEST_CASE("statistics: maps are bilinear between the middles of windows and constant beyond the outermost") {
  const SceneStatistics s = filled();
  const Tensor map = s.map({0, 0, 24, 32}, 0, 2, {});
  REQUIRE(map.shape() == Shape{1, 24, 32, 2});
  for (std::int64_t row = 0; row < 24; ++row) {
    const double want = std::clamp((static_cast<double>(row) + 0.5) / 8 - 0.5, 0.0, 2.0);
    CHECK(at(map, row, 5) == doctest::Approx(want));
  }
  CHECK(at(map, 0, 0, 1) == doctest::Approx(0));
  CHECK(at(map, 23, 31, 1) == doctest::Approx(std::sin(2 + 7.5)));
  // Halfway between the middles of two windows.
  const double halfway = (at(map, 1, 7, 1) + at(map, 1, 8, 1)) / 2;
  CHECK(halfway == doctest::Approx((std::sin(0) + std::sin(2.5)) / 2));
}

TEST_CASE("statistics: a pixel's numbers are the same in every map") {
  const SceneStatistics s = filled();
  const Tensor all = s.map({0, 0, 24, 32}, 0, 2, {});
  for (const Window& w : {Window{0, 0, 1, 1}, {5, 9, 12, 3}, {20, 28, 4, 4}, {7, 0, 9, 32}}) {
    const Tensor part = s.map(w, 1, 1, {});
    for (std::int64_t row = 0; row < w.rows; ++row) {
      for (std::int64_t col = 0; col < w.cols; ++col) {
        CHECK(at(part, row, col) == doctest::Approx(at(all, w.row + row, w.col + col, 1)).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("statistics: a window that is partly covered leans on those around it") {
  SceneStatistics s(9, 27, 9, 1);
  s.set(0, 0, 1, std::array{2.0F});
  s.set(0, 1, 0.25, std::array{6.0F});
  s.set(0, 2, 0.5, std::array{5.0F});
  s.finish(1);
  CHECK(middle(s, 0, 0) == doctest::Approx(2));
  CHECK(middle(s, 0, 1) == doctest::Approx(0.25 * 6 + 0.75 * (2 + 0.5 * 5) / 1.5));
  CHECK(middle(s, 0, 2) == doctest::Approx(0.5 * 5 + 0.5 * 6));
}

TEST_CASE("statistics: windows without data take those of the nearest that have some") {
  SceneStatistics s(45, 45, 9, 1);
  s.set(0, 0, 0.01, std::array{3.0F});
  s.set(4, 4, 1, std::array{5.0F});
  s.finish(1);
  CHECK(middle(s, 0, 0) == doctest::Approx(3));
  CHECK(middle(s, 1, 1) == doctest::Approx(3));
  CHECK(middle(s, 3, 3) == doctest::Approx(5));
  CHECK(middle(s, 2, 2) > 3);
  CHECK(middle(s, 2, 2) < 5);
  SceneStatistics none(45, 45, 9, 1);
  none.finish(0.5F);
  CHECK(middle(none, 2, 1) == doctest::Approx(0.5));
}

}  // namespace cf

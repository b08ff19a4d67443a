#include "data/plot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <limits>

#include "data/drawing.h"
#include "framework/core/check.h"

using namespace cf;

namespace {

constexpr Colour kFirst = {252, 160, 20};
constexpr Colour kSecond = {90, 180, 255};

// Rows and columns of the pixels of a colour.
struct Box {
  std::int64_t top = 1 << 20, bottom = -1, left = 1 << 20, right = -1;
};

Box box_of(const Picture& picture, const Colour& colour, std::int64_t from_row = 0) {
  Box box;
  for (std::int64_t y = from_row; y < picture.height; ++y) {
    for (std::int64_t x = 0; x < picture.width; ++x) {
      if (!std::equal(colour.begin(), colour.end(), picture.pixels.begin() + (y * picture.width + x) * 3)) continue;
      box = {std::min(box.top, y), std::max(box.bottom, y), std::min(box.left, x), std::max(box.right, x)};
    }
  }
  return box;
}

constexpr std::int64_t kBelowLegend = 22;

}  // namespace

TEST_CASE("a curve runs through its points, the larger value higher") {
  const Picture falling = plot({{.title = "SAM", .curves = {{"DDIM", {1, 10}, {4, 2}}, {"SINGLE", {1, 10}, {3, 3}}}}});
  const Box first = box_of(falling, kFirst, kBelowLegend);
  const Box second = box_of(falling, kSecond, kBelowLegend);
  CHECK(first.left < 70);
  CHECK(first.right > falling.width - 30);
  CHECK(first.top < second.top);
  CHECK(first.bottom > second.bottom);
  CHECK(second.bottom - second.top < 10);
  // The legend stands above.
  CHECK(box_of(falling, kSecond).top < kBelowLegend);
}

TEST_CASE("x goes by its logarithm, and panels stand side by side") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Picture picture =
      plot({{"A", {{"", {1, 100, 10}, {0, 0, nan}}}}, {"B", {{"", {1, 10, 100}, {0, 0, 1}}, {"", {10}, {1}}}}});
  CHECK(picture.width == 640);
  const Box left = box_of(picture, kFirst);
  CHECK(left.left < 320);
  const Box middle = box_of(picture, kSecond);
  CHECK((middle.left + middle.right) / 2 == doctest::Approx(320 + (64 + 304) / 2).epsilon(0.01));
}

TEST_CASE("a panel without points is refused") {
  CHECK_THROWS_AS(plot({}), Error);
  CHECK_THROWS_AS(plot({{.title = "SAM", .curves = {}}}), Error);
  CHECK_THROWS_AS(plot({{"SAM", {{"DDIM", {1}, {std::numeric_limits<double>::infinity()}}}}}), Error);
}

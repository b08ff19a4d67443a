#include "data/images.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <limits>
#include <numeric>
#include <set>
#include <string>

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#include <stb_image.h>

#include "data/glyphs.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;

namespace {

// 10 x 10 pixels of two bands: 0 to 99, and ten times that.
Tensor ramp() {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.insert(values.end(), {static_cast<double>(i), 10.0 * i});
  return Tensor::from({10, 10, 2}, values);
}

int byte(const Picture& p, std::int64_t y, std::int64_t x, int c) {
  return p.pixels[static_cast<std::size_t>((y * p.width + x) * 3 + c)];
}

}  // namespace

TEST_CASE("images: the stretch is the percentiles', and shared") {
  const Stretch s = percentile_stretch(ramp(), {0, 1, 0}, 2, 98);
  CHECK(s.low == std::array<double, 3>{2, 20, 2});
  CHECK(s.high == std::array<double, 3>{97, 970, 97});
  const Picture p = show(ramp(), s);
  CHECK(byte(p, 0, 2, 0) == 0);
  CHECK(byte(p, 9, 7, 1) == 255);
  CHECK(byte(p, 9, 9, 2) == 255);
  CHECK(byte(p, 5, 0, 0) == std::lround(255 * 48.0 / 95));
  const Picture darker = show(Tensor::zeros({1, 10, 10, 2}), s);
  CHECK(*std::max_element(darker.pixels.begin(), darker.pixels.end()) == 0);
  CHECK(contains(error_of([] { (void)percentile_stretch(ramp(), {0, 1, 2}); }), "band 2 of an image of 2 bands"));
  CHECK(contains(error_of([] { (void)show(Tensor::zeros({2, 4, 4, 1}), {}); }), "an image is (H, W, B)"));
}

TEST_CASE("images: a constant or non-finite image is shown, not an error") {
  const Stretch flat = percentile_stretch(Tensor::full({4, 4, 1}, 7), {0, 0, 0});
  CHECK(byte(show(Tensor::full({4, 4, 1}, 7), flat), 1, 1, 0) == 128);
  Tensor holes = Tensor::full({2, 2, 1}, 1, DType::f64);
  holes.span<double>()[3] = std::numeric_limits<double>::quiet_NaN();
  const Picture p = show(holes, percentile_stretch(holes, {0, 0, 0}));
  CHECK(byte(p, 1, 1, 0) == 255);
  CHECK(byte(p, 1, 1, 1) == 0);
}

TEST_CASE("images: error from dark to bright with its scale; signed detail about grey") {
  const Tensor gt = Tensor::zeros({40, 30, 2}, DType::f64);
  Tensor fused = gt.clone();
  fused.span<double>()[0] = -8;  // pixel (0, 0): mean of 8 and 0
  fused.span<double>()[2] = 100;
  const Picture p = show_error(fused, gt, 8);
  CHECK(p.height == 40);
  CHECK(p.width > 30);
  CHECK(byte(p, 0, 1, 0) == 252);  // beyond the scale: its end
  CHECK(byte(p, 0, 2, 0) == 0);
  CHECK(byte(p, 0, 0, 0) > 150);
  CHECK(byte(p, 0, 0, 0) < 252);
  CHECK(byte(p, 20, 34, 0) > 0);  // the strip of the scale
  CHECK(contains(error_of([&] { (void)show_error(gt, Tensor::zeros({4, 4, 2})); }), "against ground truth"));

  Tensor detail = Tensor::zeros({1, 2, 2, 1}, DType::f64);
  detail.span<double>()[1] = 3;
  detail.span<double>()[2] = -3;
  const Picture d = show_signed(detail, {0, 0, 0}, 3);
  CHECK(byte(d, 0, 0, 0) == 128);
  CHECK(byte(d, 0, 1, 0) == 255);
  CHECK(byte(d, 1, 0, 0) == 0);
  CHECK(byte(show_signed(Tensor::zeros({2, 2, 1}), {0, 0, 0}), 0, 0, 0) == 128);
}

TEST_CASE("images: the digits of the labels are symmetric where digits are, and all different") {
  const auto ink = [](char c) {
    int bits = 0;
    for (int i = 0; i < 15; ++i) bits |= glyph_pixel(c, i / 3, i % 3) ? 1 << i : 0;
    return bits;
  };
  for (const char c : {'0', '8', '-', '+'}) {
    for (int row = 0; row < 5; ++row) {
      CHECK(glyph_pixel(c, row, 0) == glyph_pixel(c, row, 2));
      for (int col = 0; col < 3; ++col) CHECK(glyph_pixel(c, row, col) == glyph_pixel(c, 4 - row, col));
    }
  }
  std::set<int> seen;
  for (const char c : std::string("0123456789.-+e")) seen.insert(ink(c));
  CHECK(seen.size() == 14);
  CHECK(ink('?') == 0);
}

TEST_CASE("images: a PNG reads back as it was") {
  const test::TempFolder folder;
  const Picture picture = show(ramp(), percentile_stretch(ramp(), {0, 1, 0}));
  write_png(folder / "a.png", picture);
  int width = 0;
  int height = 0;
  int channels = 0;
  unsigned char* pixels = stbi_load((folder / "a.png").c_str(), &width, &height, &channels, 3);
  REQUIRE(pixels != nullptr);
  CHECK(width == 10);
  CHECK(height == 10);
  CHECK(channels == 3);
  CHECK(std::equal(picture.pixels.begin(), picture.pixels.end(), pixels));
  stbi_image_free(pixels);
  CHECK(folder.entries() == 1);
  CHECK(contains(error_of([&] { write_png(folder / "a.png", {2, 2, {1, 2, 3}}); }), "3 bytes for a picture of 2 x 2"));
  CHECK(contains(error_of([&] { write_png(folder / "none" / "a.png", picture); }), "is not a folder"));
}

TEST_CASE("images: a failed write leaves the picture that was there") {
  const test::TempFolder folder;
  std::ofstream(folder / "a.png") << "kept";
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{16, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = error_of([&] { write_png(folder / "a.png", show(ramp(), percentile_stretch(ramp(), {0, 0, 0}))); });
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK(contains(message, "a.png: writing failed"));
  CHECK(folder.entries() == 1);
  CHECK(std::filesystem::file_size(folder / "a.png") == 4);
}

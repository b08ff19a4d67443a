#include "data/images.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/drawing.h"
#include "data/glyphs.h"
#include "framework/core/check.h"

namespace cf {
namespace {

// An image's values as f64, and its extents.
struct Pixels {
  Tensor values;
  std::int64_t height, width, bands;

  explicit Pixels(const Tensor& image) {
    const int r = image.rank();
    check(r == 3 || (r == 4 && image.dim(0) == 1), "quicklook: an image is (H, W, B) or (1, H, W, B), not {}",
          image.shape().str());
    values = image.to(DType::f64);
    height = image.dim(-3);
    width = image.dim(-2);
    bands = image.dim(-1);
  }
  std::int64_t count() const { return height * width; }
  double at(std::int64_t pixel, std::int64_t band) const { return data()[pixel * bands + band]; }
  const double* data() const { return values.span<double>().data(); }
  void check_bands(const Bands& wanted) const {
    for (const std::int64_t b : wanted) check(b >= 0 && b < bands, "quicklook: band {} of an image of {} bands", b, bands);
  }
};

constexpr Colour kNotFinite = {255, 0, 255};
constexpr Colour kWhite = {255, 255, 255};

std::uint8_t to_byte(double unit) { return static_cast<std::uint8_t>(std::lround(255 * std::clamp(unit, 0.0, 1.0))); }

// The value below which `percent` of the finite values lie (nearest rank); 0 where there are none.
double percentile(std::vector<double>& values, double percent) {
  std::erase_if(values, [](double v) { return !std::isfinite(v); });
  if (values.empty()) return 0;
  const double rank = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(values.size() - 1);
  const auto at = values.begin() + std::lround(rank);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Black, violet, red, orange, pale yellow: brightness grows throughout, so that the map reads in grey too.
Colour heat(double unit) {
  static constexpr std::array<std::array<double, 3>, 6> kStops = {
      {{0, 0, 0}, {60, 15, 110}, {150, 30, 110}, {220, 70, 55}, {252, 160, 20}, {252, 255, 190}}};
  const double at = std::clamp(unit, 0.0, 1.0) * (kStops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  const double part = at - static_cast<double>(below);
  Colour colour{};
  for (std::size_t c = 0; c < 3; ++c) colour[c] = to_byte(((1 - part) * kStops[below][c] + part * kStops[below + 1][c]) / 255);
  return colour;
}

// The scale on the right of an error map: `full` above, 0 below.
void draw_scale(Picture& picture, std::int64_t left, double full) {
  constexpr std::int64_t kBarWidth = 8;
  const std::int64_t top = kGlyphHeight + 3;
  const std::int64_t bottom = picture.height - kGlyphHeight - 3;
  for (std::int64_t y = top; y < bottom; ++y) {
    const double unit = 1 - static_cast<double>(y - top) / static_cast<double>(std::max<std::int64_t>(1, bottom - top - 1));
    for (std::int64_t x = left + 2; x < left + 2 + kBarWidth; ++x) put(picture, y, x, heat(unit));
  }
  write_text(picture, 1, left + 2, fmt::format("{:.3g}", full), kWhite);
  write_text(picture, picture.height - kGlyphHeight - 1, left + 2, "0", kWhite);
}

}  // namespace

Stretch percentile_stretch(const Tensor& image, const Bands& bands, double low, double high) {
  const Pixels pixels(image);
  pixels.check_bands(bands);
  Stretch stretch{bands};
  for (std::size_t c = 0; c < 3; ++c) {
    std::vector<double> values;
    for (std::int64_t p = 0; p < pixels.count(); ++p) values.push_back(pixels.at(p, bands[c]));
    stretch.low[c] = percentile(values, low);
    stretch.high[c] = percentile(values, high);
  }
  return stretch;
}

Picture show(const Tensor& image, const Stretch& stretch) {
  const Pixels pixels(image);
  pixels.check_bands(stretch.bands);
  Picture picture = blank_picture(pixels.height, pixels.width);
  for (std::int64_t p = 0; p < pixels.count(); ++p) {
    Colour colour{};
    for (std::size_t c = 0; c < 3; ++c) {
      const double v = pixels.at(p, stretch.bands[c]);
      const double range = stretch.high[c] - stretch.low[c];
      if (!std::isfinite(v)) {
        colour = kNotFinite;
        break;
      }
      colour[c] = range > 0 ? to_byte((v - stretch.low[c]) / range) : 128;
    }
    put(picture, p / pixels.width, p % pixels.width, colour);
  }
  return picture;
}

Picture show_error(const Tensor& fused, const Tensor& gt, double full) {
  const Pixels a(fused);
  const Pixels b(gt);
  check(a.height == b.height && a.width == b.width && a.bands == b.bands, "quicklook: fused image {} against ground truth {}",
        fused.shape().str(), gt.shape().str());
  std::vector<double> errors;
  for (std::int64_t p = 0; p < a.count(); ++p) {
    double sum = 0;
    for (std::int64_t c = 0; c < a.bands; ++c) sum += std::abs(a.at(p, c) - b.at(p, c));
    errors.push_back(sum / static_cast<double>(a.bands));
  }
  if (full <= 0) {
    std::vector<double> sorted = errors;
    full = percentile(sorted, 99);
  }
  const std::int64_t strip = 5 * (kGlyphWidth + 1) + 4;  // room for labels such as "0.012"
  Picture picture = blank_picture(a.height, a.width + strip);
  for (std::int64_t p = 0; p < a.count(); ++p) {
    const double error = errors[static_cast<std::size_t>(p)];
    const Colour colour = !std::isfinite(error) ? kNotFinite : heat(full > 0 ? error / full : 0);
    put(picture, p / a.width, p % a.width, colour);
  }
  draw_scale(picture, a.width, full);
  return picture;
}

Picture show_signed(const Tensor& image, const Bands& bands, double full) {
  const Pixels pixels(image);
  pixels.check_bands(bands);
  if (full <= 0) {
    std::vector<double> magnitudes;
    for (std::int64_t p = 0; p < pixels.count(); ++p) {
      for (const std::int64_t b : bands) magnitudes.push_back(std::abs(pixels.at(p, b)));
    }
    full = percentile(magnitudes, 99);
  }
  if (full <= 0) full = 1;  // nothing but zeros: all grey
  return show(image, {bands, {-full, -full, -full}, {full, full, full}});
}

}  // namespace cf

#include "data/report/quicklook.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/check.h"

namespace cf {
namespace {

constexpr double kNoData = std::numeric_limits<double>::quiet_NaN();

// An image's values, and where they are.
struct Pixels {
  explicit Pixels(const Tensor& image) : values(image.to(DType::f64)) {
    const int r = image.rank();
    check(r == 3 || (r == 4 && image.dim(0) == 1), "quicklook: an image is (H, W, B) or (1, H, W, B), not {}",
          image.shape().str());
    height = image.dim(-3);
    width = image.dim(-2);
    bands = image.dim(-1);
    data = values.span<double>();
  }
  double at(std::int64_t pixel, std::int64_t band) const { return data[static_cast<std::size_t>(pixel * bands + band)]; }
  std::int64_t pixels() const { return height * width; }

  Tensor values;
  std::span<const double> data;
  std::int64_t height = 0, width = 0, bands = 0;
};

std::uint8_t to_byte(double unit) { return static_cast<std::uint8_t>(std::lround(255 * std::clamp(unit, 0.0, 1.0))); }

// Pixels of `colours` channels, to which opacity is added where some of them have no data.
class Canvas {
 public:
  Canvas(std::int64_t height, std::int64_t width, std::size_t colours)
      : height_(height), width_(width), colours_(colours), pixels_(static_cast<std::size_t>(height * width) * (colours + 1)) {}

  void put(std::int64_t pixel, const Colour& colour) {
    auto* at = &pixels_[static_cast<std::size_t>(pixel) * (colours_ + 1)];
    std::copy_n(colour.begin(), colours_, at);
    at[colours_] = 255;
    ++opaque_;
  }
  Quicklook encode() {
    std::size_t channels = colours_ + 1;
    if (opaque_ == height_ * width_) {
      drop_opacity();
      channels = colours_;
    }
    return {encode_png(pixels_, height_, width_, static_cast<std::int64_t>(channels)), height_, width_};
  }

 private:
  void drop_opacity() {
    const auto count = static_cast<std::size_t>(height_ * width_);
    for (std::size_t p = 0; p < count; ++p) std::copy_n(&pixels_[p * (colours_ + 1)], colours_, &pixels_[p * colours_]);
    pixels_.resize(count * colours_);
  }

  std::int64_t height_, width_;
  std::size_t colours_;
  std::vector<std::uint8_t> pixels_;
  std::int64_t opaque_ = 0;
};

Tensor plane(const Pixels& like) { return Tensor::empty({like.height, like.width, 1}, DType::f64); }

}  // namespace

std::int64_t thinning(const Tensor& image, std::int64_t side) {
  const std::int64_t longer = std::max(image.dim(-3), image.dim(-2));
  return std::max<std::int64_t>(1, (longer + side - 1) / side);
}

Tensor thinned(const Tensor& image, std::int64_t step) {
  const Pixels from(image);
  const std::int64_t height = (from.height + step - 1) / step;
  const std::int64_t width = (from.width + step - 1) / step;
  Tensor result = Tensor::empty({height, width, from.bands}, DType::f64);
  auto* out = result.span<double>().data();
  for (std::int64_t i = 0; i < height * width * from.bands; ++i) {
    const std::int64_t band = i % from.bands;
    const std::int64_t top = i / from.bands / width * step;
    const std::int64_t left = i / from.bands % width * step;
    double sum = 0;
    std::int64_t count = 0;
    for (std::int64_t y = top; y < std::min(top + step, from.height); ++y) {
      for (std::int64_t x = left; x < std::min(left + step, from.width); ++x) {
        const double v = from.at(y * from.width + x, band);
        if (!std::isfinite(v)) continue;
        sum += v;
        ++count;
      }
    }
    out[i] = count > 0 ? sum / static_cast<double>(count) : kNoData;
  }
  return result;
}

Quicklook quicklook(const Tensor& image, const Stretch& stretch) {
  const Pixels from(image);
  for (const std::int64_t b : stretch.bands) check(b >= 0 && b < from.bands, "quicklook: band {} of {} bands", b, from.bands);
  const bool grey = stretch.bands[0] == stretch.bands[1] && stretch.bands[1] == stretch.bands[2];
  Canvas canvas(from.height, from.width, grey ? 1 : 3);
  for (std::int64_t p = 0; p < from.pixels(); ++p) {
    Colour colour{};
    bool data = true;
    for (std::size_t c = 0; c < 3; ++c) {
      const double v = from.at(p, stretch.bands[c]);
      const double range = stretch.high[c] - stretch.low[c];
      data = data && std::isfinite(v);
      if (data) colour[c] = range > 0 ? to_byte((v - stretch.low[c]) / range) : 128;
    }
    if (data) canvas.put(p, colour);
  }
  return canvas.encode();
}

Quicklook map_picture(const Tensor& values, const MapScale& scale) {
  const Pixels from(values);
  Canvas canvas(from.height, from.width, 3);
  const double range = scale.high - scale.low;
  for (std::int64_t p = 0; p < from.pixels(); ++p) {
    const double v = from.at(p, 0);
    if (std::isfinite(v)) canvas.put(p, colour_of(scale.colours, range > 0 ? (v - scale.low) / range : 0));
  }
  return canvas.encode();
}

Tensor error_map(const Tensor& a, const Tensor& b) {
  const Pixels first(a);
  const Pixels second(b);
  check(first.height == second.height && first.width == second.width && first.bands == second.bands,
        "quicklook: an image {} against {}", a.shape().str(), b.shape().str());
  Tensor error = plane(first);
  const auto out = error.span<double>();
  for (std::int64_t p = 0; p < first.pixels(); ++p) {
    double sum = 0;
    for (std::int64_t c = 0; c < first.bands; ++c) sum += std::abs(first.at(p, c) - second.at(p, c));
    out[static_cast<std::size_t>(p)] = sum / static_cast<double>(first.bands);
  }
  return error;
}

Tensor band_mean(const Tensor& image) {
  const Pixels from(image);
  Tensor mean = plane(from);
  const auto out = mean.span<double>();
  for (std::int64_t p = 0; p < from.pixels(); ++p) {
    double sum = 0;
    for (std::int64_t c = 0; c < from.bands; ++c) sum += from.at(p, c);
    out[static_cast<std::size_t>(p)] = sum / static_cast<double>(from.bands);
  }
  return mean;
}

double magnitude(const Tensor& values, double percent) {
  std::vector<double> finite;
  for (const double v : values.to(DType::f64).span<double>()) {
    if (std::isfinite(v)) finite.push_back(std::abs(v));
  }
  if (finite.empty()) return 0;
  const auto rank = std::lround(std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(finite.size() - 1));
  std::nth_element(finite.begin(), finite.begin() + rank, finite.end());
  return finite[static_cast<std::size_t>(rank)];
}

}  // namespace cf

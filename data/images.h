// PNG quicklooks of images, for people: colour, PAN, error and detail.
//
// Images are (H, W, B) or (1, H, W, B), f32 or f64, in any unit; bands are 0-based (rgb_bands() of data/presets.h).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

// 8-bit pixels, rows from the top, red, green, blue.
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;  // (H, W, 3)
};

using Bands = std::array<std::int64_t, 3>;

// The values shown as black and as full brightness, per colour.
struct Stretch {
  Bands bands{};
  std::array<double, 3> low{};
  std::array<double, 3> high{};
};

// From the percentiles of one image, to be used for every picture of the same scene so that they compare by eye. Non-finite
// pixels are passed over. Throws Error on a band outside the image.
Stretch percentile_stretch(const Tensor& image, const Bands& bands, double low = 2, double high = 98);

// Three bands as red, green, blue; or one in grey (PAN) where the stretch's bands are all the same. Non-finite pixels magenta.
Picture show(const Tensor& image, const Stretch& stretch);

// |fused - gt|, mean over the bands, from black at 0 through violet, red and orange to pale yellow at `full` and above, with
// a strip of the scale, labelled 0 and `full`, on the right. full <= 0: the 99th percentile.
Picture show_error(const Tensor& fused, const Tensor& gt, double full = 0);

// A signed image such as the reconstructed detail D: 0 is mid-grey, `full` white, -full black, in each colour.
// full <= 0: the 99th percentile of the magnitude.
Picture show_signed(const Tensor& image, const Bands& bands, double full = 0);

// The bytes of a PNG file.
std::string encode_png(const Picture& picture);
// Of 8-bit pixels (height, width, channels): grey, grey and opacity, RGB, RGB and opacity.
std::string encode_png(std::span<const std::uint8_t> pixels, std::int64_t height, std::int64_t width, std::int64_t channels);
// Writes it in one step. Throws Error where the file cannot be written; nothing half-written stays.
void write_png(const std::filesystem::path& path, const Picture& picture);

}  // namespace cf

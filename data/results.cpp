#include "data/results.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "data/mat.h"
#include "framework/core/check.h"

namespace cf {
namespace {

struct Image {
  Tensor values;  // f64
  std::int64_t height, width, bands;
};

Image as_image(const Tensor& t) {
  const int r = t.rank();
  check(r == 3 || (r == 4 && t.dim(0) == 1), "results: an image is (H, W, B) or (1, H, W, B), not {}", t.shape().str());
  return {t.to(DType::f64), t.dim(-3), t.dim(-2), t.dim(-1)};
}

}  // namespace

FusedFile::FusedFile(const std::filesystem::path& path, const Shape& shape)
    : writer_(path), path_(path), shape_(shape), written_(static_cast<std::size_t>(shape[0])) {
  check(shape.rank() == 4, "{}: fused images are (N, H, W, B), not {}", path.string(), shape.str());
  writer_.create<float>("sr", std::array{shape[0], shape[3], shape[1], shape[2]});
}

void FusedFile::put(std::int64_t n, const Tensor& image) {
  const Image im = as_image(image);
  check(n >= 0 && n < shape_[0] && Shape{shape_[0], im.height, im.width, im.bands} == shape_,
        "{}: image {} of shape {} put into {}", path_.string(), n, image.shape().str(), shape_.str());
  const auto values = im.values.span<double>();
  const std::int64_t pixels = im.height * im.width;
  std::vector<float> planes(values.size());  // (B, H, W)
  for (std::int64_t p = 0; p < pixels; ++p) {
    for (std::int64_t b = 0; b < im.bands; ++b) {
      planes[static_cast<std::size_t>(b * pixels + p)] = static_cast<float>(values[static_cast<std::size_t>(p * im.bands + b)]);
    }
  }
  writer_.write_rows<float>("sr", n, 1, planes);
  written_[static_cast<std::size_t>(n)] = true;
}

void FusedFile::commit() {
  const auto missing = std::find(written_.begin(), written_.end(), false);
  check(missing == written_.end(), "{}: image {} was never written", path_.string(), missing - written_.begin());
  writer_.commit();
}

void write_fused_mat(const std::filesystem::path& path, const Tensor& image) {
  const Image im = as_image(image);
  const auto values = im.values.span<double>();
  mat::Array array{{im.height, im.width, im.bands}, std::vector<double>(values.size())};
  auto* out = array.values.data();  // column-major: y + H (x + W b)
  for (std::int64_t b = 0; b < im.bands; ++b) {
    for (std::int64_t x = 0; x < im.width; ++x) {
      for (std::int64_t y = 0; y < im.height; ++y) {
        *out++ = values[static_cast<std::size_t>((y * im.width + x) * im.bands + b)];
      }
    }
  }
  mat::write(path, {{"sr", std::move(array)}});
}

}  // namespace cf

#include "data/augment.h"

#include <algorithm>
#include <vector>

#include "framework/core/check.h"

namespace cf {
namespace {

// out(y, x) = in(y', x'), with (y', x') found by undoing the mirrors, then the transposition.
void transform_one(const Symmetry& s, const float* in, std::int64_t height, std::int64_t width, std::int64_t channels,
                   float* out) {
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const std::int64_t row = s.flip_rows ? height - 1 - y : y;
      const std::int64_t col = s.flip_cols ? width - 1 - x : x;
      const float* from = in + (s.transpose ? col * width + row : row * width + col) * channels;
      out = std::copy_n(from, channels, out);
    }
  }
}

}  // namespace

Symmetry draw_symmetry(const Philox& rng, std::uint64_t counter, bool flips, bool turns) {
  const std::uint32_t word = rng.word(counter);
  Symmetry s;
  if (turns) {
    const std::uint32_t quarters = word & 3U;
    s.transpose = quarters % 2 == 1;
    s.flip_rows = quarters >= 2;
    s.flip_cols = quarters == 1 || quarters == 2;
  }
  if (flips) {
    s.flip_rows = s.flip_rows != ((word & 4U) != 0);
    s.flip_cols = s.flip_cols != ((word & 8U) != 0);
  }
  return s;
}

void transform(std::span<const Symmetry> symmetries, const Tensor& images) {
  if (!images.defined()) return;
  const std::int64_t height = images.dim(1);
  const std::int64_t width = images.dim(2);
  const std::int64_t numel = height * width * images.dim(3);
  check(static_cast<std::int64_t>(symmetries.size()) == images.dim(0), "augment: {} symmetries for images {}", symmetries.size(),
        images.shape().str());
  std::vector<float> scratch(static_cast<std::size_t>(numel));
  float* sample = images.span<float>().data();
  for (const Symmetry& s : symmetries) {
    check(!s.transpose || height == width, "augment: images {} cannot be turned by a quarter", images.shape().str());
    if (s.transpose || s.flip_rows || s.flip_cols) {
      std::copy_n(sample, numel, scratch.data());
      transform_one(s, scratch.data(), height, width, images.dim(3), sample);
    }
    sample += numel;
  }
}

void transform(std::span<const Symmetry> symmetries, const Batch& batch) {
  for (const Tensor& images : {batch.gt, batch.ms, batch.lms, batch.pan}) transform(symmetries, images);
}

}  // namespace cf

// How an image is cut into tiles and put together again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "framework/tensor/tensor.h"
#include "models/ssdiff/config.h"
#include "models/ssdiff/region.h"

namespace cf {

// One tile of an image and its share in every pixel: rows[i] * columns[j] at row i, column j of the tile.
struct Tile {
  std::int64_t row = 0;  // of its corner; the tile may reach beyond an image that is smaller
  std::int64_t column = 0;
  std::vector<double> rows;
  std::vector<double> columns;
};

// The tiles of an image of height x width pixels, `ratio` of them per MS pixel.
//   smooth: corners every `stride` pixels, the last ones at the image's end; squared sines as weights, which fall towards
//     neighbouring tiles only, so that the image's border has full weight.
//   centre: of each such tile the central half along both axes, averaged. The border, a quarter tile wide, comes from a strip
//     of tiles along each edge and one at the lower right corner. They are tiles of the grid once more: 222 calls for
//     256 x 256 pixels with a stride of 16, as the published procedure takes.
// With a core, only those that have weight there, in the same order. Throws Error unless size is divisible by 16 and ratio,
// stride by ratio and not above size (centre: half of it).
std::vector<Tile> plan_tiles(std::int64_t height, std::int64_t width, std::int64_t ratio, const TileConfig& config,
                             const std::optional<Region>& core = std::nullopt);

// Tile k = i * tiles.size() + j is tile j of image i: the pixels of tiles first .. first + count - 1 of `images` (N, H, W, C),
// on the host, as (count, size, size, C). `divisor`: what the corners are divided by (the ratio, for MS). Pixels beyond the
// image are mirrored at its edge, the edge itself included, so that PAN and MS stay aligned. N = 1 serves every i.
Tensor cut_tiles(const Tensor& images, const std::vector<Tile>& tiles, std::int64_t first, std::int64_t count, std::int64_t size,
                 std::int64_t divisor = 1);

// The weighted mean of tiles over images (N, H, W, C), or over a core of them. Sums are taken in double in the order of the
// tiles.
class TileMerger {
 public:
  explicit TileMerger(const Shape& images);
  TileMerger(const Shape& images, const Region& core);
  // `pixels` (count, size, size, C) on the host: tiles first, first + 1, ... as cut_tiles counts them.
  void add(const Tensor& pixels, const std::vector<Tile>& tiles, std::int64_t first);
  // On the host.
  Tensor merged(DType dtype) const;

 private:
  void add_tile(std::int64_t image, const Tile& tile, const double* pixels);

  Shape shape_;           // of the result
  std::int64_t row_ = 0;  // of its first pixel
  std::int64_t column_ = 0;
  std::vector<double> sums_;
  std::vector<double> weights_;  // (N, H, W)
};

}  // namespace cf

#include "models/ssdiff/tiles.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "framework/core/check.h"

namespace cf {
namespace {

// The corners of tiles along an axis of `extent` pixels.
std::vector<std::int64_t> corners(std::int64_t extent, const TileConfig& c) {
  std::vector<std::int64_t> list;
  for (std::int64_t at = 0; at + c.size < extent; at += c.stride) list.push_back(at);
  list.push_back(std::max<std::int64_t>(0, extent - c.size));
  return list;
}

// 1 on [begin, end), 0 elsewhere.
std::vector<double> box(std::int64_t size, std::int64_t begin, std::int64_t end) {
  std::vector<double> w(static_cast<std::size_t>(size), 0.0);
  std::fill(w.begin() + begin, w.begin() + end, 1.0);
  return w;
}

// Weights along an axis of a tile with neighbours or the image's border before and behind it.
std::vector<double> smooth_weights(std::int64_t size, bool at_begin, bool at_end) {
  std::vector<double> w;
  for (std::int64_t i = 0; i < size; ++i) {
    const double s = std::sin(std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(size));
    const bool full = (at_begin && 2 * i < size) || (at_end && 2 * i >= size);
    w.push_back(full ? 1 : s * s);
  }
  return w;
}

// The corners along an axis, first to last, and those of tiles that touch the core.
struct Axis {
  Axis(std::int64_t extent, std::int64_t core_begin, std::int64_t core_extent, const TileConfig& c) {
    const auto all = corners(extent, c);
    first = all.front();
    last = all.back();
    std::copy_if(all.begin(), all.end(), std::back_inserter(near),
                 [&](std::int64_t at) { return at < core_begin + core_extent && at + c.size > core_begin; });
  }

  std::int64_t first;
  std::int64_t last;
  std::vector<std::int64_t> near;
};

// Whether some weight is not zero in [begin, begin + extent), the first weight being at `corner`.
bool has_weight(const std::vector<double>& weights, std::int64_t corner, std::int64_t begin, std::int64_t extent) {
  const auto size = static_cast<std::int64_t>(weights.size());
  const auto from = weights.begin() + std::clamp<std::int64_t>(begin - corner, 0, size);
  const auto to = weights.begin() + std::clamp<std::int64_t>(begin + extent - corner, 0, size);
  return std::any_of(from, to, [](double w) { return w != 0; });
}

std::vector<Tile> smooth_tiles(const Axis& rows, const Axis& columns, std::int64_t size) {
  std::vector<Tile> tiles;
  for (const std::int64_t row : rows.near) {
    for (const std::int64_t column : columns.near) {
      tiles.push_back({row, column, smooth_weights(size, row == rows.first, row == rows.last),
                       smooth_weights(size, column == columns.first, column == columns.last)});
    }
  }
  return tiles;
}

std::vector<Tile> centre_tiles(const Axis& rows, const Axis& columns, std::int64_t size) {
  const std::int64_t margin = size / 4;
  const std::vector<double> centre = box(size, margin, size - margin);
  const std::vector<double> begin = box(size, 0, margin);
  const std::vector<double> end = box(size, size - margin, size);
  // The centre, and where a strip ends at a corner of the image that the last tile does not serve, the corner too.
  const auto along = [&](bool first, bool last) { return box(size, first ? 0 : margin, last ? size : size - margin); };

  std::vector<Tile> tiles;
  for (const std::int64_t row : rows.near) {
    for (const std::int64_t column : columns.near) tiles.push_back({row, column, centre, centre});
  }
  for (const std::int64_t column : columns.near) {
    tiles.push_back({rows.first, column, begin, along(column == columns.first, column == columns.last)});
    tiles.push_back({rows.last, column, end, centre});
  }
  for (const std::int64_t row : rows.near) {
    tiles.push_back({row, columns.first, along(false, row == rows.last), begin});
    tiles.push_back({row, columns.last, centre, end});
  }
  tiles.push_back({rows.last, columns.last, end, end});
  return tiles;
}

// Index i of an axis continued beyond its extent by mirroring.
std::int64_t mirrored(std::int64_t i, std::int64_t extent) {
  i %= 2 * extent;
  return i < extent ? i : 2 * extent - 1 - i;
}

}  // namespace

std::vector<Tile> plan_tiles(std::int64_t height, std::int64_t width, std::int64_t ratio, const TileConfig& c,
                             const std::optional<Region>& core) {
  check(c.size >= 16 && c.size % 16 == 0 && c.size % ratio == 0,
        "tiles: tiles.size is {}, must be a multiple of 16 and of the ratio {}", c.size, ratio);
  const std::int64_t widest = c.rule == TileRule::centre ? c.size / 2 : c.size;
  check(c.stride >= 1 && c.stride <= widest && c.stride % ratio == 0,
        "tiles: tiles.stride is {}, must be a multiple of the ratio {} up to {}, or pixels would be left out", c.stride, ratio,
        widest);
  const Region wanted = core.value_or(Region{0, 0, height, width});
  const Axis rows(height, wanted.row, wanted.height, c);
  const Axis columns(width, wanted.column, wanted.width, c);
  auto tiles = c.rule == TileRule::smooth ? smooth_tiles(rows, columns, c.size) : centre_tiles(rows, columns, c.size);
  std::erase_if(tiles, [&](const Tile& t) {
    return !has_weight(t.rows, t.row, wanted.row, wanted.height) || !has_weight(t.columns, t.column, wanted.column, wanted.width);
  });
  return tiles;
}

Tensor cut_tiles(const Tensor& images, const std::vector<Tile>& tiles, std::int64_t first, std::int64_t count, std::int64_t size,
                 std::int64_t divisor) {
  const std::int64_t height = images.dim(1);
  const std::int64_t width = images.dim(2);
  const std::int64_t channels = images.dim(3);
  const auto per_image = static_cast<std::int64_t>(tiles.size());
  Tensor out = Tensor::empty({count, size, size, channels}, images.dtype());
  dispatch_float(images.dtype(), "tiles", [&](auto zero) {
    using T = decltype(zero);
    const T* from = images.span<T>().data();
    T* to = out.span<T>().data();
    for (std::int64_t k = first; k < first + count; ++k) {
      const Tile& tile = tiles[static_cast<std::size_t>(k % per_image)];
      const std::int64_t image = images.dim(0) == 1 ? 0 : k / per_image;
      for (std::int64_t i = 0; i < size; ++i) {
        const std::int64_t row = image * height + mirrored(tile.row / divisor + i, height);
        for (std::int64_t j = 0; j < size; ++j) {
          const std::int64_t column = mirrored(tile.column / divisor + j, width);
          to = std::copy_n(from + (row * width + column) * channels, channels, to);
        }
      }
    }
  });
  return out;
}

TileMerger::TileMerger(const Shape& images) : TileMerger(images, {0, 0, images[1], images[2]}) {}

TileMerger::TileMerger(const Shape& images, const Region& core)
    : shape_{images[0], core.height, core.width, images[3]},
      row_(core.row),
      column_(core.column),
      sums_(static_cast<std::size_t>(shape_.numel()), 0.0),
      weights_(static_cast<std::size_t>(shape_[0] * shape_[1] * shape_[2]), 0.0) {}

void TileMerger::add_tile(std::int64_t image, const Tile& tile, const double* pixels) {
  const std::int64_t channels = shape_[3];
  const auto rows = static_cast<std::int64_t>(tile.rows.size());
  const auto columns = static_cast<std::int64_t>(tile.columns.size());
  const std::int64_t top = tile.row - row_;
  const std::int64_t left = tile.column - column_;
  for (std::int64_t i = std::max<std::int64_t>(0, -top); i < rows && top + i < shape_[1]; ++i) {
    for (std::int64_t j = std::max<std::int64_t>(0, -left); j < columns && left + j < shape_[2]; ++j) {
      const double w = tile.rows[static_cast<std::size_t>(i)] * tile.columns[static_cast<std::size_t>(j)];
      if (w == 0) continue;
      const auto pixel = static_cast<std::size_t>((image * shape_[1] + top + i) * shape_[2] + left + j);
      const double* from = pixels + (i * columns + j) * channels;
      double* sum = sums_.data() + pixel * static_cast<std::size_t>(channels);
      for (std::int64_t c = 0; c < channels; ++c) sum[c] += w * from[c];
      weights_[pixel] += w;
    }
  }
}

void TileMerger::add(const Tensor& pixels, const std::vector<Tile>& tiles, std::int64_t first) {
  const Tensor values = pixels.to(DType::f64);
  const auto per_image = static_cast<std::int64_t>(tiles.size());
  for (std::int64_t k = 0; k < pixels.dim(0); ++k) {
    const Tile& tile = tiles[static_cast<std::size_t>((first + k) % per_image)];
    add_tile((first + k) / per_image, tile, values.span<double>().data() + k * (values.numel() / values.dim(0)));
  }
}

Tensor TileMerger::merged(DType dtype) const {
  Tensor out = Tensor::empty(shape_, DType::f64);
  const auto values = out.span<double>();
  const auto channels = static_cast<std::size_t>(shape_[3]);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = sums_[i] / weights_[i / channels];
  return out.to(dtype);
}

}  // namespace cf

#include "data/raster/gdal/blocks.h"

#include <algorithm>
#include <type_traits>

#include "data/raster/gdal/dataset.h"
#include "data/raster/stored.h"

namespace cf::gdal {
namespace {

// Of so many bands at once: their part of a row of pixels stays in the fastest cache, and blocks of hundreds are not held.
constexpr std::int64_t kPlanes = 16;

// Planes of side x side samples one behind the other, zero beyond the piece. kBands: of a pixel, 0 for any number.
template <class T, std::int64_t kBands>
void take_planes(const T* from, const BlockPiece& piece, std::int64_t side, T* planes) {
  const std::int64_t bands = kBands > 0 ? kBands : piece.bands;
  if (piece.rows < side || piece.cols < side) std::fill(planes, planes + piece.count * side * side, T{});
  for (std::int64_t y = 0; y < piece.rows; ++y) {
    const T* row = from + y * piece.stride * bands + piece.first;
    for (std::int64_t b = 0; b < piece.count; ++b) {
      T* to = planes + (b * side + y) * side;
      for (std::int64_t x = 0; x < piece.cols; ++x) to[x] = row[x * bands + b];
    }
  }
}

template <class T>
void take_planes(const T* from, const BlockPiece& piece, std::int64_t side, T* planes) {
  switch (piece.bands) {
    case 3: return take_planes<T, 3>(from, piece, side, planes);
    case 4: return take_planes<T, 4>(from, piece, side, planes);
    case 8: return take_planes<T, 8>(from, piece, side, planes);
    default: return take_planes<T, 0>(from, piece, side, planes);
  }
}

}  // namespace

GDALDataType buffer_type(SampleType type) {
  return with_stored(type, [&](auto kind) { return std::is_same_v<decltype(kind), float> ? GDT_Float32 : gdal_type(type); });
}

bool BlockWriter::covers(const Window& w) const {
  const auto whole = [&](std::int64_t begin, std::int64_t count, std::int64_t all) {
    return begin % side_ == 0 && ((begin + count) % side_ == 0 || begin + count == all);
  };
  return whole(w.row, w.rows, info_.rows) && whole(w.col, w.cols, info_.cols);
}

CPLErr BlockWriter::write(GDALDataset& dataset, const Window& w, std::span<const std::byte> samples) {
  return with_stored(info_.type, [&](auto kind) {
    using T = decltype(kind);
    const T* const all = reinterpret_cast<const T*>(samples.data());  // NOLINT: bytes of samples, from the heap
    const auto bands = static_cast<std::int64_t>(info_.bands.size());
    for (std::int64_t row = 0; row < w.rows; row += side_) {
      for (std::int64_t col = 0; col < w.cols; col += side_) {
        const Place place{static_cast<int>((w.row + row) / side_), static_cast<int>((w.col + col) / side_)};
        for (std::int64_t first = 0; first < bands; first += kPlanes) {
          const BlockPiece piece{std::min(side_, w.rows - row),   std::min(side_, w.cols - col), w.cols, bands, first,
                                 std::min(kPlanes, bands - first)};
          const CPLErr status = write_planes(dataset, place, piece, all + (row * w.cols + col) * bands);
          if (status != CE_None) return status;
        }
      }
    }
    return CE_None;
  });
}

template <class T>
CPLErr BlockWriter::write_planes(GDALDataset& dataset, const Place& place, const BlockPiece& piece, const T* samples) {
  const std::int64_t pixels = side_ * side_;
  planes_.resize(static_cast<std::size_t>(piece.count * pixels) * sizeof(T));
  T* const planes = reinterpret_cast<T*>(planes_.data());  // NOLINT
  take_planes(samples, piece, side_, planes);
  const GDALDataType type = buffer_type(info_.type);
  const GDALDataType stored = gdal_type(info_.type);
  for (std::int64_t b = 0; b < piece.count; ++b) {
    void* plane = planes + b * pixels;
    if (type != stored) plane = convert(plane, type, stored, pixels);
    GDALRasterBand& band = *dataset.GetRasterBand(static_cast<int>(piece.first + b) + 1);
    const CPLErr status = band.WriteBlock(place.col, place.row, plane);
    if (status != CE_None) return status;
  }
  return CE_None;
}

// Where the file's type is none that samples travel as.
void* BlockWriter::convert(const void* plane, GDALDataType from, GDALDataType to, std::int64_t count) {
  const int before = GDALGetDataTypeSizeBytes(from);
  const int after = GDALGetDataTypeSizeBytes(to);
  converted_.resize(static_cast<std::size_t>(count * after));
  GDALCopyWords64(plane, from, before, converted_.data(), to, after, count);
  return converted_.data();
}

}  // namespace cf::gdal

// Whole blocks of a raster whose bands are stored apart, handed to the file without passing GDAL's cache of blocks.
#pragma once

#include <gdal_priv.h>

#include <cstddef>
#include <span>
#include <vector>

#include "data/raster/raster.h"

namespace cf::gdal {

// What samples of this type are to GDAL when they are handed over (data/raster/stored.h).
GDALDataType buffer_type(SampleType type);

// The pixels of a block in a window.
struct BlockPiece {
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;  // from row to row, in pixels
  std::int64_t bands = 0;   // of a pixel
  std::int64_t first = 0;   // of the bands that are taken
  std::int64_t count = 0;
};

class BlockWriter {
 public:
  BlockWriter(const RasterInfo& info, std::int64_t side) : info_(info), side_(side) {}

  // Whether a window consists of whole blocks.
  bool covers(const Window& window) const;
  // (rows, cols, bands), as they are stored, of a window that covers() says yes to.
  CPLErr write(GDALDataset& dataset, const Window& window, std::span<const std::byte> samples);

 private:
  struct Place {  // of a block
    int row;
    int col;
  };

  template <class T>
  CPLErr write_planes(GDALDataset& dataset, const Place& place, const BlockPiece& piece, const T* samples);
  void* convert(const void* plane, GDALDataType from, GDALDataType to, std::int64_t count);

  const RasterInfo& info_;
  std::int64_t side_;
  std::vector<std::byte> planes_;
  std::vector<std::byte> converted_;
};

}  // namespace cf::gdal

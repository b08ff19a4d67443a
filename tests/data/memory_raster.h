// Rasters in memory for tests of scenes.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "data/raster/raster.h"
#include "data/raster/stored.h"

namespace cf::test {

inline RasterInfo raster_info(std::int64_t rows, std::int64_t cols, std::int64_t bands, const GeoTransform& transform,
                              SampleType type = SampleType::u16) {
  RasterInfo info;
  info.name = "raster";
  info.rows = rows;
  info.cols = cols;
  info.type = type;
  info.bands.resize(static_cast<std::size_t>(bands));
  info.transform = transform;
  return info;
}

class MemoryRaster final : public RasterReader {
 public:
  MemoryRaster(RasterInfo info, const std::function<float(std::int64_t y, std::int64_t x, std::int64_t b)>& value)
      : info_(std::move(info)), mask(static_cast<std::size_t>(info_.rows * info_.cols), 1) {
    const auto bands = static_cast<std::int64_t>(info_.bands.size());
    for (std::int64_t i = 0; i < info_.rows * info_.cols * bands; ++i) {
      samples.push_back(value(i / bands / info_.cols, i / bands % info_.cols, i % bands));
    }
  }

  const RasterInfo& info() const override { return info_; }
  void read(const Window& w, std::span<float> out) override {
    ++reads;
    const auto bands = static_cast<std::int64_t>(info_.bands.size());
    for (std::int64_t y = 0; y < w.rows; ++y) {
      const auto from = samples.begin() + ((w.row + y) * info_.cols + w.col) * bands;
      std::copy(from, from + w.cols * bands, out.begin() + y * w.cols * bands);
    }
  }
  void read_mask(const Window& w, std::span<std::uint8_t> out) override {
    for (std::int64_t y = 0; y < w.rows; ++y) {
      const auto from = mask.begin() + (w.row + y) * info_.cols + w.col;
      std::copy(from, from + w.cols, out.begin() + y * w.cols);
    }
  }

 private:
  RasterInfo info_;

 public:
  std::vector<float> samples;
  std::vector<std::uint8_t> mask;
  int reads = 0;
};

class MemoryWriter final : public RasterWriter {
 public:
  MemoryWriter(std::int64_t rows, std::int64_t cols, std::int64_t bands, SampleType type = SampleType::u16)
      : type_(type), cols_(cols), bands_(bands), samples(static_cast<std::size_t>(rows * cols * bands), -1.0F) {}

  void write(const Window& w, std::span<const float> values) override {
    for (std::int64_t y = 0; y < w.rows; ++y) {
      const auto from = values.begin() + y * w.cols * bands_;
      std::copy(from, from + w.cols * bands_, samples.begin() + ((w.row + y) * cols_ + w.col) * bands_);
    }
    ++written;
    if (after) after(written);
  }
  void write_stored(const Window& w, std::span<const std::byte> stored) override { write(w, from_stored(type_, stored)); }
  void finish() override { finished = true; }

 private:
  SampleType type_;
  std::int64_t cols_;
  std::int64_t bands_;

 public:
  std::vector<float> samples;
  std::function<void(int)> after;  // a write
  int written = 0;
  bool finished = false;
};

// A smooth field with some detail, DN 100 .. 900; x and y in PAN pixels.
inline float field(double y, double x, double b) {
  return static_cast<float>(std::round(500 + 200 * std::sin(0.05 * x + 0.4 * b) * std::cos(0.04 * y) +
                                       150 * std::sin(0.21 * x + 0.17 * y + b) + 40 * std::sin(1.9 * x - 1.3 * y)));
}

}  // namespace cf::test

// Small data sets written for a test.
#pragma once

#include <cmath>
#include <filesystem>
#include <vector>

#include "data/hdf5.h"

namespace cf::test {

struct SetSpec {
  std::int64_t samples = 5;
  std::int64_t bands = 4;
  std::int64_t pan_bands = 1;
  std::int64_t ratio = 4;
  std::int64_t height = 3;  // of ms
  std::int64_t width = 5;
  int gzip = 0;
  bool gt = true;
  bool lms = true;
  bool flat_pan = false;  // N x H x W
};

// A value that names its place: sample n, band c, row y, column x of quantity q. Whole numbers below 1500.
inline double value_at(int q, std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) {
  const double phase = 1.7 * q + 0.9 * static_cast<double>(n) + 0.31 * static_cast<double>(c);
  return std::round(750 + 700 * std::sin(phase + 0.7 * static_cast<double>(y) + 0.23 * static_cast<double>(x)));
}

template <class T>
std::vector<T> values_of(int q, std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < n * c * h * w; ++i) {
    values.push_back(static_cast<T>(value_at(q, i / (c * h * w), i / (h * w) % c, i / w % h, i % w)));
  }
  return values;
}

enum Quantity { kGt, kMs, kLms, kPan };

// gt, ms, lms, pan of value_at() in PanCollection's layout.
template <class T>
void write_set(const std::filesystem::path& path, const SetSpec& s) {
  const std::int64_t height = s.height * s.ratio;
  const std::int64_t width = s.width * s.ratio;
  hdf5::Writer writer(path);
  const auto put = [&](const char* name, int q, std::int64_t c, std::int64_t h, std::int64_t w, bool flat) {
    std::vector<std::int64_t> shape = {s.samples, c, h, w};
    if (flat) shape.erase(shape.begin() + 1);
    writer.write<T>(name, shape, values_of<T>(q, s.samples, c, h, w), {.gzip = s.gzip});
  };
  put("ms", kMs, s.bands, s.height, s.width, false);
  put("pan", kPan, s.pan_bands, height, width, s.flat_pan);
  if (s.gt) put("gt", kGt, s.bands, height, width, false);
  if (s.lms) put("lms", kLms, s.bands, height, width, false);
  writer.commit();
}

}  // namespace cf::test

// Fused values as the samples of a raster: digital numbers, rounded, inside the type's range, nodata where there is none.
#pragma once

#include <cstdint>
#include <optional>

#include "data/raster/raster.h"
#include "framework/tensor/tensor.h"

namespace cf {

struct SceneCounts {
  std::int64_t nodata = 0;   // pixels without data
  std::int64_t above = 0;    // valid samples of PAN and MS above the scale
  std::int64_t clamped = 0;  // valid samples that the type cannot hold
  std::int64_t moved = 0;    // valid samples that equalled nodata and were moved by one step

  SceneCounts& operator+=(const SceneCounts& other);
};

class SampleEncoder {
 public:
  // `range`: what the output's type holds; `nodata` is held by the type.
  SampleEncoder(SampleType type, SampleRange range, std::optional<double> nodata, double scale);

  // fused: (H, W, B) f32 in units of the scale, the pixels of `core`; valid: (1, h, w, 1) u8, the pixels of `window`, which
  // contains it. The result is u8, (H, W, B times the bytes of a sample): samples as they are stored (data/raster/stored.h).
  // Integers are rounded half away from zero. Throws Error, naming the row, where a valid value is not finite.
  Tensor encode(const Tensor& fused, const Window& core, const Tensor& valid, const Window& window, SceneCounts& counts) const;
  SampleType type() const { return type_; }
  // Uninitialised, for as many samples.
  Tensor room(const Window& core, std::int64_t bands) const;
  // A core without any data.
  Tensor nothing(const Window& core, std::int64_t bands, SceneCounts& counts) const;

 private:
  struct RowCounts;
  template <class T>
  void encode_stretch(const float* from, std::int64_t n, T* to, RowCounts& counts) const;
  template <class T>
  RowCounts encode_row(const float* from, const std::uint8_t* valid, std::int64_t cols, std::int64_t bands, T* to) const;

  SampleType type_;
  bool integer_;
  float scale_;
  float lowest_;
  float highest_;
  std::optional<float> nodata_;
  float beside_nodata_ = 0;
};

}  // namespace cf

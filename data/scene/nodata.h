// Pixels without data: which they are, what a network sees in their place, and what is written there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/raster/raster.h"

namespace cf {

// What a user says of nodata instead of the files. "none" switches declared values off.
struct NodataChoice {
  std::optional<double> input;   // of PAN and MS alike
  bool ignore = false;           // declared values are data
  std::optional<double> output;  // written where there is no data
};

// Which pixels of a raster have data: finite, not nodata in any of the bands, and not masked.
class NodataRule {
 public:
  NodataRule() = default;
  // `bands`: those that are used. Adds to `remarks` what is odd: values that the type cannot hold.
  NodataRule(const RasterInfo& info, std::span<const std::int64_t> bands, const NodataChoice& choice,
             std::vector<std::string>& remarks);

  // False where every pixel is known to have data, so that nobody need look.
  bool possible() const { return values_possible_ || masked_; }
  bool masked() const { return masked_; }
  // A nodata value, for the output; none where none is declared or none can occur.
  std::optional<double> declared() const { return declared_; }
  // Clears valid[i] where pixel i of samples (pixels, bands) has no data. Returns whether all are valid then.
  bool mark(std::span<const float> samples, std::span<std::uint8_t> valid) const;
  // "0", "-9999, mask", "none"
  std::string text() const;

 private:
  std::vector<std::optional<float>> nodata_;  // per band
  std::optional<double> declared_;
  bool values_possible_ = false;  // nodata values or values that are not finite
  bool any_value_ = false;
  bool masked_ = false;
};

// What is written where there is no data: the choice's, else what MS, then PAN declares, else a default (0 for unsigned types,
// the lowest value for signed ones, NaN for floats) where there may be such pixels. None where there cannot be any. Throws Error
// where the chosen value does not fit the type; adds to `remarks` where a declared one does not.
std::optional<double> output_nodata(SampleType type, const NodataRule& pan, const NodataRule& ms, const NodataChoice& choice,
                                    bool gaps, std::vector<std::string>& remarks);

// "NaN", "-9999", "0.5"
std::string nodata_text(double value);

// Gives invalid pixels of an image (rows, cols, bands) the values of the nearest valid pixel, at most `reach` pixels away
// (Euclidean; of several the one in the smallest column distance, left before right, above before below), so that it depends on
// nothing farther away. Others get the mean of the valid pixels; zeros where there are none.
void fill_nearest(std::span<float> samples, std::int64_t rows, std::int64_t cols, std::int64_t bands,
                  std::span<const std::uint8_t> valid, std::int64_t reach);

}  // namespace cf

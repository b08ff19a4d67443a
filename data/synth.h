// Procedural training data: images of invented landscapes as a given sensor would see them, cut by Wald's protocol into
// the sets that PanCollection consists of. For trying things where real data is not at hand; no substitute for it.
#pragma once

#include <cstdint>
#include <string>

#include "framework/tensor/tensor.h"

namespace cf {

struct SynthOptions {
  std::string sensor = "wv3";     // a name of sensor_presets(): bands, bit depth, spectral response, MTF
  std::int64_t bands = 0;         // MS bands; 0: the sensor's. Another number is spread evenly over 430 .. 930 nm
  std::int64_t size = 0;          // side of a training scene in MS pixels, a multiple of 64; 0: 384, or 192 above 16 bands
  std::int64_t train_scenes = 4;  // each gives ((size - 64) / 48 + 1)^2 patches
  std::int64_t test_images = 4;   // of each test set
  std::int64_t ratio = 4;         // PAN pixels per MS pixel along a side: 2, 4 or 8
  std::uint64_t seed = 1;
};

// Images of one set, (N, C, H, W), in whole DN but for lms: f64, or f32 above 16 bands.
struct PatchSet {
  Tensor gt;   // (N, B, H, W); undefined at full resolution
  Tensor ms;   // (N, B, H / ratio, W / ratio)
  Tensor lms;  // (N, B, H, W)
  Tensor pan;  // (N, 1, H, W)
};

struct SynthSets {
  PatchSet train;         // 64 x 64 patches of the training scenes, 16 pixels of overlap
  PatchSet valid;         // the same of a scene of its own
  PatchSet test_reduced;  // the upper left min(size, 256) squared of further scenes, one image each
  PatchSet test_full;     // of the same scenes as observed: PAN of min(4 size, 512) squared, 256 above 16 bands; no gt
  double full_scale = 0;  // the DN that the sensor's scale stands for: the same, but where files hold shares of it
};

// The same options give the same sets, whatever the number of threads. Throws Error on an option out of range.
SynthSets synthesize(const SynthOptions& options);

}  // namespace cf

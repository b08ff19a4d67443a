// A set of training or test images: ground truth, multispectral, interpolated multispectral and panchromatic.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "data/source.h"
#include "framework/tensor/tensor.h"

namespace cf {

struct DatasetOptions {
  std::int64_t ratio = 4;  // PAN pixels per MS pixel along each side
  std::int64_t pan_bands = 1;
  std::int64_t bands = 0;  // MS bands the configuration expects; 0: any
  double scale = 2047;     // the DN that becomes 1.0
  bool require_gt = false;
  std::int64_t multiple = 1;       // what H and W of PAN must divide by, as the network asks
  double max_value = 1.5;          // values of gt, ms, pan above it, after scaling, are an error; 0: not checked
  std::int64_t memory_limit = -1;  // bytes as f32 up to which the set is held; -1: 4 GiB or half of the machine's memory
};

// f32 images (N, H, W, C) in units of the scale: [0, 1] but for what lms overshoots.
struct Batch {
  Tensor gt;   // (N, H, W, B), undefined at full resolution
  Tensor ms;   // (N, H/ratio, W/ratio, B)
  Tensor lms;  // (N, H, W, B); interpolated from ms where the file has none
  Tensor pan;  // (N, H, W, P)
};

class Dataset {
 public:
  // Opens the file formats of data/source.h. A set within the memory limit is read and checked here, once; a larger one is
  // streamed, and what is read is checked as it comes. Throws Error: everything open_sources() does, no samples, shapes or
  // bands that disagree with each other or the options, no gt where one is required, NaN or infinite pixels, values far
  // above the scale.
  static Dataset open(const std::filesystem::path& path, const DatasetOptions& options);

  const std::filesystem::path& path() const { return path_; }
  const DatasetOptions& options() const { return options_; }
  std::int64_t size() const { return sources_.ms->shape()[0]; }
  std::int64_t height() const { return sources_.pan->shape()[1]; }  // of gt, lms and pan
  std::int64_t width() const { return sources_.pan->shape()[2]; }
  std::int64_t bands() const { return sources_.ms->shape()[3]; }
  bool has_gt() const { return sources_.gt != nullptr; }
  bool has_lms() const { return sources_.lms != nullptr; }  // in the file
  bool in_memory() const { return held_.ms.defined(); }
  // The set as f32, made lms included.
  std::int64_t bytes() const;

  // The samples of the indices, in their order; the same values whether the set is held or streamed. Safe to call from
  // several threads. Throws Error on an index outside the set and on bad pixels.
  Batch read(std::span<const std::int64_t> indices) const;

 private:
  Dataset(std::filesystem::path path, const DatasetOptions& options, ImageSources sources);
  void check_shapes() const;
  void hold();
  // Reads, checks and scales samples [first, first + count) of one quantity.
  void read_scaled(const ImageSource& source, bool may_overshoot, std::int64_t first, std::int64_t count, float* out) const;
  Tensor gather(const ImageSourcePtr& source, const Tensor& held, std::span<const std::int64_t> indices) const;
  Tensor interpolated(const Tensor& ms) const;

  std::filesystem::path path_;
  DatasetOptions options_;
  ImageSources sources_;
  Batch held_;  // the whole set, or undefined tensors
};

}  // namespace cf

// Fused images as files that others read: HDF5 for programs, .mat for the field's MATLAB toolbox.
#pragma once

#include <filesystem>

#include "data/hdf5.h"
#include "framework/tensor/tensor.h"

namespace cf {

// fused.h5: dataset `sr`, N x B x H x W, f32, in DN. The file appears on commit().
class FusedFile {
 public:
  // `shape` is (N, H, W, B). Throws Error where the file cannot be created.
  FusedFile(const std::filesystem::path& path, const Shape& shape);
  // Image `n`: (H, W, B) or (1, H, W, B), f32 or f64, in DN. Throws Error on any other shape.
  void put(std::int64_t n, const Tensor& image);
  // Throws Error unless every image was put in.
  void commit();

 private:
  hdf5::Writer writer_;
  std::filesystem::path path_;
  Shape shape_;
  std::vector<bool> written_;
};

// One image (H, W, B) or (1, H, W, B), f32 or f64, in DN, as variable `sr`, H x W x B, f64, of a .mat file of version 5. The
// toolbox looks for output_mulExm_0.mat, output_mulExm_1.mat, ... Throws Error where this build has no matio (mat::has_v5()).
void write_fused_mat(const std::filesystem::path& path, const Tensor& image);

}  // namespace cf

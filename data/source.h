// Where a data set's images come from: one interface for PanCollection's HDF5, the toolbox's .mat files and SEN12MS-CR's folders.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "framework/core/shape.h"

namespace cf {

// One quantity of a set (gt, ms, lms or pan) as images (N, H, W, C), whatever the order in the file.
class ImageSource {
 public:
  ImageSource(std::string where, const Shape& shape) : where_(std::move(where)), shape_(shape) {}
  virtual ~ImageSource() = default;
  // Samples [first, first + count) in DN; `out` has room for (count, H, W, C).
  virtual void read(std::int64_t first, std::int64_t count, float* out) const = 0;

  const Shape& shape() const { return shape_; }
  std::int64_t sample_numel() const { return shape_.numel() / std::max<std::int64_t>(1, shape_[0]); }
  const std::string& where() const { return where_; }  // "data: FILE, dataset 'NAME'", for messages

 private:
  std::string where_;
  Shape shape_;
};

using ImageSourcePtr = std::shared_ptr<const ImageSource>;

struct ImageSources {
  ImageSourcePtr gt;   // null at full resolution
  ImageSourcePtr ms;   // always there
  ImageSourcePtr lms;  // null where the file has none
  ImageSourcePtr pan;  // always there
};

// Opens what a file holds.
//   HDF5 (PanCollection): datasets gt, ms, lms, pan of N x C x H x W; pan may be N x H x W. Names in capitals count as well, and
//   those of sets of hyperspectral images: LRHSI for ms, HSI_up for lms.
//   .mat (the MATLAB toolbox): one image as H x W x B, or many as N x H x W x B, variables gt, ms, lms, pan or I_GT, I_MS_LR,
//   I_MS (the interpolated one), I_PAN; pan may lack its last extent. Where ms has four extents, the first counts images.
//   A folder, or a list of scenes (.txt): SEN12MS-CR, see data/triplets.h; `scale` is what its radar images are stretched to.
// Any numeric type. Throws Error: missing file, unknown format, truncated, missing ms or pan, a rank other than these.
ImageSources open_sources(const std::filesystem::path& path, double scale = 10000);

// The dataset of an HDF5 file that holds a quantity ("gt", "ms", "lms", "pan"); empty where it has none.
std::string dataset_of(std::span<const std::string> datasets, std::string_view quantity);

}  // namespace cf

// A training set in the memory of a GPU.
#pragma once

#include <array>

#include "data/augment.h"
#include "data/dataset.h"

namespace cf {

class ResidentSet {
 public:
  // The quantities of a sample.
  static constexpr std::array kImages = {&Batch::gt, &Batch::ms, &Batch::lms, &Batch::pan};

  struct Plan {
    // Of kImages: whether all values are whole DN up to 65535, and take two bytes each instead of four.
    std::array<bool, kImages.size()> whole{};
    std::size_t bytes = 0;  // that the set takes
  };
  // Reads the whole set.
  static Plan plan(const Dataset& set);

  // Copies the set to `device`. Throws Error where there is no room for it.
  ResidentSet(const Dataset& set, const Plan& plan, Device device);

  // An uninitialised batch on the device.
  Batch make_batch(std::int64_t samples) const;
  // Fills `out` with the samples of `indices`, i64 (B), each transformed as `symmetries`, u8 (B) of code_of(), say; all on the
  // device. The values are those of Dataset::read and transform(), bit for bit. Queued.
  void gather(const Tensor& indices, const Tensor& symmetries, const Batch& out) const;

 private:
  Batch set_;  // u16 in DN, or f32 in units of the scale
  double scale_;
};

}  // namespace cf

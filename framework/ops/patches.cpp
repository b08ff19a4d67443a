#include "framework/ops/patches.h"

#include "kernels/table.h"

namespace cf::ops {

void gather_patches(const Tensor& set, const Tensor& index, const Tensor& orientation, double scale, const Tensor& out) {
  check(set.rank() == 4, "gather_patches: needs a set (N, h, w, C), got shape {}", set.shape().str());
  check(index.rank() == 1 && index.dtype() == DType::i64 && orientation.shape() == index.shape() &&
            orientation.dtype() == DType::u8,
        "gather_patches: needs indices (B) of i64 and orientations (B) of u8, got {} {} and {} {}", index.shape().str(),
        name_of(index.dtype()), orientation.shape().str(), name_of(orientation.dtype()));
  const Shape batch{index.dim(0), set.dim(1), set.dim(2), set.dim(3)};
  check(out.shape() == batch, "gather_patches: {} samples of {} are {}, not {}", index.dim(0), set.shape().str(), batch.str(),
        out.shape().str());
  check(scale > 0, "gather_patches: the scale must be positive, got {}", scale);
  for (const Tensor& t : {index, orientation, out}) {
    check(t.device() == set.device(), "gather_patches: the set on {}, an operand on {}", set.device().str(), t.device().str());
  }
  kernels_for(set.device()).patches.gather(set.cview(), index.cview(), orientation.cview(), scale, out.view());
}

}  // namespace cf::ops

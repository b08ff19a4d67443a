// Memory between two kernels of a composite.
#pragma once

#include "framework/core/storage.h"
#include "framework/core/view.h"

namespace cf {

// An uninitialised tensor of `like`'s dtype and device.
class Temporary {
 public:
  Temporary(ConstView like, const Shape& shape)
      : storage_(static_cast<std::size_t>(shape.numel()) * size_of(like.dtype), like.device),
        view_{storage_.data(), shape, like.dtype, like.device} {}
  explicit Temporary(ConstView like) : Temporary(like, like.shape) {}
  View view() const { return view_; }
  ConstView read() const { return view_; }

 private:
  Storage storage_;
  View view_;
};

}  // namespace cf

// The norm of the gradients, for clipping and for reports.
#pragma once

#include "framework/tensor/tensor.h"

namespace cf {

// Steps measure it, queued like any other work of the device; Optimizer::apply scales the gradients down by it (Pascanu et
// al., ICML 2013). Nobody waits but the reader of value().
class GradNorm {
 public:
  // `grads`: the flat gradient buffer or a range of it, f32 or f64, which is read again at each measure(). `squared`: where the
  // result goes, f64 (1) on their device; undefined: to memory of its own.
  explicit GradNorm(const Tensor& grads, const Tensor& squared = {});

  void measure() const;
  // Sum of the squares of all gradients, f64 (1) on their device: of the last measure().
  const Tensor& squared() const { return squared_; }
  // The Euclidean norm of the last measure(), NaN or infinite where a gradient is. Waits for the device.
  double value() const;

 private:
  Tensor grads_;
  Tensor squared_;
};

}  // namespace cf

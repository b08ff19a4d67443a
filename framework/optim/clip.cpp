#include "framework/optim/clip.h"

#include <cmath>

#include "framework/core/profile.h"
#include "kernels/table.h"

namespace cf {

GradNorm::GradNorm(const Tensor& grads, const Tensor& squared)
    : grads_(grads.detach()), squared_(squared.defined() ? squared : Tensor::zeros({1}, DType::f64, grads.device())) {}

void GradNorm::measure() const {
  const OpRange range("gradient_norm");
  kernels_for(grads_.device()).optim.squared_norm(grads_.cview(), squared_.view());
}

double GradNorm::value() const { return std::sqrt(squared_.item()); }

}  // namespace cf

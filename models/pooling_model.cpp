#include "models/pooling_model.h"

namespace cf {

std::vector<Tensor> PoolingModel::pool(const Tensor& lms, const Tensor& valid) const {
  const char* network = config().name.c_str();
  check(lms.defined() && lms.rank() == 4 && lms.dim(3) == config().bands && lms.numel() > 0,
        "{}: statistics are pooled from LMS (N, H, W, {}), got {}", network, config().bands,
        lms.defined() ? lms.shape().str() : "none");
  const Shape mask{lms.dim(0), lms.dim(1), lms.dim(2), 1};
  check(valid.defined() && valid.shape() == mask && valid.dtype() == lms.dtype(),
        "{}: the mask of statistics must be {} of {}, got {}", network, mask.str(), name_of(lms.dtype()),
        valid.defined() ? valid.shape().str() : "none");
  return run_pool(lms, valid);
}

FusionOutput PoolingModel::forward_pooled(const FusionInput& input, const PooledMaps& pooled) const {
  check_input(input, size_multiple());
  return run_pooled(input, pooled);
}

}  // namespace cf

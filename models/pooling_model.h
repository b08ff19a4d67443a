// A fusion network that is local but for statistics which it pools over the whole image. Where these are given, it fuses an
// image part by part.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "models/fusion_model.h"

namespace cf {

// The statistics that stage 0, 1, ... works with: (N, 1, 1, C), or a map (N, H, W, C). Called when the stage needs them, so that
// no map outlives its stage.
using PooledMaps = std::function<Tensor(std::size_t stage)>;

class PoolingModel : public FusionModel {
 public:
  using FusionModel::FusionModel;

  virtual std::size_t pooled_stages() const = 0;
  virtual std::int64_t pooled_channels() const = 0;  // C of each stage
  // Pixels around a pooled one that its features depend on.
  virtual std::int64_t pooled_reach() const = 0;
  // What each stage pools from LMS (N, H, W, B) over the pixels where `valid` (N, H, W, 1), of the same dtype, is 1 and not 0;
  // at least one in each image. (N, 1, 1, C) by stage. Where all are valid, it is what forward() pools.
  std::vector<Tensor> pool(const Tensor& lms, const Tensor& valid) const;
  // As forward(), with given statistics: a pixel of the result depends on no more than reach() pixels around it.
  FusionOutput forward_pooled(const FusionInput& input, const PooledMaps& pooled) const;

 protected:
  // Called with checked arguments.
  virtual std::vector<Tensor> run_pool(const Tensor& lms, const Tensor& valid) const = 0;
  virtual FusionOutput run_pooled(const FusionInput& input, const PooledMaps& pooled) const = 0;
};

}  // namespace cf

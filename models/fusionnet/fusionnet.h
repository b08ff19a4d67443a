// FusionNet: a small residual network on the difference between PAN and the interpolated multispectral image.
//
// After Deng, Vivone, Jin, Chanussot: "Detail injection-based deep convolutional neural networks for pansharpening", IEEE
// TGRS 59 (2021). Names and shapes of the parameters are those of the state dicts that the DLPan-Toolbox publishes, weights
// in this runtime's order. It is also the worked example of docs/models.md: a network of one's own needs no more than this.
#pragma once

#include <vector>

#include "framework/nn/block.h"
#include "framework/nn/layers.h"
#include "models/fusion_model.h"

namespace cf {

// Any H and W. Reads config.fusionnet. The difference is taken with the mean of the PAN bands where there are several.
class FusionNet : public FusionModel {
 public:
  FusionNet(const ModelConfig& config, const Scope& scope);
  std::optional<std::int64_t> reach() const override;

 protected:
  FusionOutput run(const FusionInput& input) const override;

 private:
  struct Residual {
    Residual(const Scope& scope, std::int64_t channels);
    Tensor operator()(const Tensor& x) const;  // (N, H, W, C) -> (N, H, W, C)
    Conv2d conv20;
    Conv2d conv21;
  };

  Conv2d conv1_;
  std::vector<Block<Residual>> blocks_;  // res1, res2, ...
  Conv2d conv3_;
};

}  // namespace cf

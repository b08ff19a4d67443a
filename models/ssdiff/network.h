// SSDiff's denoising network: two branches, spatial (PAN) and spectral (LMS), that fuse at five levels of a U.
//
// After Zhong, Wu, Deng, Cao, "SSDiff: Spatial-spectral Integrated Diffusion Model for Remote Sensing Pansharpening",
// NeurIPS 2024, and the code published with it. Layers that the published code declares but never calls do not exist here:
// 1,300,024 parameters for 8 bands, 1,288,500 for 4. models/ssdiff/names.h relates the names to the published ones.
//
//   level        0     1     2     3     4
//   size         1    1/2   1/4   1/2    1
//   features     d    2d    4d    2d     d
//
// At each level the first half of the spectral features is amplified, the low frequencies of the spatial ones are attenuated
// (FMIM), and the fusformer merges them into the spectral branch; the spatial branch goes on unfiltered through a ResBlock.
// Group norm, attention and FMIM see the whole tile: on another size the network is another function.
#pragma once

#include <vector>

#include "framework/nn/block.h"
#include "models/denoising_model.h"
#include "models/ssdiff/blocks.h"
#include "models/ssdiff/fusformer.h"

namespace cf {

// Tiles with sides divisible by 16. Reads config.ssdiff: dim divisible by 8, its levels' features by `groups` (where
// there are so many); head_dim a divisor of dim.
class Ssdiff final : public DenoisingModel {
 public:
  Ssdiff(const ModelConfig& config, const Scope& scope);

  std::int64_t patch_multiple() const override;
  Tensor embed_steps(const std::vector<double>& steps, DType dtype) const override;

 protected:
  Tensor predict(const FusionInput& images, const Tensor& x_t, const Tensor& time, const NetworkOptions& options) const override;

 private:
  // The spectral features x merged with the spatial ones y.
  Tensor fuse(std::size_t level, const Tensor& x, const Tensor& y, Branch detach) const;
  // From the stems' features to those in front of the head.
  Tensor run_levels(ssdiff::Pair stems, const Tensor& time, Branch detach) const;

  ssdiff::TimeEmbedding time_;
  Conv2d base_;
  ssdiff::Stem spatial_;
  ssdiff::Stem spectral_;
  std::vector<Block<ssdiff::ResBlock>> blocks_;   // levels 0 to 3 of the spatial branch
  std::vector<Block<ssdiff::Fusformer>> fusion_;  // levels 0 to 4
  std::vector<ssdiff::Down> down_;                // of both branches, as is up_
  std::vector<ssdiff::Up> up_;
  Conv2d head0_;
  Conv2d head1_;
};

}  // namespace cf

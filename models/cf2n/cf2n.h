// CF2N, the cross fusion network.
//
// After Liu, Zhang, Wang, Shao, Xie: "A novel cross fusion model with fine-grained detail reconstruction for remote sensing
// image pan-sharpening", Geo-spatial Information Science, 2024, doi 10.1080/10095020.2024.2416899. The authors' published code
// holds the training harness but not the network; it is rebuilt here from the figure and the abstract. The figure gives the
// blocks and their order: residual heads on PAN and LMS; FD2R, which fuses their Haar sub-bands into the spatial detail D; n
// cross fusion modules (FDA, SDA, FSM) that turn D's features F and the multispectral features S into dynamic convolutions of
// F; detail injection (MDI) between them. What it leaves open is fixed as follows.
//
//   * The last dynamic convolution yields detail that is added to LMS: fused = LMS + detail (the figure shows no LMS there).
//   * MDI acts between modules, so n - 1 times, on the high-passed PAN and LMS themselves; its result is added to the
//     LeakyReLU of the module's output. High-pass: x minus its 5 x 5 box mean, edges reflected.
//   * Convolutions are 3 x 3 with bias and zero padding; LeakyReLU has slope 0.2.
//   * AWF(a, b) = g a + (1 - g) b, g = sigmoid(conv([a, b])); 1 x 1 on pooled vectors. The reconstruction refines HL with HH
//     and LH with LL.
//   * A gate of a kernel is 2 sigmoid(x), so that an untrained one is neutral. FSM's kernel of k x k x C per pixel is factored
//     into a k x k map and C gains; its squeeze convolution is 7 x 7 on two maps.
//   * Kaiming normal start, a tenth of it for gates and residual branches, zero biases and a zero last kernel: an untrained
//     network returns LMS.
#pragma once

#include <vector>

#include "framework/nn/block.h"
#include "models/cf2n/cross_fusion.h"
#include "models/pooling_model.h"

namespace cf {

// H and W even. Reads config.cf2n: channels even, kernel odd, stages at least 1; throws Error otherwise.
class Cf2n : public PoolingModel {
 public:
  Cf2n(const ModelConfig& config, const Scope& scope);
  // One Haar level halves the image.
  std::int64_t size_multiple() const override { return 2; }
  std::optional<std::int64_t> reach() const override;
  std::size_t pooled_stages() const override { return stages_.size(); }
  std::int64_t pooled_channels() const override { return config().cf2n.channels; }
  std::int64_t pooled_reach() const override;

 protected:
  FusionOutput run(const FusionInput& input) const override;
  std::vector<Tensor> run_pool(const Tensor& lms, const Tensor& valid) const override;
  FusionOutput run_pooled(const FusionInput& input, const PooledMaps& pooled) const override;

 private:
  // What follows the detail reconstruction.
  FusionOutput inject(const FusionInput& input, const Tensor& detail, const PooledMaps& pooled) const;

  Block<cf2n::ResidualBlock> head_pan_;
  Block<cf2n::ResidualBlock> head_ms_;
  Block<cf2n::DetailReconstruction> fd2r_;
  std::vector<Block<cf2n::CrossFusion>> stages_;
  std::vector<Block<cf2n::DetailInjection>> injections_;  // one fewer
};

}  // namespace cf

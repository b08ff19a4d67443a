#include "models/fusion_model.h"

namespace cf {
namespace {

void check_image(const Tensor& t, const char* network, const char* what, const Shape& expected) {
  check(t.defined(), "{}: reads the {} image, but there is none", network, what);
  check(t.rank() == 4, "{}: the {} image has shape {}, expected (N, H, W, C)", network, what, t.shape().str());
  check(t.shape() == expected, "{}: the {} image has shape {}, expected {}", network, what, t.shape().str(), expected.str());
}

}  // namespace

FusionModel::FusionModel(const ModelConfig& config) : config_(config) {
  check(config.bands >= 1, "{}: bands is {}, must be at least 1", config.name, config.bands);
  check(config.pan_bands >= 1, "{}: pan_bands is {}, must be at least 1", config.name, config.pan_bands);
  check(config.ratio >= 1, "{}: ratio is {}, must be at least 1", config.name, config.ratio);
}

FusionOutput FusionModel::forward(const FusionInput& input) const {
  check_input(input, size_multiple());
  return run(input);
}

TrainingOutput FusionModel::train(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>& drawn,
                                  const NetworkOptions& options) const {
  check_input(input, patch_multiple());
  check_image(gt, config_.name.c_str(), "GT", input.lms.shape());
  return run_training(input, gt, drawn, options);
}

std::vector<Tensor> FusionModel::draw(const Shape&, const DrawKey&) const { return {}; }

TrainingOutput FusionModel::run_training(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>&,
                                         const NetworkOptions&) const {
  const FusionOutput output = run(input);
  return {output.fused, gt, output.detail};
}

void FusionModel::check_input(const FusionInput& input, std::int64_t multiple) const {
  const char* network = config_.name.c_str();
  check(input.pan.defined() && input.pan.rank() == 4, "{}: the PAN image must have shape (N, H, W, {}), got {}", network,
        config_.pan_bands, input.pan.defined() ? input.pan.shape().str() : "none");
  const std::int64_t n = input.pan.dim(0);
  const std::int64_t h = input.pan.dim(1);
  const std::int64_t w = input.pan.dim(2);
  check_image(input.pan, network, "PAN", {n, h, w, config_.pan_bands});
  check_image(input.lms, network, "LMS", {n, h, w, config_.bands});
  check(h > 0 && w > 0 && h % multiple == 0 && w % multiple == 0,
        "{}: an image of {} x {} pixels; height and width must be multiples of {}, pad or crop it", network, h, w, multiple);
  check(input.lms.dtype() == input.pan.dtype(), "{}: PAN is {}, LMS is {}; convert one with to()", network,
        name_of(input.pan.dtype()), name_of(input.lms.dtype()));
  if (reads_ms() || input.ms.defined()) {
    check_image(input.ms, network, "MS", {n, h / config_.ratio, w / config_.ratio, config_.bands});
  }
}

}  // namespace cf

#include "tools/cfrun/fuser.h"

#include "framework/autograd/record.h"

namespace cf {
namespace {

bool same_shape(const Tensor& a, const Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || a.shape() == b.shape());
}

void refresh(const Tensor& input, const Tensor& images) {
  if (input.defined()) input.copy_from(images);
}

}  // namespace

Fuser::Fuser(const Session& session) : session_(session) {}

bool Fuser::fits(const Batch& batch) const {
  return same_shape(input_.pan, batch.pan) && same_shape(input_.lms, batch.lms) && same_shape(input_.ms, batch.ms);
}

void Fuser::capture(const Batch& batch) {
  input_ = input_on(session_.device(), batch);
  graphed_ = std::make_unique<GraphedStep>(session_.device(), "inference", [this] {
    const NoGrad no_grad;
    const FusionOutput output = session_.forward(input_);
    return std::vector<Tensor>{output.fused, output.detail};
  });
}

FusionOutput Fuser::operator()(const Batch& batch) {
  if (!session_.experiment.capture || session_.device().is_cpu()) return fuse(session_, batch);
  if (graphed_ == nullptr) capture(batch);
  if (!fits(batch)) return fuse(session_, batch);
  refresh(input_.pan, batch.pan);
  refresh(input_.lms, batch.lms);
  refresh(input_.ms, batch.ms);
  const std::vector<Tensor>& results = graphed_->run();
  return {results[0].to(Device{}), results[1].defined() ? results[1].to(Device{}) : Tensor()};
}

}  // namespace cf

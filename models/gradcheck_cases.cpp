#include "models/gradcheck_cases.h"

#include <memory>

#include "models/registry.h"

namespace cf {
namespace {

// Outputs: all that the network has. The tile and the networks are as small as their parts allow: each activation has a kink
// that the steps of finite differences may reach.
GradCase network_case(const ModelConfig& config) {
  GradCase c;
  c.name = config.name;
  c.inputs = {{{1, 6, 4, config.pan_bands}}, {{1, 6, 4, config.bands}}};
  c.bind = [config](DType dtype, Device device) {
    const auto store = std::make_shared<ParamStore>(dtype, device);
    const std::shared_ptr<FusionModel> model = make_model(config, *store, 1);
    const auto fn = [store, model](const std::vector<Tensor>& in) {
      const FusionOutput out = model->forward({in[0], in[1], {}});
      std::vector<Tensor> all = {out.fused};
      if (out.detail.defined()) all.push_back(out.detail);
      return all;
    };
    return BoundFn{fn, store->params()};
  };
  return c;
}

}  // namespace

GradCases network_cases() {
  ModelConfig cf2n;
  cf2n.bands = 3;
  cf2n.cf2n = {4, 3, 2};
  ModelConfig fusionnet;
  fusionnet.name = "fusionnet";
  fusionnet.bands = 3;
  fusionnet.fusionnet = {6, 2};
  return {network_case(cf2n), network_case(fusionnet)};
}

}  // namespace cf

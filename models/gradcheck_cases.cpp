#include "models/gradcheck_cases.h"

#include <memory>

#include "models/denoising_model.h"
#include "models/registry.h"

namespace cf {
namespace {

// Outputs: all that the network has. The tile and the networks are as small as their parts allow: each activation has a kink
// that the steps of finite differences may reach.
GradCase network_case(const ModelConfig& config, const char* variant = "") {
  GradCase c;
  c.name = config.name + variant;
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

// Where a group of a normalisation is one channel, as in so narrow a network, it takes out again what a block adds to a channel.
// The gradients of those parameters are zero: in f32 what rounding leaves of them, which no relative tolerance can judge.
ParamStore::List without_shifts(ParamStore::List params) {
  std::erase_if(params, [](const auto& p) {
    return p.first.starts_with("block") && (p.first.find(".time.") != std::string::npos || p.first.ends_with(".expand.bias"));
  });
  return params;
}

// One evaluation of SSDiff on its smallest tile. Inputs: PAN, LMS, MS and the noisy residual.
GradCase ssdiff_case(const char* variant, std::int64_t bands, std::int64_t pan_bands, std::int64_t ratio) {
  ModelConfig config;
  config.name = "ssdiff";
  config.bands = bands;
  config.pan_bands = pan_bands;
  config.ratio = ratio;
  config.ssdiff = {.dim = 8, .head_dim = 8};
  GradCase c;
  c.name = config.name + variant;
  c.inputs = {{{1, 16, 16, pan_bands}}, {{1, 16, 16, bands}}, {{1, 16 / ratio, 16 / ratio, bands}}, {{1, 16, 16, bands}}};
  c.bind = [config](DType dtype, Device device) {
    const auto store = std::make_shared<ParamStore>(dtype, device);
    const std::shared_ptr<FusionModel> model = make_model(config, *store, 1);
    const auto fn = [store, model](const std::vector<Tensor>& in) {
      const auto& network = dynamic_cast<const DenoisingModel&>(*model);
      const Tensor time = network.embed_steps({400}, in[0].dtype()).to(in[0].device());
      return std::vector{network.denoise({in[0], in[1], in[2]}, in[3], time)};
    };
    return BoundFn{fn, without_shifts(store->params())};
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
  ModelConfig radar = cf2n;  // the sharp image has two bands, and the other is as large
  radar.bands = 13;
  radar.pan_bands = 2;
  radar.ratio = 1;
  ModelConfig hyperspectral = cf2n;
  hyperspectral.bands = 102;
  return {network_case(cf2n),      network_case(radar, ".13_bands"), network_case(hyperspectral, ".102_bands"),
          network_case(fusionnet), ssdiff_case("", 2, 1, 4),         ssdiff_case(".13_bands", 13, 2, 1)};
}

}  // namespace cf

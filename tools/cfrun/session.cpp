#include "tools/cfrun/session.h"

#include <algorithm>

#include "framework/autograd/record.h"
#include "framework/core/device_services.h"
#include "framework/core/log.h"
#include "framework/io/checkpoint.h"
#include "framework/io/convert.h"
#include "framework/io/safetensors.h"
#include "framework/ops/precision.h"
#include "kernels/devices.h"
#include "kernels/math_mode.h"
#include "tools/cfrun/ranks.h"

namespace cf {
namespace {

// The flat average holds the parameters where the flat buffer holds them.
void take_averages(const ParamStore& params, const Tensor& shadow, const std::string& file) {
  check(shadow.shape() == params.flat().shape() && shadow.dtype() == params.flat().dtype(),
        "{}: averaged weights of shape {}, the network has {}", file, shadow.shape().str(), params.flat().shape().str());
  params.flat().copy_from(shadow);
}

Tensor in_f32(const Tensor& t) { return t.defined() ? ops::cast(t, DType::f32) : Tensor(); }

std::unique_ptr<Session> restore(const Checkpoint& checkpoint, Experiment experiment, WeightChoice weights,
                                 const std::string& file) {
  // The configuration stays what was asked for: it is compared between ranks.
  Experiment here = experiment;
  here.device = device_of_rank(experiment.device, experiment.gpus);
  const Device device = open_device(here);
  auto session = std::make_unique<Session>(std::move(experiment), device);
  LoadOptions options;
  options.prefix = "model.";
  load_into(session->params.state(), checkpoint.tensors, file, options);
  const Tensor* shadow = weights == WeightChoice::live ? nullptr : checkpoint.find("ema.shadow");
  check(shadow != nullptr || weights != WeightChoice::averaged,
        "{}: has no averaged weights; train with optimizer.ema above 0, or take those that were trained", file);
  if (shadow != nullptr) take_averages(session->params, *shadow, file);
  return session;
}

Experiment stored_in(const Checkpoint& checkpoint, const std::string& file, const std::vector<std::string>& overrides) {
  check(checkpoint.meta.contains("config"), "{}: holds no configuration, so the network it belongs to is unknown; name one",
        file);
  ordered_json json = checkpoint.meta.at("config");
  for (const std::string& assignment : overrides) config::apply_override(json, experiment_schema(), assignment);
  return experiment_from(json, file + " (stored configuration)");
}

}  // namespace

Device open_device(const Experiment& e) {
  const FoundDevice found = find_device(e.device);
  const Device device = found.device;
  if (!device.is_cpu()) {
    services_of(device).use(device.index);
    log::info("device: {} ({})", device.str(), services_of(device).describe(device.index));
  } else if (!found.why.empty()) {
    log::info("device: the CPU; {}{}{}", found.why, e.capture ? "; nothing is captured here" : "",
              e.precision == "bf16" && !cpu_has_bf16_units() ? "; computed in f32, this processor has no units for bf16" : "");
  }
  check(e.precision != "bf16" || !device.is_cpu() || !found.why.empty() || cpu_has_bf16_units(),
        "precision: this processor has no units for bf16 (AMX or AVX512_BF16); set precision=f32, or device=cuda");
  MathMode mode = math_mode();
  mode.bf16 = e.precision == "bf16" && device.is_cpu();
  mode.tf32 = e.precision == "tf32";
  mode.deterministic = e.deterministic;
  set_math_mode(mode);
  check(!e.capture || !device.is_cpu() || !found.why.empty(),
        "capture: records the work of a GPU, and the device is the CPU; set capture=false, or another device");
  return device;
}

Session::Session(Experiment e, Device device) : experiment(std::move(e)), params(DType::f32, device) {
  model = make_model(experiment.model, params, experiment.train.seed);
}

FusionOutput Session::forward(const FusionInput& input) const {
  const ops::MixedPrecision mixed(experiment.precision == "bf16" && !device().is_cpu());
  const FusionOutput output = model->forward(input);
  return {in_f32(output.fused), in_f32(output.detail)};
}

FusionOutput Session::sample(const FusionInput& input, const SamplingOptions& options) const {
  check(denoiser() != nullptr, "{}: fuses in one pass, there is nothing to sample", experiment.model.name);
  const ops::MixedPrecision mixed(experiment.precision == "bf16" && !device().is_cpu());
  return {in_f32(denoiser()->sample(input, options)), {}};
}

std::vector<Tensor> Session::pool(const Tensor& lms, const Tensor& valid) const {
  const ops::MixedPrecision mixed(experiment.precision == "bf16" && !device().is_cpu());
  std::vector<Tensor> pooled = pooling()->pool(lms, valid);
  std::transform(pooled.begin(), pooled.end(), pooled.begin(), in_f32);
  return pooled;
}

FusionOutput Session::forward_pooled(const FusionInput& input, const PooledMaps& pooled) const {
  const ops::MixedPrecision mixed(experiment.precision == "bf16" && !device().is_cpu());
  const FusionOutput output = pooling()->forward_pooled(input, pooled);
  return {in_f32(output.fused), in_f32(output.detail)};
}

TrainingOutput Session::train(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>& drawn,
                              const NetworkOptions& options) const {
  const ops::MixedPrecision mixed(experiment.precision == "bf16" && !device().is_cpu());
  const TrainingOutput output = model->train(input, gt, drawn, options);
  return {in_f32(output.prediction), in_f32(output.target), in_f32(output.detail)};
}

Experiment stored_experiment(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  return stored_in(read_checkpoint(path), path.string(), overrides);
}

std::unique_ptr<Session> load_session(const std::filesystem::path& path, const std::vector<std::string>& overrides,
                                      WeightChoice weights) {
  const Checkpoint checkpoint = read_checkpoint(path);
  return restore(checkpoint, stored_in(checkpoint, path.string(), overrides), weights, path.string());
}

std::unique_ptr<Session> load_session(const std::filesystem::path& path, const Experiment& config, WeightChoice weights) {
  const Checkpoint checkpoint = read_checkpoint(path);
  const std::string stored = checkpoint.meta.value(ordered_json::json_pointer("/config/model/name"), std::string());
  check(stored.empty() || stored == config.model.name, "{}: holds the network '{}', the configuration asks for '{}'",
        path.string(), stored, config.model.name);
  const auto bands = checkpoint.meta.value(ordered_json::json_pointer("/config/data/bands"), config.data.bands);
  check(bands == 0 || bands == config.data.bands, "{}: holds a network for {} bands, the configuration asks for {}",
        path.string(), bands, config.data.bands);
  return restore(checkpoint, config, weights, path.string());
}

void load_weights(Session& session, const std::filesystem::path& path) {
  const NamedTensors source = path.extension() == ".safetensors" ? read_safetensors(path).tensors : read_checkpoint(path).tensors;
  LoadOptions options;
  // A file converted from a checkpoint keeps the prefix; one from elsewhere has the bare names.
  const auto prefixed = [](const auto& entry) { return entry.first.starts_with(kWeightPrefix); };
  if (std::any_of(source.begin(), source.end(), prefixed)) options.prefix = kWeightPrefix;
  load_into(session.params.state(), source, path.string(), options);
}

FusionInput input_on(Device device, const Batch& batch) {
  const auto there = [&](const Tensor& images) { return images.defined() ? images.to(device) : Tensor(); };
  return {there(batch.pan), there(batch.lms), there(batch.ms)};
}

FusionOutput fuse(const Session& session, const Batch& batch) {
  const NoGrad no_grad;
  const FusionOutput output = session.forward(input_on(session.device(), batch));
  return {output.fused.to(Device{}), output.detail.defined() ? output.detail.to(Device{}) : Tensor()};
}

FusionOutput fuse(const Session& session, const Batch& batch, const SamplingOptions& options) {
  const NoGrad no_grad;
  return {session.sample(input_on(session.device(), batch), options).fused.to(Device{}), {}};
}

Tensor image_in_dn(const Tensor& images, std::int64_t index, double scale) {
  const Shape& s = images.shape();
  Tensor out = Tensor::empty({s[1], s[2], s[3]}, DType::f64);
  const auto from =
      images.span<float>().subspan(static_cast<std::size_t>(index * out.numel()), static_cast<std::size_t>(out.numel()));
  const auto to = out.span<double>();
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<double>(from[i]) * scale;
  return out;
}

}  // namespace cf

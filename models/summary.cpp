#include "models/summary.h"

#include <map>
#include <set>
#include <string_view>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/ops/cost.h"

namespace cf {
namespace {

// Collects one LayerSummary per operator of interest.
class Tracer {
 public:
  explicit Tracer(const ParamStore& store) {
    for (const auto& [name, value] : store.params()) names_[value.impl().get()] = name;
  }

  void see(const char* op, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
    LayerSummary layer;
    layer.op = op;
    layer.output = outputs.front().shape();
    layer.macs = ops::macs_of(op, inputs, outputs);
    for (const Tensor& t : inputs) {
      const auto it = names_.find(t.impl().get());
      if (it == names_.end()) continue;
      if (layer.name.empty()) layer.name = it->second.substr(0, it->second.rfind('.'));
      if (counted_.insert(it->first).second) layer.parameters += t.numel();
    }
    if (layer.macs > 0 || !layer.name.empty()) layers.push_back(std::move(layer));
  }

  std::vector<LayerSummary> layers;

 private:
  std::map<const Tensor::Impl*, std::string> names_;
  std::set<const Tensor::Impl*> counted_;
};

// The peak of live bytes while `work` runs, above those that were live before.
template <class F>
std::size_t peak_bytes(Device device, F&& work) {
  CachingAllocator& allocator = allocator_for(device);
  const std::size_t before = allocator.stats().live_bytes;
  allocator.reset_peak();
  work();
  return allocator.stats().peak_bytes - before;
}

// One call of the network, as a training step makes it, with the statistics that inference uses.
Tensor call_once(const FusionModel& model, const FusionInput& input, const std::vector<Tensor>& drawn) {
  return model.train(input, input.lms, drawn, {}).prediction;
}

// 1234567 -> "1,234,567"
std::string grouped(std::int64_t n) {
  const std::string digits = std::to_string(n);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

double million(std::int64_t n) { return static_cast<double>(n) * 1e-6; }
double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

ModelSummary summarize(const FusionModel& model, const ParamStore& store, std::int64_t batch, std::int64_t height,
                       std::int64_t width) {
  const ModelConfig& c = model.config();
  const auto zeros = [&](const Shape& shape) { return Tensor::zeros(shape, store.dtype(), store.device()); };
  FusionInput input;
  input.pan = zeros({batch, height, width, c.pan_bands});
  input.lms = zeros({batch, height, width, c.bands});
  if (model.reads_ms()) input.ms = zeros({batch, height / c.ratio, width / c.ratio, c.bands});

  std::vector<Tensor> drawn = model.draw(input.lms.shape(), {});
  for (Tensor& t : drawn) t = t.to(store.dtype()).to(store.device());

  ModelSummary s;
  s.pan = input.pan.shape();
  s.lms = input.lms.shape();
  Tracer tracer(store);
  s.forward_bytes = peak_bytes(store.device(), [&] {
    const NoGrad no_grad;
    const ObserveOps observe([&](const auto&... seen) { tracer.see(seen...); });
    call_once(model, input, drawn);
  });
  s.training_bytes = peak_bytes(store.device(), [&] {
    const Tensor y = call_once(model, input, drawn);
    backward(y, Tensor::zeros(y.shape(), y.dtype(), y.device()));
  });
  store.zero_grad();
  s.layers = std::move(tracer.layers);
  for (const LayerSummary& layer : s.layers) s.macs += layer.macs;
  s.parameters = store.parameter_count();
  s.parameter_bytes = static_cast<std::size_t>(s.parameters) * size_of(store.dtype());
  return s;
}

std::string summary_table(const ModelSummary& s) {
  constexpr std::string_view kRow = "{:<24} {:<16} {:<20} {:>11} {:>10}\n";
  std::string text = fmt::format("input: PAN {}, LMS {}\n", s.pan.str(), s.lms.str());
  text += fmt::format(kRow, "layer", "operator", "output", "parameters", "MMAC");
  for (const LayerSummary& layer : s.layers) {
    text += fmt::format(kRow, layer.name.empty() ? "-" : layer.name, layer.op, layer.output.str(), grouped(layer.parameters),
                        fmt::format("{:.3f}", million(layer.macs)));
  }
  text += fmt::format(kRow, "total", "", "", grouped(s.parameters), fmt::format("{:.1f}", million(s.macs)));
  text += fmt::format("memory: parameters {:.1f} MiB; on top of them, inference {:.1f} MiB, training {:.1f} MiB\n",
                      mebibytes(s.parameter_bytes), mebibytes(s.forward_bytes), mebibytes(s.training_bytes));
  return text;
}

}  // namespace cf

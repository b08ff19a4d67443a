#include "framework/optim/optimizer.h"

#include <array>
#include <cmath>

#include "framework/core/device_services.h"
#include "framework/core/profile.h"
#include "kernels/table.h"

namespace cf {
namespace {

// What differs between the algorithms: the names of their state, the range of their options, their kernel and the decay rates
// whose bias it corrects (0: none).
template <class Options>
struct Algorithm;

void check_decay_rate(const char* name, double value) {
  check(value >= 0 && value < 1, "optimizer: {} must lie in [0, 1), got {}", name, value);
}
void check_not_negative(const char* name, double value) {
  check(value >= 0, "optimizer: {} must not be negative, got {}", name, value);
}

template <class Options, bool decoupled>
struct AdamAlgorithm {
  static constexpr std::array kState = {"adam.m", "adam.v"};
  static void validate(const Options& o) {
    check_decay_rate("beta1", o.beta1);
    check_decay_rate("beta2", o.beta2);
    check_not_negative("eps", o.eps);
  }
  static std::array<double, 2> biased(const Options& o) { return {o.beta1, o.beta2}; }
  static void apply(const OptimKernels& k, const Options& o, const StepFrame& f, View p, ConstView g, const auto& state) {
    k.adam({o.beta1, o.beta2, o.eps, o.weight_decay, decoupled}, f, p, g, state[0].second.view(), state[1].second.view());
  }
};
template <>
struct Algorithm<AdamOptions> : AdamAlgorithm<AdamOptions, false> {};
template <>
struct Algorithm<AdamWOptions> : AdamAlgorithm<AdamWOptions, true> {};

template <>
struct Algorithm<SgdOptions> {
  static constexpr std::array kState = {"sgd.velocity"};
  static void validate(const SgdOptions& o) { check_decay_rate("momentum", o.momentum); }
  static std::array<double, 2> biased(const SgdOptions&) { return {}; }
  static void apply(const OptimKernels& k, const SgdOptions& o, const StepFrame& f, View p, ConstView g, const auto& state) {
    k.sgd({o.momentum, o.weight_decay}, f, p, g, state[0].second.view());
  }
};

template <>
struct Algorithm<RmspropOptions> {
  static constexpr std::array kState = {"rmsprop.square"};
  static void validate(const RmspropOptions& o) {
    check_decay_rate("alpha", o.alpha);
    check_not_negative("eps", o.eps);
  }
  static std::array<double, 2> biased(const RmspropOptions&) { return {}; }
  static void apply(const OptimKernels& k, const RmspropOptions& o, const StepFrame& f, View p, ConstView g, const auto& state) {
    k.rmsprop({o.alpha, o.eps, o.weight_decay}, f, p, g, state[0].second.view());
  }
};

Tensor part(const Tensor& flat, const FlatRange& range) {
  return Tensor::window(flat.storage(), flat.storage_offset() + range.begin, {range.end - range.begin}, flat.dtype());
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, const Tensor& params, const Tensor& grads)
    : options_(options),
      params_(params.detach()),
      grads_(grads.detach()),
      values_(Tensor::zeros({kStepValues}, DType::f64, params.device())) {
  check(params.shape() == grads.shape() && params.dtype() == grads.dtype(), "optimizer: parameters {} {}, gradients {} {}",
        name_of(params.dtype()), params.shape().str(), name_of(grads.dtype()), grads.shape().str());
  std::visit(
      [&]<class Options>(const Options& o) {
        check_not_negative("weight_decay", o.weight_decay);
        Algorithm<Options>::validate(o);
        for (const char* name : Algorithm<Options>::kState) {
          state_.emplace_back(name, Tensor::zeros(params.shape(), params.dtype(), params.device()));
        }
      },
      options_);
}

void Optimizer::prepare(double lr, Ema* ema) {
  ++steps_;
  ema_ = ema;
  const auto biased = std::visit([]<class Options>(const Options& o) { return Algorithm<Options>::biased(o); }, options_);
  const auto correction = [&](double rate) { return 1 - std::pow(rate, static_cast<double>(steps_)); };
  std::array<double, kStepValues> values{};
  const auto set = [&](StepValue which, double value) { values.at(static_cast<std::size_t>(which)) = value; };
  set(StepValue::lr, lr);
  set(StepValue::bias1, correction(biased[0]));
  set(StepValue::bias2, correction(biased[1]));
  set(StepValue::ema_decay, ema != nullptr ? ema->next_decay() : 0);
  copy_bytes(values_.device(), values_.view().data, Device{}, values.data(), sizeof values);
}

StepFrame Optimizer::frame_of(const ApplyOptions& options) const {
  check(options.max_norm >= 0, "optimizer: the largest norm must not be negative, got {}", options.max_norm);
  check(options.max_norm == 0 || options.norm != nullptr, "optimizer: clipping needs the norm of the gradients");
  check(options.ema == ema_, "optimizer: the step was prepared for another average; give prepare() and apply() the same");
  StepFrame frame{.values = values_.cview(), .max_norm = options.max_norm};
  if (options.norm != nullptr) frame.squared_norm = options.norm->squared().cview();
  if (ema_ != nullptr) {
    check(ema_->shadow().shape() == params_.shape(), "optimizer: averages {}, parameters {}", ema_->shadow().shape().str(),
          params_.shape().str());
  }
  return frame;
}

void Optimizer::update(StepFrame frame, const FlatRange& range) const {
  if (range.begin == range.end) return;
  if (ema_ != nullptr) frame.shadow = part(ema_->shadow(), range).view();
  const Tensor params = part(params_, range);
  const Tensor grads = part(grads_, range);
  std::vector<std::pair<std::string, Tensor>> state;
  for (const auto& [name, tensor] : state_) state.emplace_back(name, part(tensor, range));
  const OptimKernels& kernels = kernels_for(params_.device()).optim;
  std::visit(
      [&]<class Options>(const Options& o) { Algorithm<Options>::apply(kernels, o, frame, params.view(), grads.cview(), state); },
      options_);
}

void Optimizer::apply(const ApplyOptions& options) const {
  const OpRange profiled("optimizer");
  const StepFrame frame = frame_of(options);
  std::int64_t begin = 0;
  for (const FlatRange& rest : options.resting) {
    check(begin <= rest.begin && rest.begin <= rest.end && rest.end <= params_.numel(),
          "optimizer: range {} to {} of {} parameters cannot rest", rest.begin, rest.end, params_.numel());
    update(frame, {begin, rest.begin});
    begin = rest.end;
    if (ema_ == nullptr) continue;
    kernels_for(params_.device()).optim.ema(frame.values, part(ema_->shadow(), rest).view(), part(params_, rest).cview());
  }
  update(frame, {begin, params_.numel()});
}

}  // namespace cf

#include "framework/optim/optimizer.h"

#include <array>

#include "kernels/table.h"

namespace cf {
namespace {

// What differs between the algorithms: the names of their state, the range of their options, their kernel.
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
  static void step(const OptimKernels& k, const Options& o, double lr, std::int64_t step, View p, ConstView g,
                   const auto& state) {
    k.adam({lr, o.beta1, o.beta2, o.eps, o.weight_decay, decoupled, step}, p, g, state[0].second.view(), state[1].second.view());
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
  static void step(const OptimKernels& k, const SgdOptions& o, double lr, std::int64_t, View p, ConstView g, const auto& state) {
    k.sgd({lr, o.momentum, o.weight_decay}, p, g, state[0].second.view());
  }
};

template <>
struct Algorithm<RmspropOptions> {
  static constexpr std::array kState = {"rmsprop.square"};
  static void validate(const RmspropOptions& o) {
    check_decay_rate("alpha", o.alpha);
    check_not_negative("eps", o.eps);
  }
  static void step(const OptimKernels& k, const RmspropOptions& o, double lr, std::int64_t, View p, ConstView g,
                   const auto& state) {
    k.rmsprop({lr, o.alpha, o.eps, o.weight_decay}, p, g, state[0].second.view());
  }
};

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, const Tensor& params, const Tensor& grads)
    : options_(options), params_(params.detach()), grads_(grads.detach()) {
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

void Optimizer::step(double lr) {
  ++steps_;
  const OptimKernels& kernels = kernels_for(params_.device()).optim;
  std::visit([&]<class Options>(
                 const Options& o) { Algorithm<Options>::step(kernels, o, lr, steps_, params_.view(), grads_.cview(), state_); },
             options_);
}

}  // namespace cf

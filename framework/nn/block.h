// A part of a network whose activations need not be kept for the backward pass.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "framework/nn/scope.h"

namespace cf {

using BlockFn = std::function<Tensor(const std::vector<Tensor>&)>;

// fn(inputs), computed again in the backward pass (autograd/recompute.h) under the precisions of this call.
Tensor run_recomputed(const BlockFn& fn, const std::vector<Tensor>& inputs, const std::vector<Tensor>& parameters);

// A layer that is built and called as Layer is. Where `recomputed`, only what goes in and comes out is kept in training; the
// gradients are the same. Such a layer must move no running statistics and draw no random numbers but by a key.
template <class Layer>
class Block {
 public:
  template <class... Args>
  Block(bool recomputed, const Scope& scope, Args&&... args)
      : layer_(scope, std::forward<Args>(args)...), recomputed_(recomputed), parameters_(scope.params()) {}

  const Layer* operator->() const { return &layer_; }

  // layer(tensors...)
  template <class... Tensors>
  Tensor operator()(const Tensors&... tensors) const {
    return run({tensors...}, [](const Layer& layer, const std::vector<Tensor>& in) {
      return [&]<std::size_t... I>(std::index_sequence<I...>) { return layer(in[I]...); }
      (std::index_sequence_for<Tensors...>());
    });
  }

  // fn(layer, inputs), where fn computes more than the layer alone: it may read no other tensor that requires a gradient, and
  // what it refers to must outlive the backward pass, as must this block.
  template <class Fn>
  Tensor run(const std::vector<Tensor>& inputs, const Fn& fn) const {
    if (!recomputed_) return fn(layer_, inputs);
    return run_recomputed([this, fn](const std::vector<Tensor>& in) { return fn(layer_, in); }, inputs, parameters_);
  }

 private:
  Layer layer_;
  bool recomputed_;
  std::vector<Tensor> parameters_;
};

}  // namespace cf

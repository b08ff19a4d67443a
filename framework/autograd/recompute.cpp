#include "framework/autograd/recompute.h"

#include <algorithm>
#include <memory>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/core/profile.h"

namespace cf {
namespace {

using Fn = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

// While alive, `tensor` is, through every handle, a leaf of its own: what fn records on it ends here instead of reaching the
// graph that is being walked, whose engine alone may fire the hook of the true leaf. Gradients are added up where the true leaf
// adds them up, so that the order of additions is that of a pass without recomputation.
class PrivateLeaf {
 public:
  explicit PrivateLeaf(const Tensor& tensor)
      : impl_(tensor.impl()), node_(std::move(impl_->node)), leaf_(std::move(impl_->leaf)), output_(impl_->output) {
    impl_->node = nullptr;
    impl_->leaf = std::make_shared<Leaf>();
    if (leaf_ != nullptr) impl_->leaf->grad = leaf_->grad;
    impl_->output = 0;
  }
  ~PrivateLeaf() {
    impl_->node = std::move(node_);
    impl_->leaf = std::move(leaf_);
    impl_->output = output_;
  }
  PrivateLeaf(const PrivateLeaf&) = delete;
  PrivateLeaf& operator=(const PrivateLeaf&) = delete;

  // What is still to be delivered; nothing where the true leaf has it.
  Tensor grad() const {
    if (leaf_ == nullptr) return impl_->leaf->grad;
    leaf_->grad = impl_->leaf->grad;
    return {};
  }

 private:
  std::shared_ptr<Tensor::Impl> impl_;
  std::shared_ptr<Node> node_;
  std::shared_ptr<Leaf> leaf_;
  int output_;
};

std::vector<Tensor> detached(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> out;
  out.reserve(tensors.size());
  for (const Tensor& t : tensors) out.push_back(t.defined() ? t.detach() : Tensor());
  return out;
}

// The same values as leaves where a gradient is wanted.
std::vector<Tensor> as_leaves(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> out = detached(tensors);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (tensors[i].defined() && tensors[i].requires_grad()) out[i].set_requires_grad();
  }
  return out;
}

// Runs fn again and walks the graph that this records. Gradients of `inputs`, then of `captured`.
Grads run_again(const Fn& fn, const std::vector<Tensor>& inputs, const std::vector<Tensor>& captured, const Backward& bw) {
  std::vector<Tensor> sources = detached(inputs);
  sources.insert(sources.end(), captured.begin(), captured.end());
  std::vector<std::unique_ptr<PrivateLeaf>> leaves(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto earlier = sources.begin() + static_cast<std::ptrdiff_t>(i);
    const bool repeated = std::any_of(sources.begin(), earlier, [&](const Tensor& t) { return t.impl() == sources[i].impl(); });
    if (bw.needs(static_cast<int>(i)) && !repeated) leaves[i] = std::make_unique<PrivateLeaf>(sources[i]);
  }
  {
    const EnableGrad guard;
    const std::vector<Tensor> outputs = fn({sources.begin(), sources.begin() + static_cast<std::ptrdiff_t>(inputs.size())});
    std::vector<Tensor> roots;
    std::vector<Tensor> seeds;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!bw.has_dy(static_cast<int>(i)) || !outputs[i].requires_grad()) continue;
      roots.push_back(outputs[i]);
      seeds.push_back(bw.dy(static_cast<int>(i)));
    }
    backward(roots, seeds);
  }
  Grads grads;
  for (const auto& leaf : leaves) grads.push_back(leaf ? leaf->grad() : Tensor());
  return grads;
}

}  // namespace

std::vector<Tensor> recompute(const Fn& fn, const std::vector<Tensor>& inputs, const std::vector<Tensor>& captured_parameters) {
  std::vector<Tensor> sources = inputs;
  sources.insert(sources.end(), captured_parameters.begin(), captured_parameters.end());
  if (!will_record(sources)) return fn(inputs);
  const OpRange range("recompute");
  // Recorded and forgotten: operators that know a gradient to be wanted may compute in another way than those that do not, and
  // both runs must agree. Detached, because fn may return one of its inputs, which has its place in the graph already.
  std::vector<Tensor> outputs = detached(fn(as_leaves(inputs)));
  check(!outputs.empty(), "recompute: the function returned nothing");
  record("recompute", sources, outputs, [fn, inputs = detached(inputs), captured = captured_parameters](const Backward& bw) {
    return run_again(fn, inputs, captured, bw);
  });
  return outputs;
}

}  // namespace cf

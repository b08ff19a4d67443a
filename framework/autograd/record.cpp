#include "framework/autograd/record.h"

#include <algorithm>
#include <atomic>

namespace cf {
namespace {

thread_local bool recording = true;
thread_local const OpObserver* op_observer = nullptr;
std::atomic<std::uint64_t> next_sequence{1};

}  // namespace

bool grad_enabled() { return recording; }

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }
EnableGrad::EnableGrad() : before_(recording) { recording = true; }
EnableGrad::~EnableGrad() { recording = before_; }

ObserveOps::ObserveOps(OpObserver observer) : observer_(std::move(observer)), before_(op_observer) { op_observer = &observer_; }
ObserveOps::~ObserveOps() { op_observer = before_; }

bool will_record(std::span<const Tensor> inputs) {
  return recording && std::any_of(inputs.begin(), inputs.end(), [](const Tensor& t) { return t.requires_grad(); });
}

void record(const char* name, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs, BackwardFn backward) {
  if (op_observer != nullptr) (*op_observer)(name, inputs, outputs);
  if (!will_record(inputs)) return;
  auto node = std::make_shared<Node>();
  node->name = name;
  node->sequence = next_sequence.fetch_add(1, std::memory_order_relaxed);
  node->inputs.reserve(inputs.size());
  for (const Tensor& t : inputs) {
    Edge edge;
    if (t.defined()) {
      edge.node = t.impl()->node;
      edge.output = t.impl()->output;
      edge.leaf = t.impl()->leaf;
      edge.shape = t.shape();
      edge.dtype = t.dtype();
    }
    node->inputs.push_back(std::move(edge));
  }
  node->dtype = outputs.front().dtype();
  node->device = outputs.front().device();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& impl = outputs[i].impl();
    check(impl->node == nullptr && impl->leaf == nullptr, "{}: output {} is already part of a graph", name, i);
    node->output_shapes.push_back(impl->shape);
    impl->node = node;
    impl->output = static_cast<int>(i);
  }
  node->backward = std::move(backward);
}

Node::~Node() {
  // Owning the chain of producers in a list keeps their destructors from nesting.
  std::vector<std::shared_ptr<Node>> doomed;
  const auto take = [&doomed](Node& n) {
    n.backward = nullptr;
    for (Edge& e : n.inputs) {
      if (e.node != nullptr && e.node.use_count() == 1) doomed.push_back(std::move(e.node));
    }
    n.inputs.clear();
  };
  take(*this);
  while (!doomed.empty()) {
    const std::shared_ptr<Node> n = std::move(doomed.back());
    doomed.pop_back();
    if (n.use_count() == 1) take(*n);
  }
}

Tensor Backward::dy(int i) const {
  const auto at = static_cast<std::size_t>(i);
  return dys_[at].defined() ? dys_[at] : Tensor::zeros(node_.output_shapes[at], node_.dtype, node_.device);
}

}  // namespace cf

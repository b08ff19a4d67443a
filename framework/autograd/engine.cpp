#include "framework/autograd/engine.h"

#include <atomic>
#include <map>
#include <mutex>
#include <queue>
#include <unordered_map>
#include <vector>

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "kernels/table.h"

namespace cf {
namespace {

std::mutex fault_mutex;
std::map<std::string, double> faults;  // operator name -> factor
std::atomic<bool> any_fault{false};
std::atomic<void (*)(const char*)> observer{nullptr};

// One backward pass.
class Pass {
 public:
  void seed(const Tensor& root, const Tensor& gradient);
  void run();

 private:
  struct Pending {
    int in_edges = 0;  // consumers that have not delivered yet
    std::vector<Tensor> dys;
  };
  struct Later {
    bool operator()(const std::shared_ptr<Node>& a, const std::shared_ptr<Node>& b) const { return a->sequence < b->sequence; }
  };

  void count(const std::shared_ptr<Node>& root);
  void deliver(const Node& from, std::size_t input, const Edge& edge, Tensor gradient);
  void arrived(const Edge& edge);
  void add_to_leaf(Leaf& leaf, const Tensor& gradient);
  Grads call(Node& node, std::vector<Tensor> dys);

  std::unordered_map<Node*, Pending> pending_;
  std::unordered_map<Leaf*, int> leaf_edges_;
  std::priority_queue<std::shared_ptr<Node>, std::vector<std::shared_ptr<Node>>, Later> ready_;
  std::vector<std::shared_ptr<Node>> roots_;
};

void accumulate(Tensor& sum, const Tensor& term) {
  if (!sum.defined()) {
    sum = term;
    return;
  }
  const auto& add = kernels_for(term.device()).elementwise.binary;
  Tensor out = sum.exclusive() ? sum : Tensor::empty(sum.shape(), sum.dtype(), sum.device());
  add(Binary::add, sum.cview(), term.cview(), out.view());
  sum = out;
}

// Sums the dimensions along which `shape` was broadcast.
Tensor sum_to(const Tensor& gradient, const Shape& shape) {
  Tensor out = Tensor::empty(shape, gradient.dtype(), gradient.device());
  kernels_for(gradient.device()).reduce.sum_to(gradient.cview(), out.view());
  return out;
}

void Pass::count(const std::shared_ptr<Node>& root) {
  std::vector<Node*> stack;
  const auto reach = [&](Node* n) {
    auto [it, first] = pending_.try_emplace(n);
    if (first) {
      it->second.dys.resize(n->output_shapes.size());
      stack.push_back(n);
    }
    ++it->second.in_edges;
  };
  reach(root.get());
  while (!stack.empty()) {
    Node* n = stack.back();
    stack.pop_back();
    for (const Edge& e : n->inputs) {
      if (e.node != nullptr) reach(e.node.get());
      if (e.leaf != nullptr) ++leaf_edges_[e.leaf.get()];
    }
  }
}

void Pass::seed(const Tensor& root, const Tensor& gradient) {
  check(root.requires_grad(), "backward: the result depends on no tensor that requires a gradient");
  Tensor g = gradient;
  if (!g.defined()) {
    check(root.numel() == 1, "backward: a result of shape {} needs a gradient to start from", root.shape().str());
    g = Tensor::full(root.shape(), 1.0, root.dtype(), root.device());
  }
  check(g.shape() == root.shape() && g.dtype() == root.dtype(), "backward: gradient {} {} for a result {} {}", name_of(g.dtype()),
        g.shape().str(), name_of(root.dtype()), root.shape().str());
  const auto& impl = *root.impl();
  if (impl.node == nullptr) {
    add_to_leaf(*impl.leaf, g);
    return;
  }
  check(impl.node->backward != nullptr, "backward: the graph of '{}' was already walked and released", impl.node->name);
  count(impl.node);
  roots_.push_back(impl.node);
  accumulate(pending_[impl.node.get()].dys[static_cast<std::size_t>(impl.output)], g);
}

void Pass::run() {
  for (const auto& root : roots_) {
    if (--pending_[root.get()].in_edges == 0) ready_.push(root);
  }
  while (!ready_.empty()) {
    const std::shared_ptr<Node> node = ready_.top();
    ready_.pop();
    const auto it = pending_.find(node.get());
    std::vector<Tensor> dys = std::move(it->second.dys);
    pending_.erase(it);
    bool any = false;
    for (const Tensor& dy : dys) any = any || dy.defined();
    const OpRange range(node->name, RangeKind::backward);
    Grads grads(node->inputs.size());
    if (any) {
      grads = call(*node, std::move(dys));
    }
    node->backward = nullptr;
    for (std::size_t i = 0; i < grads.size(); ++i) {
      deliver(*node, i, node->inputs[i], std::move(grads[i]));
    }
    // Sever the graph as it is walked, so that what it held is freed now.
    for (Edge& e : node->inputs) {
      Edge gone = std::move(e);
      arrived(gone);
    }
    node->inputs.clear();
  }
}

Grads Pass::call(Node& node, std::vector<Tensor> dys) {
  check(node.backward != nullptr, "backward: the graph of '{}' was already walked and released", node.name);
  if (auto* seen = observer.load(); seen != nullptr) seen(node.name);
  const NoGrad no_grad;
  Grads grads = node.backward(Backward(node, std::move(dys)));
  check(grads.size() == node.inputs.size(), "{}: backward returned {} gradients for {} inputs", node.name, grads.size(),
        node.inputs.size());
  if (any_fault.load()) {
    const std::scoped_lock lock(fault_mutex);
    if (const auto it = faults.find(node.name); it != faults.end()) {
      for (Tensor& g : grads) {
        if (!g.defined()) continue;
        Tensor scaled = Tensor::empty(g.shape(), g.dtype(), g.device());
        const Tensor factor = Tensor::full({1}, it->second, g.dtype(), g.device());
        kernels_for(g.device()).elementwise.binary(Binary::mul, g.cview(), factor.cview(), scaled.view());
        g = scaled;
      }
    }
  }
  return grads;
}

void Pass::deliver(const Node& from, std::size_t input, const Edge& edge, Tensor gradient) {
  if (!edge.needed() || !gradient.defined()) return;
  check(gradient.dtype() == edge.dtype, "{}: gradient of input {} is {}, the input is {}", from.name, input,
        name_of(gradient.dtype()), name_of(edge.dtype));
  if (!(gradient.shape() == edge.shape)) {
    check(broadcast_shapes(gradient.shape(), edge.shape, from.name) == gradient.shape(),
          "{}: gradient of input {} has shape {}, the input {}", from.name, input, gradient.shape().str(), edge.shape.str());
    gradient = sum_to(gradient, edge.shape);
  }
  if (edge.node != nullptr) {
    accumulate(pending_[edge.node.get()].dys[static_cast<std::size_t>(edge.output)], gradient);
  } else {
    add_to_leaf(*edge.leaf, gradient);
  }
}

void Pass::arrived(const Edge& edge) {
  if (edge.node != nullptr) {
    if (--pending_[edge.node.get()].in_edges == 0) ready_.push(edge.node);
  } else if (edge.leaf != nullptr) {
    if (--leaf_edges_[edge.leaf.get()] == 0 && edge.leaf->on_final) edge.leaf->on_final();
  }
}

void Pass::add_to_leaf(Leaf& leaf, const Tensor& gradient) {
  if (!leaf.grad.defined()) {
    leaf.grad = gradient.clone();
    return;
  }
  kernels_for(gradient.device()).elementwise.binary(Binary::add, leaf.grad.cview(), gradient.cview(), leaf.grad.view());
}

}  // namespace

void backward(const std::vector<Tensor>& roots, const std::vector<Tensor>& seeds) {
  check(roots.size() == seeds.size(), "backward: {} results and {} gradients", roots.size(), seeds.size());
  Pass pass;
  for (std::size_t i = 0; i < roots.size(); ++i) pass.seed(roots[i], seeds[i]);
  pass.run();
}

void backward(const Tensor& root, const Tensor& seed) { backward(std::vector<Tensor>{root}, std::vector<Tensor>{seed}); }

BackwardFault::BackwardFault(std::string name, double factor) {
  const std::scoped_lock lock(fault_mutex);
  faults[std::move(name)] = factor;
  any_fault = true;
}

BackwardFault::~BackwardFault() {
  const std::scoped_lock lock(fault_mutex);
  faults.clear();
  any_fault = false;
}

void set_backward_observer(void (*seen)(const char* name)) { observer = seen; }

}  // namespace cf

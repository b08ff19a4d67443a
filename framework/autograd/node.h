// The graph: one Node per recorded operator, one Leaf per tensor that collects a gradient.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

class Backward;

// Gradients of an operator's inputs, in their order; undefined entries stand for zero. An entry may have the shape the
// input was broadcast to: the engine sums it back.
using Grads = std::vector<Tensor>;
using BackwardFn = std::function<Grads(const Backward&)>;

// Where a leaf's gradient is collected. `grad` may be a window of a flat buffer; the engine then adds to it in place.
struct Leaf {
  Tensor grad;
  // Called once per backward pass, when this pass adds nothing more to `grad`.
  std::function<void()> on_final;
};

struct Edge {
  std::shared_ptr<Node> node;  // the producer of the input, or
  int output = 0;
  std::shared_ptr<Leaf> leaf;  // the leaf that it is
  Shape shape;                 // of the input
  DType dtype = DType::f32;
  bool needed() const { return node != nullptr || leaf != nullptr; }
};

struct Node {
  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();  // iterative: a chain of any length is freed without recursion

  const char* name = "";
  std::uint64_t sequence = 0;  // order of recording
  std::vector<Edge> inputs;
  std::vector<Shape> output_shapes;
  DType dtype = DType::f32;  // of the outputs
  Device device;
  BackwardFn backward;  // released as soon as it has run
};

// What a backward closure sees: the gradients of the outputs, and which inputs need one.
class Backward {
 public:
  Backward(const Node& node, std::vector<Tensor> dys) : node_(node), dys_(std::move(dys)) {}

  // Gradient of output `i`; zeros where nothing depended on it.
  Tensor dy(int i = 0) const;
  bool has_dy(int i) const { return dys_[static_cast<std::size_t>(i)].defined(); }
  // Whether input `i` leads to a leaf; its gradient may be left undefined otherwise.
  bool needs(int i) const { return node_.inputs[static_cast<std::size_t>(i)].needed(); }

 private:
  const Node& node_;
  std::vector<Tensor> dys_;
};

}  // namespace cf

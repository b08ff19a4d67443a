#include "framework/ops/cost.h"

#include <algorithm>
#include <array>

namespace cf::ops {
namespace {

bool is_one_of(std::string_view op, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), op) != names.end();
}

double bytes_of(const Tensor& t) {
  return t.defined() ? static_cast<double>(t.numel()) * static_cast<double>(size_of(t.dtype())) : 0;
}

double bytes_of(const std::vector<Tensor>& tensors) {
  double sum = 0;
  for (const Tensor& t : tensors) sum += bytes_of(t);
  return sum;
}

bool needs_gradient(const Tensor& t) { return t.defined() && t.requires_grad(); }

// The gradient of each factor is a product of the same size; attention recomputes its scores on top of four products.
double backward_products(std::string_view op, const std::vector<Tensor>& inputs) {
  if (op == "attention") return std::any_of(inputs.begin(), inputs.end(), needs_gradient) ? 2.5 : 0;
  const std::size_t weight = op == "laconv" ? 3 : 1;
  return (needs_gradient(inputs.front()) ? 1.0 : 0.0) + (needs_gradient(inputs[weight]) ? 1.0 : 0.0);
}

}  // namespace

std::int64_t macs_of(std::string_view op, const std::vector<Tensor>& in, const std::vector<Tensor>& outputs) {
  const Tensor& out = outputs.front();
  const auto per_output = [&](const Tensor& weight) { return out.numel() * (weight.numel() / weight.dim(0)); };
  if (op == "conv2d" || op == "linear") return per_output(in[1]);
  if (op == "laconv") return per_output(in[3]);
  if (op == "conv_transpose2d") return in[0].numel() * (in[1].numel() / in[1].dim(0));
  if (op == "matmul") return in[0].numel() * out.dim(-1);
  // Scores and their product with the values: each token meets each, in all channels.
  if (op == "attention") return 2 * in[0].numel() * (in[0].numel() / (in[0].dim(0) * in[0].dim(-1)));
  if (op == "cross_covariance") return in[0].numel() * out.dim(-1);
  if (op == "head_matmul") return in[0].numel() * in[1].dim(-1);
  return 0;
}

OpCost cost_of(std::string_view op, const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
  OpCost cost;
  if (is_one_of(op, {"reshape", "recompute"})) return cost;
  const double in = bytes_of(inputs);
  const double out = bytes_of(outputs);
  double gradients = 0;
  for (const Tensor& t : inputs) gradients += needs_gradient(t) ? bytes_of(t) : 0;
  cost.forward.bytes = in + out;
  const double products = 2 * static_cast<double>(macs_of(op, inputs, outputs));
  if (products > 0) {
    cost.forward.flop = products;
    cost.backward = {products * backward_products(op, inputs), out + in + gradients};
    return cost;
  }
  const bool moves = is_one_of(op, {"concat", "split", "slice", "permute", "pixel_shuffle", "pixel_unshuffle", "pad", "roll"});
  double numbers = 0;
  for (const Tensor& t : outputs) numbers += static_cast<double>(t.numel());
  cost.forward.flop = moves ? 0 : numbers;
  // A sum hands its gradient on as it is.
  if (gradients > 0 && op != "add") cost.backward = {moves ? 0 : numbers, out + gradients + (moves ? 0 : in)};
  return cost;
}

}  // namespace cf::ops

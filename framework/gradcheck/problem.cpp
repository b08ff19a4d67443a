#include "framework/gradcheck/problem.h"

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"

namespace cf {
namespace {

// How far parameters are moved from their initial values.
constexpr double kPerturbation = 0.1;

// FNV-1a.
std::uint64_t hash(const std::string& text) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return h;
}

double as_f32(double x) { return static_cast<double>(static_cast<float>(x)); }

Problem start(const GradCase& c, DType dtype, Device device = {}) {
  Problem p;
  p.dtype = dtype;
  p.device = device;
  p.fn = c.fn;
  return p;
}

void add_inputs(Problem& p, const GradCase& c, std::vector<Tensor> inputs) {
  p.inputs = std::move(inputs);
  for (std::size_t i = 0; i < c.inputs.size(); ++i) {
    if (!c.inputs[i].differentiable || c.inputs[i].fill == CaseInput::Fill::mask) continue;
    p.inputs[i].set_requires_grad();
    p.variables.push_back({fmt::format("input {}", i), p.inputs[i]});
  }
}

void add_parameters(Problem& p, const GradCase& c) {
  if (!c.bind) return;
  BoundFn bound = c.bind(p.dtype, p.device);
  p.fn = std::move(bound.fn);
  for (auto& [name, value] : bound.parameters) {
    check(value.dtype() == p.dtype, "gradcheck: parameter {} of {} is {}, asked for in {}", name, c.name, name_of(value.dtype()),
          name_of(p.dtype));
    check(value.requires_grad(), "gradcheck: parameter {} of {} is not a leaf", name, c.name);
    p.variables.push_back({name, value});
  }
}

}  // namespace

// The upper bits of the salt stay free for the stream.
Draw::Draw(const std::string& name, std::uint64_t seed) : seed_(seed), salt_(hash(name) & 0xffffffffffffU) {}

Philox Draw::next() { return make_rng(seed_, RngStream::test, salt_++ & 0xffffffffffffU); }

Tensor Draw::normal(const Shape& shape) { return input({shape}); }

Tensor Draw::input(const CaseInput& input) {
  const Philox rng = next();
  const auto n = static_cast<std::uint64_t>(input.shape.numel());
  if (input.fill == CaseInput::Fill::mask) {
    Tensor t = Tensor::empty(input.shape, DType::u8);
    for (std::uint64_t i = 0; i < n; ++i) t.span<std::uint8_t>()[i] = static_cast<std::uint8_t>(rng.word(i) & 1U);
    return t;
  }
  Tensor t = Tensor::empty(input.shape, DType::f64);
  const bool normal = input.fill == CaseInput::Fill::normal;
  for (std::uint64_t i = 0; i < n; ++i) t.span<double>()[i] = as_f32(normal ? rng.normal(i) : 0.5 + rng.uniform(i));
  return t;
}

Problem make_problem(const GradCase& c, Draw& draw) {
  Problem p = start(c, DType::f64);
  std::vector<Tensor> inputs;
  for (const CaseInput& input : c.inputs) inputs.push_back(draw.input(input));
  add_inputs(p, c, std::move(inputs));
  const std::size_t first_parameter = p.variables.size();
  add_parameters(p, c);
  for (std::size_t v = first_parameter; v < p.variables.size(); ++v) {
    const auto values = p.variables[v].value.span<double>();
    const Tensor noise = draw.normal(p.variables[v].value.shape());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = as_f32(values[i] + kPerturbation * noise.span<double>()[i]);
  }
  return p;
}

Problem convert_problem(const GradCase& c, const Problem& from, DType dtype, Device device) {
  Problem p = start(c, dtype, device);
  std::vector<Tensor> inputs;
  for (const Tensor& t : from.inputs) inputs.push_back(t.to(t.dtype() == from.dtype ? dtype : t.dtype()).to(device));
  add_inputs(p, c, std::move(inputs));
  add_parameters(p, c);
  check(p.variables.size() == from.variables.size(), "gradcheck: {} has {} variables in {}, {} in {}", c.name, p.variables.size(),
        name_of(dtype), from.variables.size(), name_of(from.dtype));
  for (std::size_t v = 0; v < p.variables.size(); ++v) p.variables[v].value.copy_from(from.variables[v].value.to(dtype));
  return p;
}

std::vector<Tensor> evaluate(const Problem& p) {
  const NoGrad no_grad;
  return p.fn(p.inputs);
}

std::vector<Tensor> evaluate(const Problem& p, Backend backend) {
  const UseKernels use(backend);
  return evaluate(p);
}

std::vector<std::vector<double>> gradients(const Problem& p, const std::vector<Tensor>& weights, Backend backend) {
  const UseKernels use(backend);
  return gradients(p, weights);
}

std::vector<std::vector<double>> gradients(const Problem& p, const std::vector<Tensor>& weights) {
  const EnableGrad grad;
  for (const auto& v : p.variables) v.value.zero_grad();
  const std::vector<Tensor> ys = p.fn(p.inputs);
  std::vector<Tensor> roots;
  std::vector<Tensor> seeds;
  for (std::size_t k = 0; k < ys.size(); ++k) {
    if (!ys[k].requires_grad()) continue;
    roots.push_back(ys[k]);
    seeds.push_back(weights[k].to(ys[k].dtype()).to(p.device));
  }
  backward(roots, seeds);
  std::vector<std::vector<double>> result;
  for (const auto& v : p.variables) {
    const Tensor g = v.value.grad();
    result.push_back(g.defined() ? g.to(DType::f64).to_vector<double>()
                                 : std::vector<double>(static_cast<std::size_t>(v.value.numel())));
  }
  return result;
}

}  // namespace cf

#include "tests/harness/observe.h"

#include "framework/autograd/engine.h"
#include "framework/gradcheck/problem.h"

namespace cf::test {
namespace {

// The engine's observer is a plain function, so what it sees goes through here.
std::set<std::string>* seen = nullptr;

}  // namespace

Observed observe_backward(const GradCase& c) {
  Draw draw(c.name, 1);
  const Problem p = make_problem(c, draw);
  std::vector<Tensor> weights;
  for (const Tensor& y : evaluate(p, Backend::reference)) weights.push_back(draw.normal(y.shape()));
  Observed result;
  seen = &result.operators;
  set_backward_observer([](const char* name) { seen->insert(name); });
  const auto all = gradients(p, weights, Backend::reference);
  set_backward_observer(nullptr);
  for (const auto& gradient : all) {
    for (const double g : gradient) result.any_gradient = result.any_gradient || g != 0;
  }
  return result;
}

}  // namespace cf::test

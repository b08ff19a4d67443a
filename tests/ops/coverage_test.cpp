// No operator without a gradient case.
#include <doctest/doctest.h>

#include <set>

#include "framework/autograd/engine.h"
#include "framework/gradcheck/problem.h"
#include "tests/harness/sources.h"

using namespace cf;

namespace {

std::set<std::string> seen;

// The names of all operators whose backward runs in `cases`.
std::set<std::string> run_backward(const GradCases& cases) {
  seen.clear();
  set_backward_observer([](const char* name) { seen.insert(name); });
  for (const GradCase& c : cases) {
    CAPTURE(c.name);
    Draw draw(c.name, 1);
    const Problem p = make_problem(c, draw);
    std::vector<Tensor> weights;
    for (const Tensor& y : evaluate(p, Backend::reference)) weights.push_back(draw.normal(y.shape()));
    gradients(p, weights, Backend::reference);
  }
  set_backward_observer(nullptr);
  return seen;
}

}  // namespace

TEST_CASE("every recorded operator has a gradient case that runs its backward") {
  const std::set<std::string> covered = run_backward(op_cases());
  std::set<std::string> recorded;
  for (const char* folder : {"framework/autograd", "framework/nn", "models"}) {
    recorded.merge(test::find_in_sources(folder, R"re(\brecord\(\s*"([a-z][a-z0-9_]*)"\s*,)re"));
  }
  // Here there are also helpers that take the name as their first argument, such as unary().
  recorded.merge(test::find_in_sources("framework/ops", R"re(\b[a-z_]+\(\s*"([a-z][a-z0-9_]*)"\s*,)re"));
  CHECK(recorded.size() > 10);
  for (const std::string& name : recorded) {
    CAPTURE(name);
    CHECK_MESSAGE(covered.contains(name), "add a case to framework/gradcheck/cases_<family>.cpp");
  }
}

TEST_CASE("names are recorded as literals, where the test above can see them") {
  for (const std::string& argument : test::find_in_sources("framework/ops", R"re(\brecord\(\s*([^",\s]+)\s*,)re")) {
    CAPTURE(argument);
    CHECK(argument == "name");
  }
}

// No operator without a gradient case.
#include <doctest/doctest.h>

#include <set>

#include "tests/harness/observe.h"
#include "tests/harness/sources.h"

using namespace cf;

TEST_CASE("every recorded operator has a gradient case that runs its backward") {
  std::set<std::string> covered;
  for (const GradCase& c : op_cases()) {
    CAPTURE(c.name);
    covered.merge(test::observe_backward(c).operators);
  }
  std::set<std::string> recorded;
  for (const char* folder : {"framework/ops", "framework/autograd"}) {
    // record() itself and helpers that take the name as their first argument, such as unary().
    recorded.merge(test::find_in_sources(folder, R"re(\b[a-z_]+\(\s*"([a-z][a-z0-9_]*)"\s*,)re"));
  }
  for (const char* folder : {"framework/nn", "framework/train", "models"}) {
    recorded.merge(test::find_in_sources(folder, R"re(\brecord\(\s*"([a-z][a-z0-9_]*)"\s*,)re"));
  }
  CHECK(recorded.size() > 40);
  // Rounds, which finite differences see as noise: precision_test.cpp checks it.
  recorded.erase("cast");
  for (const std::string& name : recorded) {
    CAPTURE(name);
    CHECK_MESSAGE(covered.contains(name), "add a case to framework/gradcheck/cases_<family>.cpp");
  }
}

TEST_CASE("names are recorded as literals, or by a helper's argument, where the test above can see them") {
  for (const std::string& argument : test::find_in_sources("framework", R"re(\brecord\(\s*([^",()\s]+)\s*,)re")) {
    CAPTURE(argument);
    CHECK((argument == "name" || argument == "op"));
  }
}

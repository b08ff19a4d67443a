// cfrun gradcheck: every derivative against finite differences.
#include <fmt/core.h>

#include <algorithm>

#include "framework/gradcheck/run.h"
#include "framework/nn/gradcheck_cases.h"
#include "models/gradcheck_cases.h"
#include "tools/cfrun/command.h"

namespace cf {
namespace {

struct GradcheckArguments {
  std::vector<std::string> names;
  bool list = false;
  bool f32 = false;
  std::uint64_t seed = 1;
};

GradCases all_cases() {
  GradCases all = op_cases();
  for (const auto& more : {layer_cases, network_cases}) {
    for (GradCase& c : more()) all.push_back(std::move(c));
  }
  return all;
}

// "conv2d" asks for conv2d and all its variants, "conv2d.dilated" for one.
bool asked_for(const std::string& name, const std::string& asked) { return name == asked || name.starts_with(asked + "."); }

GradCases chosen_cases(const std::vector<std::string>& names) {
  GradCases all = all_cases();
  if (names.empty()) return all;
  GradCases chosen;
  for (const std::string& asked : names) {
    const std::size_t before = chosen.size();
    std::copy_if(all.begin(), all.end(), std::back_inserter(chosen), [&](const GradCase& c) { return asked_for(c.name, asked); });
    check(chosen.size() > before, "gradcheck: no case called '{}'; `cfrun gradcheck --list` shows them all", asked);
  }
  return chosen;
}

int gradcheck(const GradcheckArguments& arguments) {
  const GradCases cases = chosen_cases(arguments.names);
  if (arguments.list) {
    for (const GradCase& c : cases) fmt::print("{}\n", c.name);
    return 0;
  }
  GradCheckOptions options;
  options.dtype = arguments.f32 ? DType::f32 : DType::f64;
  options.seed = arguments.seed;
  std::vector<GradCheckResult> results;
  for (const GradCase& c : cases) results.push_back(check_gradient(c, options));
  fmt::print("{}", gradcheck_table(results));
  const auto failed = std::count_if(results.begin(), results.end(), [](const GradCheckResult& r) { return !r.passed; });
  fmt::print("{} cases, {} failed\n", results.size(), failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

void add_gradcheck(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("gradcheck", "Compare gradients of operators, layers and networks with finite differences");
  auto arguments = std::make_shared<GradcheckArguments>();
  command->add_option("name", arguments->names, "cases or operators (default: all)");
  command->add_flag("--list", arguments->list, "only print the names");
  command->add_flag("--f32", arguments->f32, "check the gradients of the fast f32 kernels");
  command->add_option("--seed", arguments->seed, "of the points and directions")->capture_default_str();
  command->callback([arguments, &action] { action = [arguments] { return gradcheck(*arguments); }; });
}

}  // namespace cf

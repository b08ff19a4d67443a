// cfrun diff: two checkpoints, tensor by tensor.
#include <fmt/core.h>

#include "framework/io/compare.h"
#include "tools/cfrun/command.h"

namespace cf {
namespace {

int diff(const std::string& a, const std::string& b) {
  const CheckpointComparison comparison = compare_checkpoints(read_checkpoint(a), read_checkpoint(b));
  fmt::print("{}", comparison.report(a, b));
  return comparison.equal() ? 0 : 1;
}

}  // namespace

void add_diff(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("diff", "Compare two checkpoints; exit code 0 where they are equal, 1 where they differ");
  auto a = std::make_shared<std::string>();
  auto b = std::make_shared<std::string>();
  command->add_option("a", *a, "checkpoint")->required();
  command->add_option("b", *b, "checkpoint")->required();
  command->callback([a, b, &action] { action = [a, b] { return diff(*a, *b); }; });
}

}  // namespace cf

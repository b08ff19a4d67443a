// cfrun summary: what a network is made of and what it costs.
#include <fmt/core.h>

#include "models/summary.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/memory_estimate.h"
#include "tools/cfrun/session.h"

namespace cf {
namespace {

struct SummaryArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::int64_t batch = 1;
  std::int64_t height = 64;
  std::int64_t width = 64;
};

int summary(const SummaryArguments& arguments) {
  const Session session(read_experiment(arguments.config, arguments.overrides));
  fmt::print("{}", summary_table(summarize(*session.model, session.params, arguments.batch, arguments.height, arguments.width)));
  const MemoryEstimate memory = estimate_memory(session, arguments.height, arguments.width);
  fmt::print("{}", memory_table(memory, session.experiment));
  return 0;
}

}  // namespace

void add_summary(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("summary", "List a network's layers, shapes, parameters, MACs and memory");
  auto arguments = std::make_shared<SummaryArguments>();
  command->add_option("config", arguments->config, "configuration file")->required();
  command->add_option("--set", arguments->overrides, "path.to.key=value: overrides a configured value; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--batch", arguments->batch, "images")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--height", arguments->height, "of the PAN image")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--width", arguments->width, "of the PAN image")->check(CLI::PositiveNumber)->capture_default_str();
  command->callback([arguments, &action] { action = [arguments] { return summary(*arguments); }; });
}

}  // namespace cf

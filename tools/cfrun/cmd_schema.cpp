// cfrun schema: the JSON schema of configuration files, for editors and for the committed copy.
#include <fmt/core.h>

#include "tools/cfrun/command.h"
#include "tools/cfrun/experiment.h"

namespace cf {

void add_schema(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("schema", "Print the JSON schema of configuration files");
  command->callback([&action] {
    action = [] {
      fmt::print("{}\n", experiment_schema().dump(2));
      return 0;
    };
  });
}

}  // namespace cf

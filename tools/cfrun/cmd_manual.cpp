// cfrun manual, cfrun completion: the manual page and the completion scripts, written by the program whose words they are about.
#include <fmt/core.h>

#include "tools/cfrun/command.h"
#include "tools/cfrun/command_text.h"

namespace cf {

void add_manual(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("manual", "Print the manual page: cfrun manual | man -l -");
  command->callback([&app, &action] {
    action = [&app] {
      fmt::print("{}", manual_page(command_text(app), configuration_keys()));
      return 0;
    };
  });
}

void add_completion(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("completion", "Print the script that completes words in a shell: source <(cfrun completion bash)");
  auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "the shell")->required()->check(CLI::IsMember({"bash", "zsh"}));
  command->callback([&app, &action, shell] {
    action = [&app, shell] {
      const auto write = *shell == "bash" ? &bash_completion : &zsh_completion;
      fmt::print("{}", write(command_text(app), configuration_keys()));
      return 0;
    };
  });
}

}  // namespace cf

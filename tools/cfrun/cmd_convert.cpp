// cfrun convert: checkpoints to and from safetensors.
#include <fmt/core.h>

#include "framework/io/convert.h"
#include "tools/cfrun/command.h"

namespace cf {

void add_convert(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("convert", "Convert between checkpoints (.cfk) and .safetensors");
  auto from = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  auto options = std::make_shared<ConvertOptions>();
  command->add_option("from", *from, "file to read")->required();
  command->add_option("to", *to, "file to write")->required();
  command->add_flag("--weights-only", options->weights_only, "leave out the state of the optimizer and the averages");
  command->callback([from, to, options, &action] {
    action = [from, to, options] {
      convert_file(*from, *to, *options);
      fmt::print("{}\n", *to);
      return 0;
    };
  });
}

}  // namespace cf

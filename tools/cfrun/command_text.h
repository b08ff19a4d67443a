// The command line as data, taken from what the program parses by, so that the manual page and the completions cannot differ
// from it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cf {

struct OptionText {
  std::vector<std::string> names;    // "--kernels"; one word without dashes for an argument by position
  std::string value;                 // what kind of value follows, "TEXT"; empty for a flag
  std::vector<std::string> choices;  // the values that are allowed, where they are listed
  std::string description;
  std::string standard;     // the value without the option; empty: not said
  std::string environment;  // the variable that it can be given by
  bool required = false;
  bool many = false;  // any number of values
};

struct CommandText {
  std::string path;  // "cfrun kernels bench"
  std::string description;
  std::vector<OptionText> arguments;  // by position
  std::vector<OptionText> options;
  std::vector<CommandText> commands;
};

// Everything that `app` shows in its help, --help included.
CommandText command_text(const CLI::App& app);

struct KeyText {
  std::string path;  // "train.batch"
  std::string description;
  std::string standard;  // as JSON
};
// The keys of configurations, in their order.
std::vector<KeyText> configuration_keys();

// A page for man(1), in roff.
std::string manual_page(const CommandText& program, const std::vector<KeyText>& keys);
// Scripts that complete the program's words when they are sourced.
std::string bash_completion(const CommandText& program, const std::vector<KeyText>& keys);
std::string zsh_completion(const CommandText& program, const std::vector<KeyText>& keys);

}  // namespace cf

// Options that are one of a few words.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace cf {

// An option whose value is one of `words`, each of which stands for a value of `target`. CLI11's own transformer would print
// the values in the help, as the characters that enumerations of bytes look like to it.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& name, T& target,
                        const std::vector<std::pair<std::string, T>>& words, const std::string& description) {
  std::vector<std::string> known;
  for (const auto& [word, value] : words) known.push_back(word);
  const auto choose = [&target, words](const std::string& chosen) {
    for (const auto& [word, value] : words) {
      if (word == chosen) target = value;
    }
  };
  return command.add_option_function<std::string>(name, choose, description)->check(CLI::IsMember(known));
}

}  // namespace cf

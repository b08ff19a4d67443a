#include <fmt/format.h>

#include <algorithm>

#include "tools/cfrun/command_text.h"

namespace cf {
namespace {

constexpr const char* kBashFunction = R"(
_cfrun() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path=cfrun words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ " ${_cfrun_commands[$path]} " == *" ${COMP_WORDS[i]} "* ]] && path+=" ${COMP_WORDS[i]}"
  done
  COMPREPLY=()
  if [[ -n ${_cfrun_values[$path $prev]} ]]; then
    words=${_cfrun_values[$path $prev]}
    [[ $words == *= ]] && compopt -o nospace 2>/dev/null
  elif [[ $cur == -* ]]; then
    words=${_cfrun_options[$path]}
  elif [[ " ${_cfrun_taking[$path]} " != *" $prev "* ]]; then
    words="${_cfrun_commands[$path]} ${_cfrun_arguments[$path]}"
  fi
  # Where nothing fits, bash completes the names of files.
  while IFS='' read -r i; do [[ -n $i ]] && COMPREPLY+=("$i"); done < <(compgen -W "$words" -- "$cur")
}
complete -o bashdefault -o default -F _cfrun cfrun
)";

std::string joined(const std::vector<std::string>& words, const char* end = "") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word + end;
  return text;
}

std::string last_word(const std::string& path) { return path.substr(path.rfind(' ') + 1); }

// The command and all below it.
template <class F>
void for_each_command(const CommandText& command, F&& fn) {
  fn(command);
  for (const CommandText& inner : command.commands) for_each_command(inner, fn);
}

bool takes_keys(const OptionText& option) { return option.names.front() == "--set"; }

std::vector<std::string> names_of(const CommandText& command, bool taking) {
  std::vector<std::string> names;
  for (const OptionText& option : command.options) {
    if (!taking || !option.value.empty()) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

std::vector<std::string> names_of_commands(const CommandText& command) {
  std::vector<std::string> names;
  for (const CommandText& inner : command.commands) names.push_back(last_word(inner.path));
  return names;
}

std::vector<std::string> paths_of(const std::vector<KeyText>& keys) {
  std::vector<std::string> paths;
  for (const KeyText& key : keys) paths.push_back(key.path);
  return paths;
}

// declare -gA NAME=(["key"]="words" ...), of what `fn` gives for each command.
template <class F>
std::string bash_table(const char* name, const CommandText& program, F&& fn) {
  std::string text = fmt::format("declare -gA {}=(\n", name);
  for_each_command(program, [&](const CommandText& command) {
    for (const auto& [key, words] : fn(command)) {
      if (!words.empty()) text += fmt::format("  [\"{}\"]=\"{}\"\n", key, words);
    }
  });
  return text + ")\n";
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Text between single quotes inside a specification of _arguments.
std::string zsh_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      if (c == '[' || c == ']' || c == ':' || c == '\\' || c == '$' || c == '`') out += '\\';
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

std::string zsh_action(const OptionText& option) {
  if (takes_keys(option)) return "_cfrun_keys";
  return option.choices.empty() ? "_files" : "(" + joined(option.choices) + ")";
}

std::string zsh_options(const CommandText& command) {
  std::string text;
  for (const OptionText& option : command.options) {
    for (const std::string& name : option.names) {
      text += fmt::format(" \\\n    '*{}[{}]", name, zsh_text(option.description));
      if (!option.value.empty()) text += fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option));
      text += "'";
    }
  }
  return text;
}

std::string zsh_function_name(const CommandText& command) {
  std::string name = "_" + command.path;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

// A function that completes what follows the command's own word.
std::string zsh_function(const CommandText& command) {
  std::string text = zsh_function_name(command) + "() {\n";
  if (!command.commands.empty()) text += "  local curcontext=$curcontext state line\n";
  text += "  _arguments -s" + std::string(command.commands.empty() ? "" : " -C") + zsh_options(command);
  for (const OptionText& argument : command.arguments) {
    text += fmt::format(" \\\n    '{}:{}:{}'", argument.many ? "*" : ":", zsh_text(argument.names.front()), zsh_action(argument));
  }
  if (command.commands.empty()) return text + "\n}\n";
  text +=
      " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n  command)\n    local -a commands=(";
  for (const CommandText& inner : command.commands) {
    text += fmt::format("\n      '{}:{}'", last_word(inner.path), zsh_text(inner.description));
  }
  text += "\n    )\n    _describe command commands ;;\n  argument)\n    case $words[1] in\n";
  for (const CommandText& inner : command.commands) {
    text += fmt::format("    {}) {} ;;\n", last_word(inner.path), zsh_function_name(inner));
  }
  return text + "    esac ;;\n  esac\n}\n";
}

}  // namespace

std::string bash_completion(const CommandText& program, const std::vector<KeyText>& keys) {
  std::string text = "# Completion of cfrun's words in bash: what `cfrun completion bash` prints.\n";
  text += bash_table("_cfrun_commands", program, [](const CommandText& c) {
    return Pairs{{c.path, joined(names_of_commands(c))}};
  });
  text += bash_table("_cfrun_options", program, [](const CommandText& c) { return Pairs{{c.path, joined(names_of(c, false))}}; });
  text += bash_table("_cfrun_taking", program, [](const CommandText& c) { return Pairs{{c.path, joined(names_of(c, true))}}; });
  text += bash_table("_cfrun_arguments", program, [](const CommandText& c) {
    std::string words;
    for (const OptionText& argument : c.arguments) words += joined(argument.choices) + " ";
    return Pairs{{c.path, words.find_first_not_of(' ') == std::string::npos ? "" : words}};
  });
  text += "_cfrun_keys=\"" + joined(paths_of(keys), "=") + "\"\n";
  text += bash_table("_cfrun_values", program, [](const CommandText& c) {
    Pairs pairs;
    for (const OptionText& option : c.options) {
      for (const std::string& name : option.names) {
        pairs.emplace_back(c.path + " " + name, takes_keys(option) ? "$_cfrun_keys" : joined(option.choices));
      }
    }
    return pairs;
  });
  return text + kBashFunction;
}

std::string zsh_completion(const CommandText& program, const std::vector<KeyText>& keys) {
  std::string text = "#compdef cfrun\n# Completion of cfrun's words in zsh: what `cfrun completion zsh` prints.\n\n";
  text += "_cfrun_keys() {\n  local -a keys=(" + joined(paths_of(keys)) + ")\n  compadd -S = -a keys\n}\n";
  std::vector<std::string> functions;
  for_each_command(program, [&](const CommandText& command) { functions.push_back(zsh_function(command)); });
  for (auto function = functions.rbegin(); function != functions.rend(); ++function) text += *function;
  // Both where it is found by its name in fpath and where it is sourced.
  return text + "if [[ $funcstack[1] = _cfrun ]]; then\n  _cfrun \"$@\"\nelse\n  compdef _cfrun cfrun\nfi\n";
}

}  // namespace cf

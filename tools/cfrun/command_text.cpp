#include "tools/cfrun/command_text.h"

#include <algorithm>

#include "tools/cfrun/experiment.h"

namespace cf {
namespace {

// "TEXT:{a,b}" is a kind of value and what is allowed; "TEXT:{a->1,b->2}" says what it is turned into, too.
void split_type(const std::string& type, OptionText& option) {
  option.value = type.substr(0, type.find(':'));
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return;
  if (open == 0) option.value = "TEXT";
  for (std::size_t begin = open + 1; begin < close;) {
    const std::size_t end = std::min(type.find(',', begin), close);
    option.choices.push_back(type.substr(begin, std::min(type.find("->", begin), end) - begin));
    begin = end + 1;
  }
}

OptionText option_text(const CLI::Option& from) {
  OptionText option;
  if (from.get_positional()) {
    option.names = {from.get_name(true)};
  } else {
    for (const std::string& name : from.get_snames()) option.names.push_back("-" + name);
    for (const std::string& name : from.get_lnames()) option.names.push_back("--" + name);
  }
  if (from.get_type_size() != 0) split_type(from.get_type_name(), option);
  option.description = from.get_description();
  option.standard = from.get_default_str();
  option.environment = from.get_envname();
  option.required = from.get_required();
  option.many = from.get_items_expected_max() > 1;
  return option;
}

CommandText text_of(const CLI::App& app, const std::string& path) {
  CommandText command;
  command.path = path;
  command.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    (option->get_positional() ? command.arguments : command.options).push_back(option_text(*option));
  }
  for (const CLI::App* inner : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!inner->get_group().empty()) command.commands.push_back(text_of(*inner, path + " " + inner->get_name()));
  }
  return command;
}

void add_keys(const ordered_json& schema, const std::string& prefix, std::vector<KeyText>& keys) {
  for (const auto& [name, entry] : schema.at("properties").items()) {
    if (name.starts_with('$')) continue;
    if (entry.contains("properties")) {
      add_keys(entry, prefix + name + ".", keys);
    } else {
      keys.push_back(
          {prefix + name, entry.value("description", ""), entry.contains("default") ? entry.at("default").dump() : ""});
    }
  }
}

}  // namespace

CommandText command_text(const CLI::App& app) { return text_of(app, app.get_name()); }

std::vector<KeyText> configuration_keys() {
  std::vector<KeyText> keys;
  add_keys(experiment_schema(), "", keys);
  return keys;
}

}  // namespace cf

// Configuration: plain structs with their defaults, read from JSON and written back, checked against one description.
//
//   struct OptimConfig {
//     double lr = 1e-3;
//     std::optional<double> clip;
//     std::vector<int> milestones;
//
//     template <class V>
//     void fields(V& v) {
//       v("lr", lr, "learning rate after the warm-up", config::above(0));
//       v("clip", clip, "largest gradient norm; null: no clipping", config::above(0));
//       v("milestones", milestones, "steps at which the rate drops", config::at_least(1));
//     }
//     void validate() const {}  // optional: what involves several fields; throws Error
//   };
//
// A field is a bool, an integer, a real number, a std::string, an enumeration (see config_rules.h), such a struct, a
// std::vector or std::optional of these, or an ordered_json (anything).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "framework/core/check.h"
#include "framework/io/config_rules.h"
#include "framework/io/config_visit.h"
#include "framework/io/json.h"

namespace cf::config {

// Throws one Error that lists every fault of `json`: unknown keys (with the full path and the nearest known key), wrong
// types, values out of range or not among the choices. Understands the schemas that schema() makes.
void check_against(const ordered_json& json, const ordered_json& schema, std::string_view source);

// "path.to.key=value": puts a value into `json`. The value is read as JSON; what is no JSON, and whatever is meant for a
// field of text, is taken as text. Throws Error on an unknown path (with the nearest known key) or one without "=".
void apply_override(ordered_json& json, const ordered_json& schema, std::string_view assignment);

// The JSON Schema (draft 2020-12) of T: descriptions, defaults, bounds, choices, no other keys.
template <Struct T>
ordered_json schema(std::string_view title) {
  T defaults;
  ordered_json root = detail::root_schema(title);
  root.update(detail::struct_schema(defaults));
  // Editors find the schema by this key of the configuration; it means nothing to the reader.
  root["properties"]["$schema"] = {{"description", "where this file's schema is"}, {"type", "string"}};
  return root;
}

// Throws Error (see check_against), prefixed with `source`, such as the file's name. Keys that are not there keep the
// struct's defaults.
template <Struct T>
T read(const ordered_json& json, std::string_view source) {
  static const ordered_json kSchema = schema<T>("");
  check_against(json, kSchema, source);
  T value;
  try {
    detail::from_json(json, value, "");
  } catch (const Error& e) {
    fail("{}: {}", source, e.what());
  }
  return value;
}

template <Struct T>
T read_file(const std::filesystem::path& path) {
  return read<T>(read_json(path), path.string());
}

// Every field, resolved, in the order of declaration.
template <Struct T>
ordered_json write(const T& value) {
  return detail::to_json(value);
}

}  // namespace cf::config

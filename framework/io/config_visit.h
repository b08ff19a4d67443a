// How a configuration struct is walked: to JSON, to its schema, and from checked JSON. For config.h, not for users.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "framework/core/check.h"
#include "framework/io/config_rules.h"
#include "framework/io/json.h"

namespace cf::config::detail {

ordered_json number_schema(const char* type, const Rule& rule);
ordered_json text_schema(const Rule& rule);
ordered_json object_schema(ordered_json properties);
ordered_json root_schema(std::string_view title);
// The integer that a checked JSON number stands for, within [low, high]; throws Error naming the path.
std::int64_t to_integer(const ordered_json& json, const std::string& path, std::int64_t low, std::int64_t high);

template <class T>
ordered_json to_json(const T& value);

struct Writer {
  ordered_json out = ordered_json::object();

  template <class T>
  void operator()(const char* name, T& value, const char*, const Rule& = {}) {
    out[name] = to_json(value);
  }
};

template <Struct T>
ordered_json struct_to_json(T value) {  // a copy: fields() is not const
  Writer writer;
  value.fields(writer);
  return writer.out;
}

template <class T>
ordered_json to_json(const T& value) {
  if constexpr (Struct<T>) {
    return struct_to_json(value);
  } else if constexpr (Maybe<T>) {
    return value ? to_json(*value) : ordered_json(nullptr);
  } else if constexpr (List<T>) {
    ordered_json list = ordered_json::array();
    for (const auto& item : value) list.push_back(to_json<typename T::value_type>(item));
    return list;
  } else if constexpr (NamedEnum<T>) {
    return name_of_enum(value);
  } else {
    return ordered_json(value);
  }
}

template <class T>
ordered_json schema_of(T& value, const Rule& rule);

struct SchemaBuilder {
  ordered_json properties = ordered_json::object();

  template <class T>
  void operator()(const char* name, T& value, const char* description, const Rule& rule = {}) {
    ordered_json schema = {{"description", description}};
    schema.update(schema_of(value, rule));
    if constexpr (!Struct<T>) schema["default"] = to_json(value);
    properties[name] = std::move(schema);
  }
};

template <Struct T>
ordered_json struct_schema(T& value) {
  SchemaBuilder builder;
  value.fields(builder);
  return object_schema(std::move(builder.properties));
}

template <class T>
ordered_json schema_of([[maybe_unused]] T& value, const Rule& rule) {
  if constexpr (Struct<T>) {
    return struct_schema(value);
  } else if constexpr (Maybe<T>) {
    typename T::value_type inner{};
    return {{"anyOf", {schema_of(inner, rule), {{"type", "null"}}}}};
  } else if constexpr (List<T>) {
    typename T::value_type item{};
    ordered_json schema = {{"type", "array"}, {"items", schema_of(item, rule)}};
    if (rule.least_items > 0) schema["minItems"] = rule.least_items;
    return schema;
  } else if constexpr (NamedEnum<T>) {
    Rule names;
    for (const auto& known : enum_names(value)) names.choices.emplace_back(known.name);
    return text_schema(names);
  } else if constexpr (std::same_as<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (Integer<T>) {
    const bool floor = std::unsigned_integral<T> && !rule.minimum;
    return number_schema("integer", floor ? bounds(0, rule.maximum, false, rule.open_maximum) : rule);
  } else if constexpr (std::floating_point<T>) {
    return number_schema("number", rule);
  } else if constexpr (std::same_as<T, std::string>) {
    return text_schema(rule);
  } else {
    static_assert(std::same_as<T, ordered_json>, "not a type that a configuration field can have");
    return ordered_json::object();
  }
}

template <class T>
void from_json(const ordered_json& json, T& value, const std::string& path);

struct Reader {
  const ordered_json& json;
  std::string path;

  template <class T>
  void operator()(const char* name, T& value, const char*, const Rule& = {}) {
    const auto found = json.find(name);
    if (found != json.end()) from_json(*found, value, path.empty() ? name : path + "." + name);
  }
};

template <Struct T>
void struct_from_json(const ordered_json& json, T& value, const std::string& path) {
  Reader reader{json, path};
  value.fields(reader);
  if constexpr (requires { value.validate(); }) {
    try {
      value.validate();
    } catch (const Error& e) {
      fail("{}{}{}", path, path.empty() ? "" : ": ", e.what());
    }
  }
}

// The JSON was checked against the type's schema; only what a schema cannot say is checked here.
template <class T>
void from_json(const ordered_json& json, T& value, const std::string& path) {
  if constexpr (Struct<T>) {
    struct_from_json(json, value, path);
  } else if constexpr (Maybe<T>) {
    value.reset();
    if (!json.is_null()) from_json(json, value.emplace(), path);
  } else if constexpr (List<T>) {
    value.clear();
    for (const ordered_json& item : json) {
      typename T::value_type read{};
      from_json(item, read, path + "[" + std::to_string(value.size()) + "]");
      value.push_back(std::move(read));
    }
  } else if constexpr (NamedEnum<T>) {
    for (const auto& known : enum_names(value)) {
      if (json == known.name) value = known.value;
    }
  } else if constexpr (Integer<T>) {
    constexpr auto kHigh = static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    constexpr auto kWidest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    constexpr auto kLow = static_cast<std::int64_t>(std::numeric_limits<T>::min());
    value = static_cast<T>(to_integer(json, path, kLow, static_cast<std::int64_t>(kHigh < kWidest ? kHigh : kWidest)));
  } else if constexpr (std::same_as<T, ordered_json>) {
    value = json;
  } else {
    value = json.get<T>();
  }
}

}  // namespace cf::config::detail

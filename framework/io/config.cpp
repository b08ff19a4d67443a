#include "framework/io/config.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace cf::config {
namespace {

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

// Levenshtein's distance, where swapping two neighbours counts as one step.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string listed(const ordered_json& values) {
  std::string text;
  for (const ordered_json& value : values) text += (text.empty() ? "" : ", ") + value.get<std::string>();
  return text;
}

// The schema behind "or null".
const ordered_json& without_null(const ordered_json& schema) { return schema.contains("anyOf") ? schema["anyOf"][0] : schema; }

// Calls visit(path, key) for every key that a configuration may have, depth first.
template <class F>
void for_each_key(const ordered_json& any_schema, const std::string& path, const F& visit) {
  const ordered_json& schema = without_null(any_schema);
  if (schema.contains("items")) for_each_key(schema["items"], path + "[]", visit);
  if (!schema.contains("properties")) return;
  for (const auto& [key, inner] : schema["properties"].items()) {
    if (key == "$schema") continue;
    visit(path, key);
    for_each_key(inner, joined(path, key), visit);
  }
}

// "phases[3]" as "phases[]", which stands for each item.
std::string any_item(const std::string& path) {
  std::string out;
  for (const char c : path) {
    const bool index = !out.empty() && out.back() == '[' && c != ']';
    if (!index) out += c;
  }
  return out;
}

// The known key that `key`, found under `path`, most probably stands for: alike in spelling; at equal likeness, one of the
// same object.
std::string nearest_key(const ordered_json& root, const std::string& path, std::string_view key) {
  std::string nearest;
  std::size_t least = 0;
  const std::string place = any_item(path);
  for_each_key(root, "", [&](const std::string& at, std::string_view known) {
    const std::size_t cost = 2 * edit_distance(key, known) + (at == place ? 1 : 2);
    if (nearest.empty() || cost < least) {
      nearest = joined(at, known);
      least = cost;
    }
  });
  return nearest;
}

std::string unknown_key(const ordered_json& root, const std::string& path, std::string_view key) {
  return fmt::format("unknown key \"{}\"; the nearest known key is \"{}\"", joined(path, key), nearest_key(root, path, key));
}

class Checker {
 public:
  explicit Checker(const ordered_json& root) : root_(root) {}

  void visit(const ordered_json& json, const ordered_json& schema, const std::string& path) {
    if (schema.contains("anyOf")) {
      if (!json.is_null()) visit(json, schema["anyOf"][0], path);
    } else if (schema.contains("type")) {
      visit_type(json, schema, schema["type"].get_ref<const std::string&>(), path);
    }
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void problem(const std::string& path, const std::string& what) {
    problems_.push_back((path.empty() ? "the configuration" : path) + ": " + what);
  }

  void expected(const std::string& path, const char* what, const ordered_json& json) {
    constexpr std::size_t kShown = 60;
    std::string text = json.dump();
    if (text.size() > kShown) text = text.substr(0, kShown) + "...";
    problem(path, fmt::format("expected {}, got {}", what, text));
  }

  void visit_type(const ordered_json& json, const ordered_json& schema, const std::string& type, const std::string& path) {
    if (type == "object") {
      json.is_object() ? visit_object(json, schema, path) : expected(path, "an object { }", json);
    } else if (type == "array") {
      json.is_array() ? visit_list(json, schema, path) : expected(path, "a list [ ]", json);
    } else if (type == "string") {
      json.is_string() ? visit_text(json, schema, path) : expected(path, "text", json);
    } else if (type == "boolean") {
      if (!json.is_boolean()) expected(path, "true or false", json);
    } else if (type == "number") {
      json.is_number() ? visit_number(json, schema, path) : expected(path, "a number", json);
    } else if (type == "integer") {
      const bool whole = json.is_number_integer() || (json.is_number_float() && std::trunc(json.get<double>()) == json);
      whole ? visit_number(json, schema, path) : expected(path, "a whole number", json);
    }
  }

  void visit_object(const ordered_json& json, const ordered_json& schema, const std::string& path) {
    for (const auto& [key, value] : json.items()) {
      const auto known = schema["properties"].find(key);
      if (known == schema["properties"].end()) {
        problems_.push_back(unknown_key(root_, path, key));
      } else {
        visit(value, *known, joined(path, key));
      }
    }
  }

  void visit_list(const ordered_json& json, const ordered_json& schema, const std::string& path) {
    const auto least = schema.value("minItems", std::size_t{0});
    if (json.size() < least) problem(path, fmt::format("expected at least {} items, got {}", least, json.size()));
    for (std::size_t i = 0; i < json.size(); ++i) visit(json[i], schema["items"], path + "[" + std::to_string(i) + "]");
  }

  void visit_text(const ordered_json& json, const ordered_json& schema, const std::string& path) {
    if (!schema.contains("enum")) return;
    const ordered_json& choices = schema["enum"];
    if (std::find(choices.begin(), choices.end(), json) != choices.end()) return;
    problem(path, fmt::format("{} is not one of {}", json.dump(), listed(choices)));
  }

  void visit_number(const ordered_json& json, const ordered_json& schema, const std::string& path) {
    const auto value = json.get<double>();
    const auto outside = [&](const char* bound, auto violates, const char* relation) {
      if (schema.contains(bound) && violates(value, schema[bound].get<double>())) {
        problem(path, fmt::format("{} is out of range, it must be {} {}", json.dump(), relation, schema[bound].dump()));
      }
    };
    outside("minimum", std::less<>(), "at least");
    outside("maximum", std::greater<>(), "at most");
    outside("exclusiveMinimum", std::less_equal<>(), "above");
    outside("exclusiveMaximum", std::greater_equal<>(), "below");
  }

  const ordered_json& root_;
  std::vector<std::string> problems_;
};

// The schema of the object `json`, made ready for a key to be put in: absent or null becomes {}.
const ordered_json& enter_object(ordered_json& json, const ordered_json& any_schema, const std::string& path) {
  const ordered_json& schema = without_null(any_schema);
  if (json.is_null()) json = ordered_json::object();
  check(json.is_object() && (schema.contains("properties") || !schema.contains("type")),
        "{} is a single value, it has no keys of its own", path);
  return schema;
}

ordered_json value_from_text(std::string_view text, const ordered_json& any_schema) {
  ordered_json parsed = ordered_json::parse(text, nullptr, false);
  if (parsed.is_null()) return parsed;
  const bool wants_text = without_null(any_schema).value("type", "") == "string";
  if (parsed.is_discarded() || (wants_text && !parsed.is_string())) return std::string(text);
  return parsed;
}

}  // namespace

void check_against(const ordered_json& json, const ordered_json& schema, std::string_view source) {
  Checker checker(schema);
  checker.visit(json, schema, "");
  const auto& problems = checker.problems();
  if (problems.empty()) return;
  if (problems.size() == 1) fail("{}: {}", source, problems[0]);
  std::string list;
  for (const std::string& problem : problems) list += "\n  " + problem;
  fail("{}: {} faults:{}", source, problems.size(), list);
}

void apply_override(ordered_json& json, const ordered_json& schema, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  check(equals != std::string_view::npos && equals > 0, "override \"{}\": expected path.to.key=value", assignment);
  check(is_utf8(assignment), "override of {}: it is not UTF-8 text",
        is_utf8(assignment.substr(0, equals)) ? assignment.substr(0, equals) : "a key");
  std::string_view rest = assignment.substr(0, equals);
  ordered_json changed = json;
  ordered_json* at = &changed;
  const ordered_json* known = &schema;
  std::string path;
  while (true) {
    const std::string key(rest.substr(0, rest.find('.')));
    const ordered_json& object = enter_object(*at, *known, path);
    static const ordered_json kAnything = ordered_json::object();
    if (object.contains("properties")) {
      const auto found = object["properties"].find(key);
      check(found != object["properties"].end(), "override \"{}\": {}", assignment, unknown_key(schema, path, key));
      known = &*found;
    } else {
      known = &kAnything;
    }
    at = &(*at)[key];
    path = joined(path, key);
    if (key.size() == rest.size()) break;
    rest.remove_prefix(key.size() + 1);
  }
  *at = value_from_text(assignment.substr(equals + 1), *known);
  json = std::move(changed);
}

namespace detail {

ordered_json number_schema(const char* type, const Rule& rule) {
  const auto number = [](double bound) {
    // Whole bounds are written as such: 1, not 1.0.
    return bound == std::trunc(bound) && std::abs(bound) < 1e15 ? ordered_json(static_cast<std::int64_t>(bound))
                                                                : ordered_json(bound);
  };
  ordered_json schema = {{"type", type}};
  if (rule.minimum) schema[rule.open_minimum ? "exclusiveMinimum" : "minimum"] = number(*rule.minimum);
  if (rule.maximum) schema[rule.open_maximum ? "exclusiveMaximum" : "maximum"] = number(*rule.maximum);
  return schema;
}

ordered_json text_schema(const Rule& rule) {
  ordered_json schema = {{"type", "string"}};
  if (!rule.choices.empty()) schema["enum"] = rule.choices;
  return schema;
}

ordered_json object_schema(ordered_json properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

ordered_json root_schema(std::string_view title) {
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
}

std::int64_t to_integer(const ordered_json& json, const std::string& path, std::int64_t low, std::int64_t high) {
  // Unsigned numbers above the widest signed one would wrap, and so would reals such as 1e30.
  const bool wide = (json.is_number_unsigned() && json.get<std::uint64_t>() > static_cast<std::uint64_t>(high)) ||
                    (json.is_number_float() && std::abs(json.get<double>()) > 0x1p53);
  const std::int64_t value = wide ? 0 : json.get<std::int64_t>();
  check(!wide && value >= low && value <= high, "{}: {} is out of range, it must be between {} and {}", path, json.dump(), low,
        high);
  return value;
}

}  // namespace detail
}  // namespace cf::config

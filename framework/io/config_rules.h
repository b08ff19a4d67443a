// What a configuration field may hold: rules for its value, names for its enumeration.
#pragma once

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cf::config {

// Bounds of a number, the choices of a text, the least length of a list. In a list, bounds and choices hold for each item.
struct Rule {
  std::optional<double> minimum;
  std::optional<double> maximum;
  bool open_minimum = false;  // the bound itself is outside
  bool open_maximum = false;
  std::vector<std::string> choices;
  std::size_t least_items = 0;

  Rule items(std::size_t least) const {
    Rule rule = *this;
    rule.least_items = least;
    return rule;
  }
};

inline Rule bounds(std::optional<double> low, std::optional<double> high, bool open_low, bool open_high) {
  Rule rule;
  rule.minimum = low;
  rule.maximum = high;
  rule.open_minimum = open_low;
  rule.open_maximum = open_high;
  return rule;
}
inline Rule at_least(double low) { return bounds(low, std::nullopt, false, false); }
inline Rule above(double low) { return bounds(low, std::nullopt, true, false); }
inline Rule between(double low, double high) { return bounds(low, high, false, false); }        // [low, high]
inline Rule at_least_below(double low, double high) { return bounds(low, high, false, true); }  // [low, high)
inline Rule above_at_most(double low, double high) { return bounds(low, high, true, false); }   // (low, high]
inline Rule one_of(std::vector<std::string> choices) {
  Rule rule;
  rule.choices = std::move(choices);
  return rule;
}

// An enumeration E is a field where its namespace has
//   constexpr auto enum_names(E) { return std::to_array<cf::config::EnumName<E>>({{E::first, "first"}, ...}); }
template <class E>
struct EnumName {
  E value;
  const char* name;
};

template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T value) {
  enum_names(value).begin();
};

template <NamedEnum E>
std::string name_of_enum(E value) {
  for (const EnumName<E>& known : enum_names(value)) {
    if (known.value == value) return known.name;
  }
  return "?";
}

namespace detail {

// Stands for any visitor where a type is asked whether it lists fields.
struct Probe {
  template <class T>
  void operator()(const char*, T&, const char*, const Rule& = {}) {}
};

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

}  // namespace detail

// A struct that lists its fields (see config.h).
template <class T>
concept Struct = requires(T& value, detail::Probe& probe) {
  value.fields(probe);
};
template <class T>
concept List = detail::IsVector<T>::value;
template <class T>
concept Maybe = detail::IsOptional<T>::value;
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

}  // namespace cf::config

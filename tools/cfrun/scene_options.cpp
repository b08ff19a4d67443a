#include "tools/cfrun/scene_options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "framework/core/check.h"

namespace cf {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

}  // namespace

std::int64_t parse_bytes(std::string_view text, std::string_view option) {
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit = lower(std::string_view(rest, static_cast<std::size_t>(text.data() + text.size() - rest)));
  unit.erase(std::remove(unit.begin(), unit.end(), ' '), unit.end());
  if (unit.ends_with("ib")) unit.resize(unit.size() - 2);
  if (unit.ends_with("b")) unit.pop_back();
  constexpr std::string_view kUnits = "kmgt";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit.front()) + 1;  // npos + 1 is 0
  const double bytes = number * std::pow(1024.0, static_cast<double>(power));
  check(error == std::errc{} && unit.size() <= 1 && (unit.empty() || power > 0) && bytes > 0 && bytes < 1e18,
        "{} {}: expected a size, such as 2G or 512M", option, text);
  return static_cast<std::int64_t>(bytes);
}

double parse_nodata(std::string_view text, std::string_view option) {
  if (lower(text) == "nan") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  check(error == std::errc{} && rest == text.data() + text.size() && std::isfinite(value),
        "{} {}: expected a number, nan or none", option, text);
  return value;
}

}  // namespace cf

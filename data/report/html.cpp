#include "data/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace cf::html {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kThinSpace = "\xE2\x80\xAF";    // U+202F, which does not break lines
constexpr std::string_view kMinus = "\xE2\x88\x92";        // U+2212

// Length of the UTF-8 sequence at the start of `text`, 0 where there is none. Overlong forms, surrogates and what lies beyond
// Unicode are none.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool allowed = (first != 0xE0 || byte(1) >= 0xA0) && (first != 0xED || byte(1) < 0xA0);
    return allowed && follows(1) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool allowed = (first != 0xF0 || byte(1) >= 0x90) && (first != 0xF4 || byte(1) < 0x90);
    return allowed && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::string_view entity(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return {};
  }
}

// A minus sign for the hyphen; none before a number that was rounded to zero.
std::string with_minus(std::string number) {
  if (!number.starts_with('-')) return number;
  const bool zero = number.find_first_of("123456789") == std::string::npos;
  return number.replace(0, 1, zero ? "" : kMinus);
}

std::string not_finite(double value) {
  if (std::isnan(value)) return "n/a";
  return std::string(value < 0 ? kMinus : "") + "\xE2\x88\x9E";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool control = (first < 0x20 && first != '\n' && first != '\t') || first == 0x7F;
    if (length == 0 || control) {
      safe += kReplacement;
    } else if (const std::string_view name = entity(text.front()); !name.empty()) {
      safe += name;
    } else {
      safe += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return safe;
}

std::string data_uri(std::string_view mime, std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string uri = fmt::format("data:{};base64,", mime);
  uri.reserve(uri.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8U | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) uri += k <= have ? kDigits[group >> (18U - 6U * k) & 63U] : '=';
  }
  return uri;
}

std::string count(std::int64_t n) {
  std::string digits = std::to_string(n);
  const std::size_t first = n < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, kThinSpace);
  return with_minus(digits);
}

std::string bytes(std::int64_t n) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(n);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, kUnits[unit]);
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return not_finite(seconds);
  if (seconds < 1) return fmt::format("{:.{}f} ms", seconds * 1e3, seconds < 0.01 ? 2 : 0);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string fixed(double value, int digits) {
  return std::isfinite(value) ? with_minus(fmt::format("{:.{}f}", value, digits)) : not_finite(value);
}

std::string shortest(double value, int digits) {
  if (!std::isfinite(value)) return not_finite(value);
  return with_minus(fmt::format("{:.{}g}", value, digits));
}

std::string percent(double part) {
  if (!std::isfinite(part)) return not_finite(part);
  const double value = 100 * part;
  if (value == 0) return "0 %";
  if (std::abs(value) < 0.1) return shortest(value, 2) + " %";
  return fixed(value, std::abs(value) < 10 ? 2 : 1) + " %";
}

}  // namespace cf::html

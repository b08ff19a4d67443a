// What the program tells its user beside its results: one line each, on standard error.
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace cf::log {

enum class Level { debug, info, warning, error };

void set_level(Level level);
void write(Level level, std::string_view text);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::vformat(format, fmt::make_format_args(args...)));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::vformat(format, fmt::make_format_args(args...)));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, fmt::vformat(format, fmt::make_format_args(args...)));
}

}  // namespace cf::log

// Errors: every failure in the runtime is an exception whose message says what, where and what to do.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace cf {

// A failure that the caller can mend: bad input, bad configuration, a full disk. `main` turns it into exit code 2.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fmt::vformat(format, fmt::make_format_args(args...)));
}

// Throws Error with the formatted message unless `ok`. The arguments are formatted only on failure.
template <class... Args>
void check(bool ok, fmt::format_string<Args...> format, Args&&... args) {
  if (!ok) [[unlikely]] {
    fail(format, std::forward<Args>(args)...);
  }
}

}  // namespace cf

// Python's pickles, read as data. Nothing is ever called: a pickle that names a function other than those the caller allows
// is refused, and calls of the allowed ones are recorded for the caller to interpret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cf::pickle {

using Id = std::uint32_t;  // of a value in a Document

enum class Kind : std::uint8_t {
  none,
  boolean,  // integer: 0 or 1
  integer,  // of at most 64 bits
  large,    // a longer integer; text: its bytes, two's complement, lowest first
  real,
  text,        // UTF-8
  bytes,       // text: the bytes
  tuple,       // items
  list,        // items
  dict,        // items: key, value, key, value, ...; also OrderedDict
  set,         // items
  global,      // text: "module.name"
  call,        // text: "module.name"; items: the arguments
  persistent,  // items: what identifies an object that is stored elsewhere
};

const char* name_of(Kind kind);

// The text with everything but printable ASCII replaced: what a foreign file may print on a terminal.
std::string printable(std::string text);

struct Value {
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<Id> items;
};

// What a pickle describes. Values refer to each other by number, so that a list may well contain itself: whoever walks
// through them bounds depth and length of the walk.
struct Document {
  std::vector<Value> values;
  Id root = 0;

  const Value& at(Id id) const { return values[id]; }
  const Value& top() const { return values[root]; }
  // The value of a text key in a dict; null where there is none.
  const Value* find(const Value& dict, std::string_view key) const;
};

// Reads one pickle (protocols 2 to 4, and what of 5 needs no buffers) from bytes[at...] and moves `at` behind it. `allowed`:
// functions and types as "module.name", beside collections.OrderedDict. Memory is bounded by the pickle's length. Throws Error
// where it is truncated or malformed, and where it wants anything else, by its name; `file` is named in each.
Document read(std::string_view bytes, std::size_t& at, std::span<const std::string_view> allowed, std::string_view file);

}  // namespace cf::pickle

#include "framework/io/json.h"

#include <algorithm>
#include <set>
#include <vector>

#include "framework/core/check.h"
#include "framework/io/files.h"

namespace cf {
namespace {

// What the parser says after its own account of the position.
std::string plain_reason(const std::string& what) {
  const std::size_t column = what.find("column ");
  const std::size_t from = what.find(": ", column == std::string::npos ? 0 : column);
  if (from != std::string::npos) return what.substr(from + 2);
  const std::size_t bracket = what.find("] ");
  return bracket == std::string::npos ? what : what.substr(bracket + 2);
}

// `at`: bytes read, so the offending character is the one before it.
std::string position(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, std::min(at > 0 ? at - 1 : 0, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::to_string(line) + ":" + std::to_string(before.size() - start + 1);
}

}  // namespace

ordered_json parse_json(std::string_view text, std::string_view source) {
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int, ordered_json::parse_event_t event, ordered_json& parsed) {
    using Event = ordered_json::parse_event_t;
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      check(keys.back().insert(key).second, "{}: the key \"{}\" stands twice in one object", source, key);
    }
    return true;
  };
  try {
    return ordered_json::parse(text, watch);
  } catch (const ordered_json::parse_error& e) {
    fail("{}:{}: {}", source, position(text, e.byte), plain_reason(e.what()));
  } catch (const ordered_json::exception& e) {
    fail("{}: {}", source, plain_reason(e.what()));
  }
}

bool is_utf8(std::string_view text) {
  try {
    static_cast<void>(ordered_json(text).dump());
    return true;
  } catch (const ordered_json::type_error&) {
    return false;
  }
}

ordered_json read_json(const std::filesystem::path& path) { return parse_json(read_text(path), path.string()); }

void write_json(const std::filesystem::path& path, const ordered_json& json) { write_file(path, json.dump(2) + "\n"); }

}  // namespace cf

#include "tests/harness/sources.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "framework/core/check.h"

namespace cf::test {

std::set<std::string> find_in_sources(const std::string& folder, const std::string& pattern) {
  const std::filesystem::path root = std::filesystem::path(CF_SOURCE_DIR) / folder;
  check(std::filesystem::is_directory(root), "{}: not a folder; this test needs the source checkout", root.string());
  const std::regex expression(pattern);
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const auto extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".h") continue;
    std::ifstream file(entry.path());
    const std::string text(std::istreambuf_iterator<char>(file), {});
    for (std::sregex_iterator m(text.begin(), text.end(), expression), end; m != end; ++m) found.insert((*m)[1]);
  }
  return found;
}

}  // namespace cf::test

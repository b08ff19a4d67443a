// What tests read in the project's own sources.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace cf::test {

// The first group of every match of `pattern` (ECMAScript) in the .cpp and .h files under `folder` of the source checkout.
std::set<std::string> find_in_sources(const std::string& folder, const std::string& pattern);

}  // namespace cf::test

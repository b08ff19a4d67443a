// What `cfrun --version` prints: the version and what was built in.
#pragma once

#include <string>

namespace cf {

std::string version_text();

}  // namespace cf

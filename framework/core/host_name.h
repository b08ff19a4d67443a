// What this machine calls itself.
#pragma once

#include <string>

namespace cf {

// Its name in the network; "unnamed" where it has none.
std::string host_name();

}  // namespace cf

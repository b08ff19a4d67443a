// Configurations name networks; the fuzzers do without the networks themselves.
#include "models/config.h"

namespace cf {

std::vector<std::string> model_names() { return {"cf2n", "fusionnet", "ssdiff"}; }

}  // namespace cf

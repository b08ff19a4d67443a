#include "tools/cfrun/ranks.h"

namespace cf {

ProcessGroup& world() {
  static const std::unique_ptr<ProcessGroup> group = single_group();
  return *group;
}

std::shared_ptr<ProcessGroup> group_on(Device /*device*/) { return {std::shared_ptr<ProcessGroup>(), &world()}; }

}  // namespace cf

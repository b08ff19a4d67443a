// Parts of a network's flat buffers.
#pragma once

#include <cstdint>

namespace cf {

// A range of ParamStore::flat(), in elements.
struct FlatRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

}  // namespace cf

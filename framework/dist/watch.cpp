#include "framework/dist/watch.h"

#include <fmt/core.h>

namespace cf {

std::string Verdict::text() const { return fmt::format("rank {} on {}: {}", rank, host, reason); }

namespace watch {

// Of one process there is nothing to watch.
void progress() {}
void set_hang_seconds(double /*seconds*/) {}

}  // namespace watch
}  // namespace cf

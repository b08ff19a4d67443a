#include "tools/cfrun/version.h"

#include <fmt/core.h>

#include "framework/core/parallel.h"

namespace cf {
namespace {

constexpr const char* yes_no(bool on) { return on ? "yes" : "no"; }

}  // namespace

std::string version_text() {
  return fmt::format(
      "cfrun {}\n"
      "compiler   {}\n"
      "threads    {}\n"
      "CUDA       {}\n"
      "matio      {} (.mat files before v7.3, and .mat output)\n"
      "protobuf   {} (TensorBoard event files)\n"
      "GDAL       {} (GeoTIFF)\n"
      "MPI        {} (several ranks)",
      CF_VERSION, __VERSION__, max_threads(), yes_no(CF_HAVE_CUDA), yes_no(CF_HAVE_MATIO), yes_no(CF_HAVE_PROTOBUF),
      yes_no(CF_HAVE_GDAL), yes_no(CF_HAVE_MPI));
}

}  // namespace cf

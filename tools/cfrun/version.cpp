#include "tools/cfrun/version.h"

#include <fmt/core.h>

#include "data/raster/raster.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

constexpr const char* yes_no(bool on) { return on ? "yes" : "no"; }

// Which GDAL the module brings in here, which is not known before.
std::string gdal() {
  if (!CF_HAVE_GDAL) return "no";
  const std::string library = raster_library();
  return library.empty() ? "no: built in, but its module cannot be loaded; opening a raster says why" : "yes, " + library;
}

}  // namespace

std::string version_text() {
  return fmt::format(
      "cfrun {}\n"
      "compiler   {}\n"
      "threads    {}\n"
      "CUDA       {}\n"
      "matio      {} (.mat files before v7.3, and .mat output)\n"
      "protobuf   {} (TensorBoard event files)\n"
      "GDAL       {} (rasters)\n"
      "MPI        {} (several ranks)",
      CF_VERSION, __VERSION__, max_threads(), yes_no(CF_HAVE_CUDA), yes_no(CF_HAVE_MATIO), yes_no(CF_HAVE_PROTOBUF), gdal(),
      yes_no(CF_HAVE_MPI));
}

}  // namespace cf

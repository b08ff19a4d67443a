#include "data/raster/module.h"

#include <dlfcn.h>

#include <array>
#include <system_error>

#include "framework/core/check.h"

namespace cf {
namespace {

#ifdef CF_HAVE_GDAL

namespace fs = std::filesystem;

constexpr const char* kFile = "libcf_gdal.so";

// Beside the program, where a build leaves both; where an installation puts it; and above the program, for tests in a folder of
// the build.
std::array<fs::path, 3> places() {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {folder / kFile, folder.parent_path() / "lib" / "cfrun" / kFile, folder.parent_path() / kFile};
}

const RasterModule* load() {
  std::error_code ignored;
  for (const fs::path& path : places()) {
    if (!fs::exists(path, ignored)) continue;
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: GDAL ends with the process
    check(handle != nullptr, "rasters: {} cannot be loaded: {}. It needs GDAL: install libgdal32, or what your system calls it",
          path.string(), handle == nullptr ? dlerror() : "");
    const auto module = reinterpret_cast<decltype(&cf_raster_module)>(dlsym(handle, "cf_raster_module"));
    const RasterModule* found = module == nullptr ? nullptr : module();
    check(found != nullptr && found->info_bytes == sizeof(RasterInfo) && found->format_bytes == sizeof(RasterFormat),
          "rasters: {} belongs to another version of this program: build or install both again", path.string());
    return found;
  }
  const auto all = places();
  fail("rasters: {} was not found beside the program, nor as {}: install or build it again", kFile, all[1].string());
}

#else

const RasterModule* load() {
  fail("rasters: this program was built without GDAL: install libgdal-dev, configure with -DCF_GDAL=ON and build it again");
}

#endif

}  // namespace

const RasterModule& raster_module() {
  static const RasterModule* const module = load();  // tried again by the next call where it threw
  return *module;
}

}  // namespace cf

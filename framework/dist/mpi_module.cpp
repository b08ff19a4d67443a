#include "framework/dist/mpi_module.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <system_error>

#include "framework/core/check.h"

namespace cf {
namespace {

#ifdef CF_HAVE_MPI

namespace fs = std::filesystem;

constexpr const char* kFile = "libcf_mpi.so";

// Beside the program, where a build leaves both; where an installation puts it; and above the program, for tests in a folder of
// the build.
std::array<fs::path, 3> places() {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  return {folder / kFile, folder.parent_path() / "lib" / "cfrun" / kFile, folder.parent_path() / kFile};
}

const MpiModule* load() {
  std::error_code ignored;
  for (const fs::path& path : places()) {
    if (!fs::exists(path, ignored)) continue;
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: MPI ends with the process
    check(handle != nullptr,
          "ranks: {} cannot be loaded: {}. It needs Open MPI: install libopenmpi3, or what your system calls it", path.string(),
          handle == nullptr ? dlerror() : "");
    const auto module = reinterpret_cast<decltype(&cf_mpi_module)>(dlsym(handle, "cf_mpi_module"));
    const MpiModule* found = module == nullptr ? nullptr : module();
    check(found != nullptr && found->version == kMpiSeam,
          "ranks: {} belongs to another version of this program: build or install both again", path.string());
    return found;
  }
  const auto all = places();
  fail("ranks: {} was not found beside the program, nor as {}: install or build it again", kFile, all[1].string());
}

#else

const MpiModule* load() {
  fail("ranks: this program was built without MPI: install libopenmpi-dev, configure with -DCF_MPI=ON and build it again");
}

#endif

}  // namespace

const MpiModule& mpi_module() {
  static const MpiModule* const module = load();  // tried again by the next call where it threw
  return *module;
}

}  // namespace cf

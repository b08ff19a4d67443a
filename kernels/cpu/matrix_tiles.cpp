#include "kernels/cpu/matrix_tiles.h"

#include <hwy/targets.h>

#if CF_HAVE_MATRIX_TILES && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace cf::cpu {
namespace {

#if CF_HAVE_MATRIX_TILES && defined(__linux__)

// g++ 12 has no name for them in __builtin_cpu_supports.
bool processor_has_tiles() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr unsigned kBf16 = 1U << 22U;
  constexpr unsigned kTiles = 1U << 24U;
  return (d & kBf16) != 0 && (d & kTiles) != 0;
}

// The system saves a thread's tiles only for processes that asked; all their threads may use them then.
bool allowed_by_system() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool usable() { return processor_has_tiles() && allowed_by_system(); }

#else

bool usable() { return false; }

#endif

}  // namespace

bool has_matrix_tiles() {
  static const bool here = usable();
  return here && (hwy::SupportedTargets() & HWY_AVX3) != 0;
}

}  // namespace cf::cpu

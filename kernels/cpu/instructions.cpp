#include "kernels/cpu/instructions.h"

#include <hwy/targets.h>

#include <cstdlib>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

#include "framework/core/check.h"

namespace cf::cpu {

bool limited_to_avx2() {
  const char* value = std::getenv("CF_CPU");
  if (value == nullptr || *value == 0) return false;
  check(std::string_view(value) == "avx2", "CF_CPU is '{}'; it can be avx2, which leaves AVX-512 and AMX unused, or unset",
        value);
  return true;
}

void limit_instructions() {
  if (!limited_to_avx2()) return;
#if defined(__x86_64__)
  // Better targets have smaller numbers.
  hwy::DisableTargets(HWY_AVX2 - 1);
  check(dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2) == dnnl::status::success,
        "CF_CPU=avx2: oneDNN was in use before its instructions could be limited");
#endif
}

}  // namespace cf::cpu

#include "kernels/cpu/bf16.h"

#include "framework/core/device.h"
#include "kernels/cpu/instructions.h"
#include "kernels/math_mode.h"

namespace cf {
namespace cpu {
namespace {

using dnnl::memory;

// Rounds `count` numbers to the nearest bf16.
void narrow(const void* from, void* to, std::int64_t count) {
  struct Plan {
    memory::desc from, to;
    dnnl::reorder reorder;
  };
  static PlanCache<std::int64_t, Plan> cache("bf16 copies");
  const Plan& plan = cache.get(count, [](std::int64_t n) {
    const memory::desc wide({n}, memory::data_type::f32, memory::format_tag::a);
    const memory::desc narrow({n}, memory::data_type::bf16, memory::format_tag::a);
    return Plan{wide, narrow, dnnl::reorder(dnnl::reorder::primitive_desc(dnnl_engine(), wide, dnnl_engine(), narrow))};
  });
  run(plan.reorder, dnnl_memory(plan.from, from), dnnl_memory(plan.to, to));
}

bool is_bf16(const memory::desc& layout) {
#if DNNL_VERSION_MAJOR >= 3
  return layout.get_data_type() == memory::data_type::bf16;
#else
  return layout.data_type() == memory::data_type::bf16;
#endif
}

}  // namespace

bool bf16_wanted() { return math_mode().bf16 && cpu_has_bf16_units(); }

Factor::Factor(const memory::desc& layout, const void* f32) {
  if (!is_bf16(layout)) {
    memory_ = dnnl_memory(layout, f32);
    return;
  }
  copy_.emplace(layout.get_size(), Device{});
  narrow(f32, copy_->data(), static_cast<std::int64_t>(layout.get_size() / 2));
  memory_ = dnnl_memory(layout, copy_->data());
}

}  // namespace cpu

bool cpu_has_bf16_units() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0 && !cpu::limited_to_avx2();
#else
  return false;
#endif
}

}  // namespace cf

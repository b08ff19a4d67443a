// The gate in plain C++: a variant of the fused family.
#include <cmath>

#include "framework/core/parallel.h"
#include "kernels/fused.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

constexpr std::int64_t kGrain = 16384;  // elements worth a thread

void gated_blend(ConstView g, ConstView a, ConstView b, View y) {
  if (g.dtype != DType::f32) return kernel_table(Backend::reference).fused.gated_blend(g, a, b, y);
  const auto* gate = g.as<float>();
  const auto* from_a = a.as<float>();
  const auto* from_b = b.as<float>();
  auto* out = y.as<float>();
  parallel_for(y.numel(), kGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float s = 1 / (1 + std::exp(-gate[i]));
      out[i] = from_b[i] + s * (from_a[i] - from_b[i]);
    }
  });
}

}  // namespace

// gated_blend_grad and the channel kernels stay the backend's own.
void fused_loops(FusedKernels& k) { k.gated_blend = gated_blend; }

}  // namespace cf::cpu

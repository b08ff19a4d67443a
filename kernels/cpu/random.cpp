#include "kernels/random.h"

#include <algorithm>

#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

// One Philox block serves two elements.
void dropout(const DropoutParams& params, ConstView x, View y) {
  if (x.dtype != DType::f32) return kernel_table(Backend::reference).random.dropout(params, x, y);
  const auto step = params.step ? static_cast<std::uint64_t>(*params.step.as<std::int64_t>()) : 0;
  const Philox rng = make_rng(params.seed, RngStream::dropout, params.salt + step);
  const auto scale = static_cast<float>(1.0 / (1.0 - params.p));
  const auto* in = x.as<float>();
  auto* out = y.as<float>();
  const std::int64_t n = x.numel();
  parallel_for((n + 1) / 2, 2048, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t pair = begin; pair < end; ++pair) {
      const auto words = rng.block(static_cast<std::uint64_t>(pair));
      for (std::int64_t i = 2 * pair; i < std::min(n, 2 * pair + 2); ++i) {
        const std::uint64_t bits = Philox::bits_of(words, static_cast<std::uint64_t>(i));
        out[i] = static_cast<double>(bits) * 0x1p-53 < params.p ? 0.0F : in[i] * scale;
      }
    }
  });
}

}  // namespace

void fill(RandomKernels& k) { k.dropout = dropout; }

}  // namespace cf::cpu

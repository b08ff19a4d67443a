#include "framework/dist/host_sums.h"

#include "framework/core/check.h"
#include "framework/core/parallel.h"

namespace cf {
namespace {

constexpr std::int64_t kGrain = std::int64_t{1} << 16U;

template <class T>
void add(T* to, const T* from, std::int64_t count) {
  parallel_for(count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

}  // namespace

void check_summed(const Tensor& values) {
  check(values.defined() && values.device().is_cpu(), "ranks: the group's tensors are on the CPU, this one is on {}",
        values.defined() ? values.device().str() : "no device: it is undefined");
  check(values.dtype() == DType::f32 || values.dtype() == DType::f64, "ranks: f32 and f64 travel between them, not {}",
        name_of(values.dtype()));
}

void add_values(const Tensor& to, const void* from) {
  if (to.dtype() == DType::f64) {
    add(to.view().as<double>(), static_cast<const double*>(from), to.numel());
  } else {
    add(to.view().as<float>(), static_cast<const float*>(from), to.numel());
  }
}

std::int64_t bytes_of(const Tensor& values) {
  return values.numel() * static_cast<std::int64_t>(values.dtype() == DType::f64 ? sizeof(double) : sizeof(float));
}

void check_tree(int ranks) {
  check(ranks > 0 && (ranks & (ranks - 1)) == 0,
        "ranks: {} of them; sums in a fixed tree, which a deterministic run needs, are over 1, 2, 4, 8, ...", ranks);
}

}  // namespace cf

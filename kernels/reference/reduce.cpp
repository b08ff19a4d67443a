#include "kernels/reduce.h"

#include <vector>

#include "kernels/broadcast.h"

namespace cf::reference {
namespace {

void sum_to(ConstView x, View y) {
  dispatch_float(x.dtype, "sum_to", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    std::vector<double> sums(static_cast<std::size_t>(y.numel()));
    const auto strides = broadcast_strides(y.shape, x.shape);
    for_each_broadcast(x.shape, strides, strides, [&](std::int64_t i, std::int64_t o, std::int64_t) {
      sums[static_cast<std::size_t>(o)] += static_cast<double>(in[i]);
    });
    T* out = y.as<T>();
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<T>(sums[i]);
  });
}

}  // namespace

void fill(ReduceKernels& k) { k.sum_to = sum_to; }

}  // namespace cf::reference

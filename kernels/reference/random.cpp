#include "kernels/random.h"

#include "framework/core/rng.h"

namespace cf::reference {
namespace {

void dropout(const DropoutParams& params, ConstView x, View y) {
  dispatch_float(x.dtype, "dropout", [&](auto zero) {
    using T = decltype(zero);
    const auto step = params.step ? static_cast<std::uint64_t>(*params.step.as<std::int64_t>()) : 0;
    const Philox rng = make_rng(params.seed, RngStream::dropout, params.salt + step);
    const T scale = static_cast<T>(1.0 / (1.0 - params.p));
    const T* in = x.as<T>();
    T* out = y.as<T>();
    for (std::int64_t i = 0; i < x.numel(); ++i) {
      out[i] = rng.uniform(static_cast<std::uint64_t>(i)) < params.p ? T(0) : in[i] * scale;
    }
  });
}

}  // namespace

void fill(RandomKernels& k) { k.dropout = dropout; }

}  // namespace cf::reference

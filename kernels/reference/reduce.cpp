#include "kernels/reduce.h"

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/broadcast.h"

namespace cf::reference {
namespace {

// Calls fn(i, o) for every element i of `large` and the element o of `small` that it is reduced to.
template <class F>
void for_each_pair(const Shape& large, const Shape& small, F&& fn) {
  const auto strides = broadcast_strides(small, large);
  for_each_broadcast(large, strides, strides, [&](std::int64_t i, std::int64_t o, std::int64_t) { fn(i, o); });
}

void sum_to(ConstView x, View y) {
  dispatch_float(x.dtype, "sum_to", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    std::vector<double> sums(static_cast<std::size_t>(y.numel()));
    for_each_pair(x.shape, y.shape,
                  [&](std::int64_t i, std::int64_t o) { sums[static_cast<std::size_t>(o)] += static_cast<double>(in[i]); });
    T* out = y.as<T>();
    for (std::size_t i = 0; i < sums.size(); ++i) out[i] = static_cast<T>(sums[i]);
  });
}

void max_to(ConstView x, View y) {
  dispatch_float(x.dtype, "max_to", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* out = y.as<T>();
    for (std::int64_t o = 0; o < y.numel(); ++o) out[o] = -std::numeric_limits<T>::infinity();
    for_each_pair(x.shape, y.shape, [&](std::int64_t i, std::int64_t o) {
      if (in[i] > out[o] || std::isnan(in[i])) out[o] = in[i];
    });
  });
}

void max_to_grad(ConstView x, ConstView y, ConstView dy, View dx) {
  dispatch_float(x.dtype, "max_to_grad", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    const T* out = y.as<T>();
    const T* g = dy.as<T>();
    T* d = dx.as<T>();
    const auto reaches = [&](std::int64_t i, std::int64_t o) {
      return in[i] == out[o] || (std::isnan(in[i]) && std::isnan(out[o]));
    };
    std::vector<std::int64_t> ties(static_cast<std::size_t>(y.numel()));
    for_each_pair(x.shape, y.shape,
                  [&](std::int64_t i, std::int64_t o) { ties[static_cast<std::size_t>(o)] += reaches(i, o) ? 1 : 0; });
    for_each_pair(x.shape, y.shape, [&](std::int64_t i, std::int64_t o) {
      d[i] = reaches(i, o) ? g[o] / static_cast<T>(ties[static_cast<std::size_t>(o)]) : T(0);
    });
  });
}

void expand(ConstView x, double scale, View y) {
  dispatch_float(x.dtype, "expand", [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.as<T>();
    T* out = y.as<T>();
    for_each_pair(y.shape, x.shape, [&](std::int64_t i, std::int64_t o) { out[i] = static_cast<T>(scale) * in[o]; });
  });
}

}  // namespace

void fill(ReduceKernels& k) {
  k.sum_to = sum_to;
  k.max_to = max_to;
  k.max_to_grad = max_to_grad;
  k.expand = expand;
}

}  // namespace cf::reference

#include "kernels/layout.h"

#include <algorithm>
#include <cstring>

#include "kernels/broadcast.h"

namespace cf::reference {
namespace {

void copy(const StridedCopy& block, ConstView x, View y) {
  const std::size_t size = size_of(x.dtype);
  const auto* in = static_cast<const std::uint8_t*>(x.data);
  auto* out = static_cast<std::uint8_t*>(y.data);
  for_each_broadcast(block.shape, block.from, block.to, [&](std::int64_t, std::int64_t from, std::int64_t to) {
    std::memcpy(out + static_cast<std::size_t>(block.to_offset + to) * size,
                in + static_cast<std::size_t>(block.from_offset + from) * size, size);
  });
}

void gather_hw(ConstView x, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View y) {
  const std::int64_t h = x.shape[1];
  const std::int64_t w = x.shape[2];
  const std::size_t bytes = static_cast<std::size_t>(x.shape[3]) * size_of(x.dtype);
  const auto* in = static_cast<const std::uint8_t*>(x.data);
  auto* out = static_cast<std::uint8_t*>(y.data);
  for (std::int64_t n = 0; n < x.shape[0]; ++n) {
    for (const std::int64_t row : rows) {
      for (const std::int64_t col : cols) {
        if (row < 0 || col < 0) {
          std::memset(out, 0, bytes);
        } else {
          std::memcpy(out, in + static_cast<std::size_t>((n * h + row) * w + col) * bytes, bytes);
        }
        out += bytes;
      }
    }
  }
}

void gather_hw_grad(ConstView dy, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View dx) {
  dispatch_float(dx.dtype, "gather_hw_grad", [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t h = dx.shape[1];
    const std::int64_t w = dx.shape[2];
    const std::int64_t c = dx.shape[3];
    const T* g = dy.as<T>();
    T* d = dx.as<T>();
    std::fill(d, d + dx.numel(), T(0));
    for (std::int64_t n = 0; n < dx.shape[0]; ++n) {
      for (const std::int64_t row : rows) {
        for (const std::int64_t col : cols) {
          if (row >= 0 && col >= 0) {
            T* to = d + ((n * h + row) * w + col) * c;
            for (std::int64_t k = 0; k < c; ++k) to[k] += g[k];
          }
          g += c;
        }
      }
    }
  });
}

}  // namespace

void fill(LayoutKernels& k) {
  k.copy = copy;
  k.gather_hw = gather_hw;
  k.gather_hw_grad = gather_hw_grad;
}

}  // namespace cf::reference

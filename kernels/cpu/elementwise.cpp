// Element-wise kernels by Highway. The vector loops see flat ranges and rows only; shapes and threads are handled below, once.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/elementwise.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "framework/core/parallel.h"
#include "kernels/cpu/collapse.h"
#include "kernels/cpu/simd_functors-inl.h"
#include "kernels/table.h"

#ifndef CF_CPU_ELEMENTWISE_ONCE
#define CF_CPU_ELEMENTWISE_ONCE

#include <vector>

namespace cf::cpu {

// Rows of y = f(a, b). y is contiguous; an operand's element (r, c) is at r * row + c * col, col 0 or 1.
struct BinaryRows {
  const float* a;
  const float* b;
  float* y;
  std::int64_t rows, cols;
  std::int64_t a_row, a_col;
  std::int64_t b_row, b_col;
};

}  // namespace cf::cpu

#endif

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

void unary_range(Unary op, UnaryParams p, const float* x, float* y, std::size_t n) {
  fn::with(op, [&](auto tag) HWY_ATTR {
    const F32 d;
    const VecParams params = {hn::Set(d, static_cast<float>(p.a)), hn::Set(d, static_cast<float>(p.b))};
    for_vectors(d, n,
                [&](std::size_t i, std::size_t k) HWY_ATTR { store_n(d, value(tag, d, load_n(d, x + i, k), params), y + i, k); });
  });
}

void unary_grad_range(Unary op, UnaryParams p, const float* x, const float* y, const float* dy, float* dx, std::size_t n) {
  fn::with(op, [&](auto tag) HWY_ATTR {
    const F32 d;
    const VecParams params = {hn::Set(d, static_cast<float>(p.a)), hn::Set(d, static_cast<float>(p.b))};
    for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec derivative = slope(tag, d, load_n(d, x + i, k), load_n(d, y + i, k), params);
      store_n(d, hn::Mul(load_n(d, dy + i, k), derivative), dx + i, k);
    });
  });
}

// One row; a scalar operand's value is repeated.
template <bool a_scalar, bool b_scalar, class Tag>
HWY_INLINE void binary_row(Tag tag, const float* a, const float* b, float* y, std::size_t n) {
  const F32 d;
  const Vec first_a = hn::Set(d, *a);
  const Vec first_b = hn::Set(d, *b);
  for_vectors(d, n, [&](std::size_t i, std::size_t k) HWY_ATTR {
    const Vec va = a_scalar ? first_a : load_n(d, a + i, k);
    const Vec vb = b_scalar ? first_b : load_n(d, b + i, k);
    store_n(d, value(tag, d, va, vb), y + i, k);
  });
}

void binary_rows(Binary op, const BinaryRows& r) {
  fn::with(op, [&](auto tag) HWY_ATTR {
    const auto n = static_cast<std::size_t>(r.cols);
    for (std::int64_t i = 0; i < r.rows; ++i) {
      const float* a = r.a + i * r.a_row;
      const float* b = r.b + i * r.b_row;
      float* y = r.y + i * r.cols;
      if (r.a_col == 0 && r.b_col == 0) {
        binary_row<true, true>(tag, a, b, y, n);
      } else if (r.a_col == 0) {
        binary_row<true, false>(tag, a, b, y, n);
      } else if (r.b_col == 0) {
        binary_row<false, true>(tag, a, b, y, n);
      } else {
        binary_row<false, false>(tag, a, b, y, n);
      }
    }
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {
namespace {

// What computes f64.
const ElementwiseKernels& reference_kernels() { return kernel_table(Backend::reference).elementwise; }

HWY_EXPORT(unary_range);
HWY_EXPORT(unary_grad_range);
HWY_EXPORT(binary_rows);

// Elements worth a thread of their own: below that, starting one costs more than it saves.
constexpr std::int64_t kGrain = 16384;

void unary(Unary op, UnaryParams p, ConstView x, View y) {
  if (x.dtype != DType::f32) return reference_kernels().unary(op, p, x, y);
  const auto* in = x.as<float>();
  auto* out = y.as<float>();
  const auto range = HWY_DYNAMIC_DISPATCH(unary_range);
  parallel_for(x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    range(op, p, in + begin, out + begin, static_cast<std::size_t>(end - begin));
  });
}

void unary_grad(Unary op, UnaryParams p, ConstView x, ConstView y, ConstView dy, View dx) {
  if (x.dtype != DType::f32) return reference_kernels().unary_grad(op, p, x, y, dy, dx);
  const auto* in = x.as<float>();
  const auto* out = y.as<float>();
  const auto* g = dy.as<float>();
  auto* d = dx.as<float>();
  const auto range = HWY_DYNAMIC_DISPATCH(unary_grad_range);
  parallel_for(x.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    range(op, p, in + begin, out + begin, g + begin, d + begin, static_cast<std::size_t>(end - begin));
  });
}

// Narrow rows against one repeated row (a per-channel operand) leave most of a vector idle; several copies of that row turn
// them into wide ones.
constexpr std::int64_t kWide = 256;

bool is_narrow(std::int64_t rows, std::int64_t cols) { return cols < kWide / 4 && rows > 8 * kWide / cols; }

std::vector<float> repeated(const float* row, std::int64_t cols, std::int64_t copies) {
  std::vector<float> wide;
  wide.reserve(static_cast<std::size_t>(cols * copies));
  for (std::int64_t i = 0; i < copies; ++i) wide.insert(wide.end(), row, row + cols);
  return wide;
}

void run_rows(Binary op, const BinaryRows& r) {
  const auto kernel = HWY_DYNAMIC_DISPATCH(binary_rows);
  const bool a_repeats = r.a_row == 0 && r.a_col == 1 && r.b_row == r.cols && r.b_col == 1;
  const bool b_repeats = r.b_row == 0 && r.b_col == 1 && r.a_row == r.cols && r.a_col == 1;
  if (!(a_repeats || b_repeats) || !is_narrow(r.rows, r.cols)) return kernel(op, r);
  const std::int64_t copies = kWide / r.cols;
  const std::vector<float> wide = repeated(a_repeats ? r.a : r.b, r.cols, copies);
  BinaryRows w = r;
  (a_repeats ? w.a : w.b) = wide.data();
  w.rows = r.rows / copies;
  w.cols = r.cols * copies;
  (a_repeats ? w.b_row : w.a_row) = w.cols;
  kernel(op, w);
  const std::int64_t done = w.rows * copies;
  kernel(op, {r.a + done * r.a_row, r.b + done * r.b_row, r.y + done * r.cols, r.rows - done, r.cols, r.a_row, r.a_col, r.b_row,
              r.b_col});
}

void binary(Binary op, ConstView a, ConstView b, View y) {
  if (a.dtype != DType::f32) return reference_kernels().binary(op, a, b, y);
  const Collapsed c = collapse(y.shape, a.shape, b.shape);
  const auto* pa = a.as<float>();
  const auto* pb = b.as<float>();
  auto* out = y.as<float>();
  if (c.rank == 1) {
    parallel_for(c.cols(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      run_rows(op, {pa + begin * c.a_col(), pb + begin * c.b_col(), out + begin, 1, end - begin, 0, c.a_col(), 0, c.b_col()});
    });
    return;
  }
  parallel_for(c.outer() * c.rows(), std::max<std::int64_t>(1, kGrain / c.cols()), [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t first = begin % c.rows();
      const std::int64_t count = std::min(end - begin, c.rows() - first);
      const auto [ia, ib] = c.outer_offsets(begin / c.rows());
      run_rows(op, {pa + ia + first * c.a_row(), pb + ib + first * c.b_row(), out + begin * c.cols(), count, c.cols(), c.a_row(),
                    c.a_col(), c.b_row(), c.b_col()});
      begin += count;
    }
  });
}

void where(ConstView condition, ConstView a, ConstView b, View y) {
  const auto simple = [&](ConstView v) { return v.shape == y.shape || v.numel() == 1; };
  if (a.dtype != DType::f32 || !(condition.shape == y.shape) || !simple(a) || !simple(b)) {
    return reference_kernels().where(condition, a, b, y);
  }
  const auto* chosen = condition.as<std::uint8_t>();
  const auto* pa = a.as<float>();
  const auto* pb = b.as<float>();
  auto* out = y.as<float>();
  const std::int64_t a_step = a.numel() == 1 ? 0 : 1;
  const std::int64_t b_step = b.numel() == 1 ? 0 : 1;
  parallel_for(y.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) out[i] = chosen[i] != 0 ? pa[i * a_step] : pb[i * b_step];
  });
}

void cast(ConstView x, View y) {
  dispatch_any(x.dtype, [&](auto from) {
    dispatch_any(y.dtype, [&](auto to) {
      const auto* in = x.as<decltype(from)>();
      auto* out = y.as<decltype(to)>();
      parallel_for(x.numel(), kGrain, [=](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) out[i] = convert<decltype(to)>(in[i]);
      });
    });
  });
}

}  // namespace

void fill(ElementwiseKernels& k) {
  k.unary = unary;
  k.unary_grad = unary_grad;
  k.binary = binary;
  k.where = where;
  k.cast = cast;
  k.fill = reference_kernels().fill;
}

}  // namespace cf::cpu
#endif

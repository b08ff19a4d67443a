// The fused kernels as the composites that they replace: what a fusion is measured against.
#include "kernels/table.h"
#include "kernels/temporary.h"

namespace cf {
namespace {

template <Backend backend>
void gated_blend(ConstView g, ConstView a, ConstView b, View y) {
  const ElementwiseKernels& k = kernel_table(backend).elementwise;
  const Temporary s(g);
  const Temporary from_a(g);
  k.unary(Unary::sigmoid, {}, g, s.view());
  k.binary(Binary::mul, s.read(), a, from_a.view());
  k.unary(Unary::affine, {-1, 1}, s.read(), s.view());
  k.binary(Binary::mul, s.read(), b, y);
  k.binary(Binary::add, from_a.read(), y, y);
}

template <Backend backend>
void gated_blend_grad(ConstView g, ConstView a, ConstView b, ConstView dy, View dg, View da, View db) {
  const ElementwiseKernels& k = kernel_table(backend).elementwise;
  const Temporary s(g);
  k.unary(Unary::sigmoid, {}, g, s.view());
  if (dg) {
    const Temporary difference(g);
    k.binary(Binary::sub, a, b, difference.view());
    k.binary(Binary::mul, difference.read(), dy, difference.view());
    k.unary_grad(Unary::sigmoid, {}, s.read(), s.read(), difference.read(), dg);
  }
  if (da) k.binary(Binary::mul, dy, s.read(), da);
  if (db) {
    k.unary(Unary::affine, {-1, 1}, s.read(), s.view());
    k.binary(Binary::mul, dy, s.read(), db);
  }
}

// The layout of (rows, C) parts in a tensor of (rows, 2): column `column` of it, or all of a tensor of one column.
StridedCopy column_of(std::int64_t rows, std::int64_t column, bool out) {
  StridedCopy block;
  block.shape = {rows};
  (out ? block.from : block.to)[0] = 2;
  (out ? block.to : block.from)[0] = 1;
  (out ? block.from_offset : block.to_offset) = column;
  return block;
}

Shape one_channel(ConstView x) {
  Shape shape = x.shape;
  shape[-1] = 1;
  return shape;
}

template <Backend backend>
void channel_max_mean(ConstView x, View y) {
  const KernelTable& k = kernel_table(backend);
  const Temporary column(x, one_channel(x));
  const std::int64_t rows = column.view().numel();
  k.reduce.max_to(x, column.view());
  k.layout.copy(column_of(rows, 0, false), column.read(), y);
  k.reduce.sum_to(x, column.view());
  k.elementwise.unary(Unary::affine, {1.0 / static_cast<double>(x.shape[-1]), 0}, column.read(), column.view());
  k.layout.copy(column_of(rows, 1, false), column.read(), y);
}

template <Backend backend>
void channel_max_mean_grad(ConstView x, ConstView dy, View dx) {
  const KernelTable& k = kernel_table(backend);
  const Temporary peak(x, one_channel(x));
  const Temporary column(x, one_channel(x));
  const Temporary to_mean(x);
  const std::int64_t rows = column.view().numel();
  k.reduce.max_to(x, peak.view());
  k.layout.copy(column_of(rows, 0, true), dy, column.view());
  k.reduce.max_to_grad(x, peak.read(), column.read(), dx);
  k.layout.copy(column_of(rows, 1, true), dy, column.view());
  k.reduce.expand(column.read(), 1.0 / static_cast<double>(x.shape[-1]), to_mean.view());
  k.elementwise.binary(Binary::add, dx, to_mean.read(), dx);
}

}  // namespace

template <Backend backend>
void fused_composite(FusedKernels& k) {
  k.gated_blend = gated_blend<backend>;
  k.gated_blend_grad = gated_blend_grad<backend>;
  k.channel_max_mean = channel_max_mean<backend>;
  k.channel_max_mean_grad = channel_max_mean_grad<backend>;
}
template void fused_composite<Backend::cpu>(FusedKernels& k);
template void fused_composite<Backend::cuda>(FusedKernels& k);

}  // namespace cf

#include "kernels/conv_composite.h"

#include <optional>

#include "kernels/temporary.h"

namespace cf {
namespace {

// Copies the channels of `part` behind the first `offset` ones of y.
void put_channels(const KernelTable& table, ConstView part, std::int64_t offset, View y) {
  const std::int64_t c = part.shape[3];
  StridedCopy block;
  block.shape = {part.numel() / c, c};
  block.from = {c, 1};
  block.to = {y.shape[3], 1};
  block.to_offset = offset;
  table.layout.copy(block, part, y);
}

}  // namespace

void conv2d_composite(const KernelTable& table, decltype(ConvKernels::conv2d_fwd) forward, const FusedConvCall& call) {
  const auto& [params, fusion, x, w, b, y] = call;
  std::optional<Temporary> both;
  if (fusion.x2) {
    Shape shape = x.shape;
    shape[3] += fusion.x2.shape[3];
    both.emplace(x, shape);
    put_channels(table, x, 0, both->view());
    put_channels(table, fusion.x2, x.shape[3], both->view());
  }
  const ConstView image = both ? both->read() : x;
  if (fusion.end == ConvEnd::leaky) {
    forward(params, image, w, b, y);
    if (fusion.added) table.elementwise.binary(Binary::add, y, fusion.added, y);
    return;
  }
  ConvParams linear = params;
  linear.leaky_slope = 1;
  const Temporary z(y);
  forward(linear, image, w, b, z.view());
  if (fusion.end == ConvEnd::blend) return table.fused.gated_blend(z.read(), x, fusion.x2, y);
  table.elementwise.unary(Unary::sigmoid, {}, z.read(), y);
  table.elementwise.unary(Unary::affine, {2, 0}, y, y);
}

}  // namespace cf

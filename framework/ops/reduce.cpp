#include "framework/ops/reduce.h"

#include <array>

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/operands.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

struct Reduced {
  Shape kept;    // reduced dimensions have extent 1: what the kernels see
  Shape result;  // what the caller gets
};

Reduced reduced_shapes(const char* op, const Shape& shape, const std::vector<int>& dims, bool keep) {
  check(shape.numel() > 0, "{}: nothing to reduce in shape {}", op, shape.str());
  std::array<bool, Shape::kMaxRank> gone{};
  gone.fill(dims.empty());
  for (const int d : dims) {
    bool& seen = gone[static_cast<std::size_t>(shape.axis(d))];
    check(!seen, "{}: dimension {} of {} is named twice", op, d, shape.str());
    seen = true;
  }
  Shape kept = shape;
  std::vector<std::int64_t> left;
  for (int i = 0; i < shape.rank(); ++i) {
    if (gone[static_cast<std::size_t>(i)]) {
      kept[i] = 1;
    } else {
      left.push_back(shape[i]);
    }
  }
  if (left.empty()) left.push_back(1);
  return {kept, keep ? kept : Shape(left)};
}

// x summed and multiplied by `scale`; `scale` is 1 or 1/n.
Tensor scaled_sum(const char* op, const Tensor& x, const Reduced& shapes, double scale) {
  const OpRange range(op);
  const KernelTable& kernels = kernels_for(x.device());
  const Tensor y = empty_like(x, shapes.kept);
  kernels.reduce.sum_to(x.cview(), y.view());
  if (scale != 1) kernels.elementwise.unary(Unary::affine, {scale, 0}, y.cview(), y.view());
  Tensor result = y.alias(shapes.result);
  record(op, {x}, {result}, [scale, kept = shapes.kept, shape = x.shape()](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = empty_like(dy, shape);
    kernels_for(dy.device()).reduce.expand(dy.alias(kept).cview(), scale, dx.view());
    return Grads{dx};
  });
  return result;
}

}  // namespace

Tensor sum(const Tensor& x, const std::vector<int>& dims, bool keep) {
  return scaled_sum("sum", x, reduced_shapes("sum", x.shape(), dims, keep), 1);
}

Tensor mean(const Tensor& x, const std::vector<int>& dims, bool keep) {
  const Reduced shapes = reduced_shapes("mean", x.shape(), dims, keep);
  return scaled_sum("mean", x, shapes, static_cast<double>(shapes.kept.numel()) / static_cast<double>(x.numel()));
}

Tensor max(const Tensor& x, const std::vector<int>& dims, bool keep) {
  const OpRange range("max");
  const Reduced shapes = reduced_shapes("max", x.shape(), dims, keep);
  const Tensor y = empty_like(x, shapes.kept);
  kernels_for(x.device()).reduce.max_to(x.cview(), y.view());
  Tensor result = y.alias(shapes.result);
  record("max", {x}, {result}, [x = x.detach(), y](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = empty_like(x);
    kernels_for(x.device()).reduce.max_to_grad(x.cview(), y.cview(), dy.alias(y.shape()).cview(), dx.view());
    return Grads{dx};
  });
  return result;
}

}  // namespace cf::ops

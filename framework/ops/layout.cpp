#include "framework/ops/layout.h"

#include <algorithm>
#include <numeric>

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/operands.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

// Strides of a contiguous tensor.
StridedCopy::Strides strides_of(const Shape& shape) {
  StridedCopy::Strides strides{};
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[static_cast<std::size_t>(i)] = stride;
    stride *= shape[i];
  }
  return strides;
}

void copy(const StridedCopy& block, const Tensor& x, const Tensor& y) {
  kernels_for(x.device()).layout.copy(block, x.cview(), y.view());
}

// Copies `part` to [begin, begin + its extent) along `axis` of `whole`, or back where `out` is set.
void copy_part(const Tensor& whole, int axis, std::int64_t begin, const Tensor& part, bool out) {
  const StridedCopy::Strides strides = strides_of(whole.shape());
  const std::int64_t offset = begin * strides[static_cast<std::size_t>(axis)];
  if (out) {
    copy({part.shape(), strides, strides_of(part.shape()), offset, 0}, whole, part);
  } else {
    copy({part.shape(), strides_of(part.shape()), strides, 0, offset}, part, whole);
  }
}

Tensor take(const Tensor& x, int axis, std::int64_t begin, std::int64_t extent) {
  Shape shape = x.shape();
  shape[axis] = extent;
  Tensor y = empty_like(x, shape);
  copy_part(x, axis, begin, y, true);
  return y;
}

Tensor permuted(const Tensor& x, const std::vector<int>& order) {
  const StridedCopy::Strides strides = strides_of(x.shape());
  StridedCopy block;
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < order.size(); ++i) {
    dims.push_back(x.dim(order[i]));
    block.from[i] = strides[static_cast<std::size_t>(order[i])];
  }
  block.shape = Shape(dims);
  block.to = strides_of(block.shape);
  Tensor y = empty_like(x, block.shape);
  copy(block, x, y);
  return y;
}

// (N, H, W, C*r*r) -> (N, H*r, W*r, C), or back where `inverse` is set: as (N, H, W, C, r, r) <-> (N, H, r, W, r, C).
Tensor shuffled(const Tensor& x, std::int64_t r, bool inverse) {
  const std::int64_t n = x.dim(0);
  if (inverse) {
    const std::int64_t h = x.dim(1) / r;
    const std::int64_t w = x.dim(2) / r;
    const std::int64_t c = x.dim(3);
    return permuted(x.alias({n, h, r, w, r, c}), {0, 1, 3, 5, 2, 4}).alias({n, h, w, c * r * r});
  }
  const std::int64_t h = x.dim(1);
  const std::int64_t w = x.dim(2);
  const std::int64_t c = x.dim(3) / (r * r);
  return permuted(x.alias({n, h, w, c, r, r}), {0, 1, 4, 2, 5, 3}).alias({n, h * r, w * r, c});
}

// For each index of a padded extent, the index it is read from, or -1 for zero.
std::vector<std::int64_t> padding_map(std::int64_t extent, std::int64_t before, std::int64_t after, PadMode mode) {
  check(before >= 0 && after >= 0, "pad: paddings must not be negative, got {} and {}", before, after);
  check(mode != PadMode::reflect || std::max(before, after) < extent,
        "pad: reflecting {} and {} needs more than {} pixels; use a smaller padding or replicate", before, after, extent);
  std::vector<std::int64_t> map;
  for (std::int64_t i = -before; i < extent + after; ++i) {
    if (mode == PadMode::replicate) {
      map.push_back(std::clamp<std::int64_t>(i, 0, extent - 1));
    } else if (i >= 0 && i < extent) {
      map.push_back(i);
    } else {
      map.push_back(mode == PadMode::zero ? -1 : (i < 0 ? -i : 2 * (extent - 1) - i));
    }
  }
  return map;
}

// 0, 1, ..., n-1 rolled by `shift` places towards the end.
std::vector<std::int64_t> rolled(std::int64_t n, std::int64_t shift) {
  std::vector<std::int64_t> map(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) map[static_cast<std::size_t>(i)] = (i - shift + n) % n;
  return map;
}

Tensor gathered(const Tensor& x, const std::vector<std::int64_t>& rows, const std::vector<std::int64_t>& cols) {
  Tensor y = empty_like(x, {x.dim(0), static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(cols.size()), x.dim(3)});
  kernels_for(x.device()).layout.gather_hw(x.cview(), rows, cols, y.view());
  return y;
}

}  // namespace

Tensor reshape(const Tensor& x, std::vector<std::int64_t> dims) {
  const OpRange range("reshape");
  const auto open = std::find(dims.begin(), dims.end(), -1);
  if (open != dims.end()) {
    check(std::count(dims.begin(), dims.end(), -1) == 1, "reshape: more than one extent is -1");
    const std::int64_t known = -std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>());
    check(known != 0 && x.numel() % known == 0, "reshape: {} does not divide into multiples of {}", x.shape().str(), known);
    *open = x.numel() / known;
  }
  const Shape shape(dims);
  check(shape.numel() == x.numel(), "reshape: {} has {} elements, {} has {}", x.shape().str(), x.numel(), shape.str(),
        shape.numel());
  Tensor y = x.alias(shape);
  record("reshape", {x}, {y}, [from = x.shape()](const Backward& bw) { return Grads{bw.dy().alias(from)}; });
  return y;
}

Tensor permute(const Tensor& x, const std::vector<int>& order) {
  const OpRange range("permute");
  std::vector<int> inverse(order.size(), -1);
  check(static_cast<int>(order.size()) == x.rank(), "permute: {} dimensions named for shape {}", order.size(), x.shape().str());
  std::vector<int> axes;
  for (const int d : order) {
    const int axis = x.shape().axis(d);
    int& at = inverse[static_cast<std::size_t>(axis)];
    check(at < 0, "permute: dimension {} is named twice", d);
    at = static_cast<int>(axes.size());
    axes.push_back(axis);
  }
  Tensor y = permuted(x, axes);
  record("permute", {x}, {y}, [inverse](const Backward& bw) { return Grads{permuted(bw.dy(), inverse)}; });
  return y;
}

Tensor concat(const std::vector<Tensor>& parts, int axis) {
  check(!parts.empty(), "concat: no tensors given");
  if (const auto o = settle(Mixing::widen, parts)) return concat(*o, axis);
  const OpRange range("concat");
  const int at = parts.front().shape().axis(axis);
  Shape shape = parts.front().shape();
  shape[at] = 0;
  for (const Tensor& part : parts) {
    check_same_type("concat", parts.front(), part);
    Shape rest = part.rank() == shape.rank() ? part.shape() : Shape();
    if (rest.rank() > 0) rest[at] = shape[at];
    check(rest == shape, "concat: {} and {} differ beside dimension {}", parts.front().shape().str(), part.shape().str(), at);
    shape[at] += part.dim(at);
  }
  Tensor y = empty_like(parts.front(), shape);
  std::vector<std::int64_t> extents;
  std::int64_t begin = 0;
  for (const Tensor& part : parts) {
    copy_part(y, at, begin, part, false);
    begin += part.dim(at);
    extents.push_back(part.dim(at));
  }
  record("concat", parts, {y}, [at, extents](const Backward& bw) {
    const Tensor dy = bw.dy();
    Grads grads;
    std::int64_t from = 0;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      grads.push_back(bw.needs(static_cast<int>(i)) ? take(dy, at, from, extents[i]) : Tensor());
      from += extents[i];
    }
    return grads;
  });
  return y;
}

Tensor slice(const Tensor& x, int axis, std::int64_t begin, std::int64_t end) {
  const OpRange range("slice");
  const int at = x.shape().axis(axis);
  check(begin >= 0 && begin < end && end <= x.dim(at), "slice: [{}, {}) of dimension {} of {}", begin, end, at, x.shape().str());
  Tensor y = take(x, at, begin, end - begin);
  record("slice", {x}, {y}, [at, begin, shape = x.shape()](const Backward& bw) {
    const Tensor dy = bw.dy();
    const Tensor dx = Tensor::zeros(shape, dy.dtype(), dy.device());
    copy_part(dx, at, begin, dy, false);
    return Grads{dx};
  });
  return y;
}

std::vector<Tensor> split(const Tensor& x, int axis, const std::vector<std::int64_t>& sizes) {
  const OpRange range("split");
  const int at = x.shape().axis(axis);
  check(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) == x.dim(at) &&
            std::all_of(sizes.begin(), sizes.end(), [](std::int64_t s) { return s > 0; }),
        "split: sizes must be positive and add up to dimension {} of {}", at, x.shape().str());
  std::vector<Tensor> parts;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    parts.push_back(take(x, at, begin, size));
    begin += size;
  }
  record("split", {x}, parts, [at, sizes, shape = x.shape()](const Backward& bw) {
    const Tensor dx = empty_like(bw.dy(), shape);
    std::int64_t to = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      copy_part(dx, at, to, bw.dy(static_cast<int>(i)), false);
      to += sizes[i];
    }
    return Grads{dx};
  });
  return parts;
}

Tensor pad(const Tensor& x, Padding padding, PadMode mode) {
  const OpRange range("pad");
  check_image("pad", x);
  const auto rows = padding_map(x.dim(1), padding.top, padding.bottom, mode);
  const auto cols = padding_map(x.dim(2), padding.left, padding.right, mode);
  Tensor y = gathered(x, rows, cols);
  record("pad", {x}, {y}, [rows, cols, shape = x.shape()](const Backward& bw) {
    const Tensor dy = bw.dy();
    Tensor dx = empty_like(dy, shape);
    kernels_for(dy.device()).layout.gather_hw_grad(dy.cview(), rows, cols, dx.view());
    return Grads{dx};
  });
  return y;
}

Tensor pixel_shuffle(const Tensor& x, std::int64_t r) {
  const OpRange range("pixel_shuffle");
  check_image("pixel_shuffle", x);
  check(r > 0 && x.dim(3) % (r * r) == 0, "pixel_shuffle: {} channels are no multiple of {} squared", x.dim(3), r);
  Tensor y = shuffled(x, r, false);
  record("pixel_shuffle", {x}, {y}, [r](const Backward& bw) { return Grads{shuffled(bw.dy(), r, true)}; });
  return y;
}

Tensor pixel_unshuffle(const Tensor& x, std::int64_t r) {
  const OpRange range("pixel_unshuffle");
  check_image("pixel_unshuffle", x);
  check(r > 0 && x.dim(1) % r == 0 && x.dim(2) % r == 0, "pixel_unshuffle: {} x {} pixels do not divide by {}", x.dim(1),
        x.dim(2), r);
  Tensor y = shuffled(x, r, true);
  record("pixel_unshuffle", {x}, {y}, [r](const Backward& bw) { return Grads{shuffled(bw.dy(), r, false)}; });
  return y;
}

Tensor fftshift(const Tensor& x, bool inverse) {
  const OpRange range("fftshift");
  check(x.rank() >= 4, "fftshift: needs (N, H, W, ...), got shape {}", x.shape().str());
  const std::int64_t h = x.dim(1);
  const std::int64_t w = x.dim(2);
  const auto roll = [=](const Tensor& t, bool back) {
    const Tensor image = t.alias({t.dim(0), h, w, t.numel() / (t.dim(0) * h * w)});
    return gathered(image, rolled(h, back ? (h + 1) / 2 : h / 2), rolled(w, back ? (w + 1) / 2 : w / 2)).alias(t.shape());
  };
  Tensor y = roll(x, inverse);
  record("fftshift", {x}, {y}, [roll, inverse](const Backward& bw) { return Grads{roll(bw.dy(), !inverse)}; });
  return y;
}

}  // namespace cf::ops

// Copies on the GPU. Where both sides have runs, elements move in pieces of up to 16 bytes; a copy that transposes goes through
// tiles in shared memory, so that both sides are walked along their neighbouring elements.
#include "kernels/layout.h"

#include <algorithm>
#include <vector>

#include "kernels/cuda/constants.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/separable.h"

namespace cf::cuda {
namespace {

using simt::Vec;

constexpr std::int64_t kTile = 32;
constexpr unsigned kTileThreads = 256;
// A dimension shorter than this leaves a tile too empty to be worth it.
constexpr std::int64_t kShortest = 4;

struct Dim {
  std::int64_t extent, from, to;
};

// Dimensions of a copy for the device.
struct Walk {
  Dim dims[Shape::kMaxRank]{};  // innermost first
  int rank = 0;

  struct Offsets {
    std::int64_t from, to;
  };
  CF_HOST_DEVICE Offsets offsets(std::int64_t i) const {
    Offsets at{0, 0};
    for (int d = 0; d < rank; ++d) {
      const std::int64_t outer = d + 1 < rank ? i / dims[d].extent : 0;
      const std::int64_t k = i - outer * dims[d].extent;
      at.from += k * dims[d].from;
      at.to += k * dims[d].to;
      i = outer;
    }
    return at;
  }
};

Walk walk_of(const std::vector<Dim>& dims) {
  Walk walk;
  for (const Dim& d : dims) walk.dims[walk.rank++] = d;
  return walk;
}

// One plane of a transposing copy: neighbours along `rows` lie side by side in the source, those along `cols` in the target.
struct Plane {
  Dim rows, cols;
};

template <class Piece>
CF_KERNEL void copy_kernel(std::int64_t n, Walk walk, const Piece* x, Piece* y) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const auto at = walk.offsets(i);
    y[at.to] = x[at.from];
  }
}

template <class Piece>
CF_KERNEL void transpose_kernel(std::int64_t planes, Walk walk, Plane plane, const Piece* x, Piece* y) {
  CF_SHARED(Piece, tile, kTile * (kTile + 1));  // one more per row: a column then lies in as many banks as a row
  const std::int64_t across = (plane.cols.extent + kTile - 1) / kTile;
  const std::int64_t tiles = (plane.rows.extent + kTile - 1) / kTile * across;
  const std::int64_t fast = simt::lane();
  for (std::int64_t b = simt::block().x; b < planes * tiles; b += simt::blocks().x) {
    const auto at = walk.offsets(b / tiles);
    const std::int64_t row = b % tiles / across * kTile;
    const std::int64_t col = b % across * kTile;
    for (std::int64_t slow = simt::warp(); slow < kTile; slow += kTileThreads / simt::kWarp) {
      if (row + fast < plane.rows.extent && col + slow < plane.cols.extent) {
        tile[slow * (kTile + 1) + fast] = x[at.from + (row + fast) + (col + slow) * plane.cols.from];
      }
    }
    simt::sync();
    for (std::int64_t slow = simt::warp(); slow < kTile; slow += kTileThreads / simt::kWarp) {
      if (row + slow < plane.rows.extent && col + fast < plane.cols.extent) {
        y[at.to + (row + slow) * plane.rows.to + (col + fast)] = tile[fast * (kTile + 1) + slow];
      }
    }
    simt::sync();
  }
}

// Extents of a gathered image in pieces.
struct Gather {
  std::int64_t in_h, in_w, out_h, out_w, pieces;
};

template <class Piece>
CF_KERNEL void gather_kernel(std::int64_t n, Gather g, const std::int64_t* rows, const std::int64_t* cols, const Piece* x,
                             Piece* y) {
  for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) {
    const std::int64_t pixel = i / g.pieces;
    const std::int64_t line = pixel / g.out_w;
    const std::int64_t image = line / g.out_h;
    const std::int64_t row = rows[line - image * g.out_h];
    const std::int64_t col = cols[pixel - line * g.out_w];
    const std::int64_t at = ((image * g.in_h + row) * g.in_w + col) * g.pieces + (i - pixel * g.pieces);
    y[i] = row < 0 || col < 0 ? Piece{} : x[at];
  }
}

// Calls fn(piece) with a value of `bytes` bytes, a power of two up to 16.
template <class F>
void with_piece(std::uint64_t bytes, F&& fn) {
  switch (bytes) {
    case 1: return fn(std::uint8_t{});
    case 2: return fn(std::uint16_t{});
    case 4: return fn(std::uint32_t{});
    case 8: return fn(std::uint64_t{});
    default: return fn(Vec<std::uint32_t, 4>{});
  }
}

// The largest power of two up to 16 that divides `number`; 16 for 0.
std::uint64_t power_in(std::uint64_t number) { return number == 0 ? 16 : std::min<std::uint64_t>(16, number & (~number + 1)); }

std::uint64_t address_of(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

// A copy with its dimensions brought to their essence, innermost in the target first.
struct Plan {
  std::vector<Dim> dims;
  std::uint64_t size;  // bytes of an element
  const std::uint8_t* from;
  std::uint8_t* to;

  Plan(const StridedCopy& block, ConstView x, View y)
      : size(size_of(x.dtype)),
        from(static_cast<const std::uint8_t*>(x.data) + static_cast<std::uint64_t>(block.from_offset) * size),
        to(static_cast<std::uint8_t*>(y.data) + static_cast<std::uint64_t>(block.to_offset) * size) {
    for (int i = block.shape.rank() - 1; i >= 0; --i) {
      const auto k = static_cast<std::size_t>(i);
      const Dim d{block.shape[i], block.from[k], block.to[k]};
      if (d.extent == 1) continue;
      // A dimension that goes on where the one inside it ends on both sides needs no division of its own.
      if (!dims.empty() && d.from == dims.back().from * dims.back().extent && d.to == dims.back().to * dims.back().extent) {
        dims.back().extent *= d.extent;
      } else {
        dims.push_back(d);
      }
    }
    std::stable_sort(dims.begin(), dims.end(), [](const Dim& a, const Dim& b) { return a.to < b.to; });
  }

  bool has_run() const { return !dims.empty() && dims.front().from == 1 && dims.front().to == 1; }

  // Makes several elements one where runs and all strides and addresses are multiples of that.
  void widen() {
    if (!has_run()) return;
    std::uint64_t bytes = power_in(address_of(from) | address_of(to));
    bytes = std::min(bytes, power_in(static_cast<std::uint64_t>(dims.front().extent) * size));
    for (std::size_t d = 1; d < dims.size(); ++d) {
      bytes = std::min(bytes, power_in(static_cast<std::uint64_t>(dims[d].from | dims[d].to) * size));
    }
    const auto factor = static_cast<std::int64_t>(bytes / size);
    dims.front().extent /= factor;
    for (std::size_t d = 1; d < dims.size(); ++d) {
      dims[d].from /= factor;
      dims[d].to /= factor;
    }
    size = bytes;
  }

  std::int64_t count() const {
    std::int64_t n = 1;
    for (const Dim& d : dims) n *= d.extent;
    return n;
  }
};

void copy(const StridedCopy& block, ConstView x, View y) {
  if (block.shape.numel() == 0) return;
  Plan plan(block, x, y);
  plan.widen();
  const auto rows = std::find_if(plan.dims.begin(), plan.dims.end(), [](const Dim& d) { return d.from == 1; });
  const bool transposes = plan.dims.size() > 1 && plan.dims.front().to == 1 && !plan.has_run() && rows != plan.dims.end() &&
                          std::min(plan.dims.front().extent, rows->extent) >= kShortest;
  with_piece(plan.size, [&](auto zero) {
    using Piece = decltype(zero);
    const auto* from = reinterpret_cast<const Piece*>(plan.from);
    auto* to = reinterpret_cast<Piece*>(plan.to);
    if (transposes) {
      const Plane plane{*rows, plan.dims.front()};
      plan.dims.erase(rows);
      plan.dims.erase(plan.dims.begin());
      const std::int64_t tiles = (plane.rows.extent + kTile - 1) / kTile * ((plane.cols.extent + kTile - 1) / kTile);
      launch("transpose", transpose_kernel<Piece>, grid_of_rows(plan.count() * tiles, kTileThreads), plan.count(),
             walk_of(plan.dims), plane, from, to);
    } else {
      launch("copy", copy_kernel<Piece>, grid_for(plan.count()), plan.count(), walk_of(plan.dims), from, to);
    }
  });
}

void gather_hw(ConstView x, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View y) {
  if (y.numel() == 0) return;
  const std::uint64_t pixel = static_cast<std::uint64_t>(x.shape[3]) * size_of(x.dtype);
  with_piece(power_in(address_of(x.data) | address_of(y.data) | pixel), [&](auto zero) {
    using Piece = decltype(zero);
    const auto pieces = static_cast<std::int64_t>(pixel / sizeof(Piece));
    const std::int64_t n = y.numel() / y.shape[3] * pieces;
    launch("gather_hw", gather_kernel<Piece>, grid_for(n), n, Gather{x.shape[1], x.shape[2], y.shape[1], y.shape[2], pieces},
           device_constant(x.device, rows), device_constant(x.device, cols), static_cast<const Piece*>(x.data),
           static_cast<Piece*>(y.data));
  });
}

// The gather as a linear map: its adjoint sums, for each sample, over the places that it was read to.
AxisMap map_of(std::span<const std::int64_t> indices, std::int64_t inputs) {
  AxisMap map;
  map.inputs = inputs;
  for (const std::int64_t i : indices) {
    if (i >= 0) map.add(i, 1);
    map.end_output();
  }
  return map;
}

void gather_hw_grad(ConstView dy, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View dx) {
  separable("gather_hw_grad", Separable::map, map_of(rows, dx.shape[1]).transposed(), map_of(cols, dx.shape[2]).transposed(), dy,
            dx);
}

}  // namespace

void fill(LayoutKernels& k) {
  k.copy = copy;
  k.gather_hw = gather_hw;
  k.gather_hw_grad = gather_hw_grad;
}

}  // namespace cf::cuda

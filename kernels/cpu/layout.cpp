// Copies by runs, where both sides have runs, and by tiles where a copy transposes.
#include "kernels/layout.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "framework/core/parallel.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

constexpr std::int64_t kGrain = 16384;  // elements worth a thread

struct Dim {
  std::int64_t extent, from, to;
};

// The block's dimensions, those of one element left out, those that both sides walk alike made one.
std::vector<Dim> collapsed(const StridedCopy& block) {
  std::vector<Dim> dims;
  for (int i = 0; i < block.shape.rank(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    const Dim d{block.shape[i], block.from[k], block.to[k]};
    if (d.extent == 1) continue;
    if (!dims.empty() && dims.back().from == d.from * d.extent && dims.back().to == d.to * d.extent) {
      dims.back() = {dims.back().extent * d.extent, d.from, d.to};
    } else {
      dims.push_back(d);
    }
  }
  return dims;
}

// Moves the dimension that satisfies `wanted` to the end of `dims` and takes it off; a dimension of one element if none does.
template <class F>
Dim take_dim(std::vector<Dim>& dims, F&& wanted) {
  const auto it = std::find_if(dims.rbegin(), dims.rend(), wanted);
  if (it == dims.rend()) return {1, 0, 0};
  const Dim d = *it;
  dims.erase(std::next(it).base());
  return d;
}

// A plane of rows x cols elements of type T; strides in elements. Tiles keep both sides' cache lines alive.
template <class T>
void copy_plane(const T* from, T* to, const Dim& row, const Dim& col, std::int64_t col_begin, std::int64_t col_end) {
  constexpr std::int64_t kTile = 16;
  for (std::int64_t c0 = col_begin; c0 < col_end; c0 += kTile) {
    const std::int64_t c1 = std::min(c0 + kTile, col_end);
    for (std::int64_t r0 = 0; r0 < row.extent; r0 += kTile) {
      const std::int64_t r1 = std::min(r0 + kTile, row.extent);
      for (std::int64_t r = r0; r < r1; ++r) {
        for (std::int64_t c = c0; c < c1; ++c) to[r * row.to + c * col.to] = from[r * row.from + c * col.from];
      }
    }
  }
}

// Calls fn(from, to, begin, end) for pieces [begin, end) of the `split` extent at every index of the outer dimensions.
template <class F>
void for_each_piece(const std::vector<Dim>& outer, std::int64_t split, std::int64_t weight, F&& fn) {
  std::int64_t count = 1;
  for (const Dim& d : outer) count *= d.extent;
  const std::int64_t chunk =
      std::clamp<std::int64_t>(kGrain / std::max<std::int64_t>(1, weight), 16, std::max<std::int64_t>(16, split));
  const std::int64_t chunks = (split + chunk - 1) / chunk;
  const std::int64_t grain = 1 + kGrain / (std::min(chunk, split) * weight + 1);
  parallel_for(count * chunks, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t rest = i / chunks;
      std::int64_t from = 0;
      std::int64_t to = 0;
      for (auto d = outer.rbegin(); d != outer.rend(); ++d) {
        from += rest % d->extent * d->from;
        to += rest % d->extent * d->to;
        rest /= d->extent;
      }
      const std::int64_t first = i % chunks * chunk;
      fn(from, to, first, std::min(split, first + chunk));
    }
  });
}

template <class T>
void copy_typed(const StridedCopy& block, const T* x, T* y) {
  std::vector<Dim> dims = collapsed(block);
  x += block.from_offset;
  y += block.to_offset;
  const Dim run = take_dim(dims, [](const Dim& d) { return d.from == 1 && d.to == 1; });
  if (run.extent > 1) {
    const Dim rows = dims.empty() ? Dim{1, 0, 0} : dims.back();
    if (!dims.empty()) dims.pop_back();
    const std::size_t bytes = static_cast<std::size_t>(run.extent) * sizeof(T);
    for_each_piece(dims, rows.extent, run.extent, [&](std::int64_t from, std::int64_t to, std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) std::memcpy(y + to + r * rows.to, x + from + r * rows.from, bytes);
    });
    return;
  }
  const Dim col = take_dim(dims, [](const Dim& d) { return d.to == 1; });
  const Dim row = take_dim(dims, [](const Dim& d) { return d.from == 1; });
  for_each_piece(dims, col.extent, row.extent, [&](std::int64_t from, std::int64_t to, std::int64_t begin, std::int64_t end) {
    copy_plane(x + from, y + to, row, col, begin, end);
  });
}

void copy(const StridedCopy& block, ConstView x, View y) {
  const auto typed = [&](auto zero) {
    using T = decltype(zero);
    copy_typed(block, static_cast<const T*>(x.data), static_cast<T*>(y.data));
  };
  switch (size_of(x.dtype)) {
    case 1: return typed(std::uint8_t{});
    case 2: return typed(std::uint16_t{});
    case 4: return typed(std::uint32_t{});
    default: return typed(std::uint64_t{});
  }
}

void gather_hw(ConstView x, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View y) {
  const auto height = static_cast<std::int64_t>(rows.size());
  const std::size_t width = cols.size();
  const std::int64_t h = x.shape[1];
  const std::int64_t w = x.shape[2];
  const std::size_t pixel = static_cast<std::size_t>(x.shape[3]) * size_of(x.dtype);
  const auto* in = static_cast<const std::uint8_t*>(x.data);
  auto* out = static_cast<std::uint8_t*>(y.data);
  parallel_for(x.shape[0] * height, 1 + kGrain * 4 / static_cast<std::int64_t>(1 + width * pixel),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const std::int64_t row = rows[static_cast<std::size_t>(i % height)];
                   const std::uint8_t* from =
                       in + static_cast<std::size_t>((i / height * h + std::max<std::int64_t>(row, 0)) * w) * pixel;
                   std::uint8_t* to = out + static_cast<std::size_t>(i) * width * pixel;
                   for (std::size_t j = 0; j < width;) {
                     // The longest run of neighbours, in the source or among the zeros.
                     const bool zero = row < 0 || cols[j] < 0;
                     std::size_t run = 1;
                     while (j + run < width &&
                            (zero ? row < 0 || cols[j + run] < 0 : cols[j + run] == cols[j] + static_cast<std::int64_t>(run))) {
                       ++run;
                     }
                     if (zero) {
                       std::memset(to + j * pixel, 0, run * pixel);
                     } else {
                       std::memcpy(to + j * pixel, from + static_cast<std::size_t>(cols[j]) * pixel, run * pixel);
                     }
                     j += run;
                   }
                 }
               });
}

// Each row of dx collects the rows of dy that were read from it, so that rows are independent.
void gather_hw_grad(ConstView dy, std::span<const std::int64_t> rows, std::span<const std::int64_t> cols, View dx) {
  if (dx.dtype != DType::f32) return kernel_table(Backend::reference).layout.gather_hw_grad(dy, rows, cols, dx);
  const std::int64_t h = dx.shape[1];
  const std::int64_t c = dx.shape[3];
  const std::int64_t row_size = dx.shape[2] * c;
  const auto height = static_cast<std::int64_t>(rows.size());
  const auto width = static_cast<std::int64_t>(cols.size());
  std::vector<std::vector<std::int64_t>> readers(static_cast<std::size_t>(h));
  for (std::int64_t i = 0; i < height; ++i) {
    const std::int64_t row = rows[static_cast<std::size_t>(i)];
    if (row >= 0) readers[static_cast<std::size_t>(row)].push_back(i);
  }
  const auto* g = dy.as<float>();
  auto* d = dx.as<float>();
  parallel_for(dx.shape[0] * h, 1 + kGrain / (1 + row_size), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* to = d + i * row_size;
      std::fill(to, to + row_size, 0.0F);
      for (const std::int64_t reader : readers[static_cast<std::size_t>(i % h)]) {
        const float* from = g + (i / h * height + reader) * width * c;
        for (std::int64_t j = 0; j < width; ++j, from += c) {
          const std::int64_t col = cols[static_cast<std::size_t>(j)];
          if (col < 0) continue;
          for (std::int64_t k = 0; k < c; ++k) to[col * c + k] += from[k];
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

}  // namespace cf::cpu

#include "data/image/planes.h"

#include <algorithm>

#include "framework/core/parallel.h"

namespace cf {

Planes::Planes(std::int64_t h, std::int64_t w, std::int64_t b)
    : rows(h), cols(w), bands(b), data(static_cast<std::size_t>(h * w * b), 0.0) {}

Planes Planes::crop(std::int64_t y, std::int64_t x, std::int64_t h, std::int64_t w) const {
  check(y >= 0 && x >= 0 && h > 0 && w > 0 && y + h <= rows && x + w <= cols,
        "image: rows {}..{} and columns {}..{} asked of an image of {} x {}", y, y + h, x, x + w, rows, cols);
  Planes out(h, w, bands);
  for (std::int64_t b = 0; b < bands; ++b) {
    for (std::int64_t r = 0; r < h; ++r) {
      const double* from = band(b) + (y + r) * cols + x;
      std::copy(from, from + w, out.band(b) + r * w);
    }
  }
  return out;
}

Planes to_planes(const Tensor& image, std::string_view what) {
  check(image.defined() && (image.rank() == 2 || image.rank() == 3), "{}: expected an image (H, W, B) or (H, W), got {}", what,
        image.defined() ? image.shape().str() : "nothing");
  const std::int64_t bands = image.rank() == 3 ? image.dim(2) : 1;
  Planes out(image.dim(0), image.dim(1), bands);
  const Tensor wide = image.dtype() == DType::f64 ? image : image.to(DType::f64);
  const double* in = wide.span<double>().data();
  parallel_for(out.pixels(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = 0; b < bands; ++b) {
      double* band = out.band(b);
      for (std::int64_t p = begin; p < end; ++p) band[p] = in[p * bands + b];
    }
  });
  return out;
}

Tensor to_tensor(const Planes& planes) {
  Tensor out = Tensor::empty({planes.rows, planes.cols, planes.bands}, DType::f64);
  double* to = out.span<double>().data();
  parallel_for(planes.pixels(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = 0; b < planes.bands; ++b) {
      const double* band = planes.band(b);
      for (std::int64_t p = begin; p < end; ++p) to[p * planes.bands + b] = band[p];
    }
  });
  return out;
}

}  // namespace cf

// Classical methods on whole images, with the borders of the field's toolbox.
#include <array>

#include "data/classical/methods.h"
#include "data/image/interp.h"
#include "data/image/mtf.h"

namespace cf {
namespace {

using classical::Demand;
using classical::Piece;

// One band: the mean over PAN's.
Tensor single_band(const Tensor& pan) {
  const std::int64_t bands = pan.rank() == 3 ? pan.dim(2) : 1;
  const Tensor in = pan.to(DType::f32);
  const Tensor out = Tensor::zeros({pan.dim(0), pan.dim(1), 1});
  const auto from = in.span<float>();
  const auto to = out.span<float>();
  for (std::size_t i = 0; i < from.size(); ++i) to[i / static_cast<std::size_t>(bands)] += from[i] / static_cast<float>(bands);
  return out;
}

// PAN filtered by each gain's MTF as one image of as many bands.
Planes filtered(const Planes& pan, std::span<const double> gains, std::int64_t ratio, Decimation keep) {
  Planes all;
  for (const double gain : gains) {
    const Planes one = mtf_filter(pan, std::array{gain}, ratio, keep);
    all.rows = one.rows;
    all.cols = one.cols;
    ++all.bands;
    all.data.insert(all.data.end(), one.data.begin(), one.data.end());
  }
  return all;
}

Tensor narrow(const Planes& image) { return to_tensor(image).to(DType::f32); }

void check_sizes(const Tensor& pan, const Tensor& ms, const Tensor& lms, std::int64_t ratio) {
  check((pan.rank() == 3 || pan.rank() == 2) && ms.rank() == 3 && lms.rank() == 3,
        "classical methods: images of shape {}, {} and {}, expected (H, W, P), (H / R, W / R, B) and (H, W, B)",
        pan.shape().str(), ms.shape().str(), lms.shape().str());
  check(pan.dim(0) == lms.dim(0) && pan.dim(1) == lms.dim(1) && ms.dim(0) * ratio == lms.dim(0) &&
            ms.dim(1) * ratio == lms.dim(1) && ms.dim(2) == lms.dim(2),
        "classical methods: PAN is {}, MS {}, LMS {}, the ratio {}", pan.shape().str(), ms.shape().str(), lms.shape().str(),
        ratio);
}

}  // namespace

Tensor fuse_classical(std::string_view key, const Tensor& pan, const Tensor& ms, const Tensor& lms, std::int64_t ratio,
                      const ClassicalOptions& options) {
  check_sizes(pan, ms, lms, ratio);
  const auto settings = classical::settle(options, lms.dim(2), ratio);
  const auto method = classical::make_method(key, settings);
  const Demand demand = method->demand();
  const Tensor fine = single_band(pan);
  const Tensor coarse = ms.to(DType::f32);
  const Tensor between = lms.to(DType::f32);
  const Planes planes = to_planes(fine, "classical methods, PAN");
  const Decimation decimated = lms_decimation(ratio);

  Piece piece{.rows = lms.dim(0), .cols = lms.dim(1), .bands = lms.dim(2)};
  piece.pan = {fine.span<float>().data(), piece.cols};
  piece.lms = {between.span<float>().data(), piece.cols * piece.bands};
  Tensor low;
  if (demand.low == Demand::Low::smooth) low = narrow(mtf_filter(planes, demand.gains, ratio, {}, demand.span));
  if (demand.low == Demand::Low::interpolated) {
    low = narrow(upsample_lms(filtered(planes, demand.gains, ratio, decimated), ratio));
  }
  if (low.defined()) piece.low = {low.span<float>().data(), piece.cols * low.dim(2)};
  Tensor cell_pan;
  if (demand.cells) {
    cell_pan = narrow(mtf_filter(planes, std::array{demand.cell_gain}, ratio, decimated, demand.cell_span));
    piece.cell_rows = ms.dim(0);
    piece.cell_cols = ms.dim(1);
    piece.ms = {coarse.span<float>().data(), piece.cell_cols * piece.bands};
    piece.cell_pan = {cell_pan.span<float>().data(), piece.cell_cols};
  }
  if (demand.survey()) {
    classical::Survey survey(demand, piece.bands);
    survey.add(piece);
    method->learn(survey.knowledge());
  }
  const Tensor out = Tensor::empty(lms.shape());
  fuse_piece(*method, piece, out.span<float>().data());
  return out;
}

}  // namespace cf

#include "tools/cfrun/resident_set.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "framework/ops/patches.h"

namespace cf {
namespace {

constexpr std::int64_t kChunkBytes = std::int64_t{64} << 20;

// The DN of a value that was divided by the scale; -1 where it is no whole number of DN that a u16 holds.
std::int64_t dn_of(float value, float scale) {
  const float dn = std::round(value * scale);
  const bool fits = dn >= 0 && dn <= 65535;
  return fits && dn / scale == value ? static_cast<std::int64_t>(dn) : -1;
}

bool all_whole(const Tensor& images, float scale) {
  const auto values = images.span<float>();
  return std::all_of(values.begin(), values.end(), [&](float v) { return dn_of(v, scale) >= 0; });
}

Tensor in_dn(const Tensor& images, float scale) {
  Tensor out = Tensor::empty(images.shape(), DType::u16);
  const auto to = out.span<std::uint16_t>();
  std::transform(images.span<float>().begin(), images.span<float>().end(), to.begin(),
                 [&](float v) { return static_cast<std::uint16_t>(dn_of(v, scale)); });
  return out;
}

// Calls fn(first sample, batch) for the whole set, piece by piece.
template <class F>
void for_chunks(const Dataset& set, F&& fn) {
  const std::int64_t step = std::max<std::int64_t>(1, kChunkBytes / std::max<std::int64_t>(1, set.bytes() / set.size()));
  for (std::int64_t first = 0; first < set.size(); first += step) {
    std::vector<std::int64_t> indices(static_cast<std::size_t>(std::min(step, set.size() - first)));
    std::iota(indices.begin(), indices.end(), first);
    fn(first, set.read(indices));
  }
}

Shape with_samples(Shape shape, std::int64_t samples) {
  shape[0] = samples;
  return shape;
}

}  // namespace

ResidentSet::Plan ResidentSet::plan(const Dataset& set) {
  Plan plan;
  plan.whole.fill(true);
  std::array<std::int64_t, kImages.size()> values{};
  const auto scale = static_cast<float>(set.options().scale);
  for_chunks(set, [&](std::int64_t, const Batch& chunk) {
    for (std::size_t i = 0; i < kImages.size(); ++i) {
      const Tensor& images = chunk.*kImages[i];
      if (!images.defined()) continue;
      values[i] += images.numel();
      plan.whole[i] = plan.whole[i] && all_whole(images, scale);
    }
  });
  for (std::size_t i = 0; i < kImages.size(); ++i) {
    plan.bytes += static_cast<std::size_t>(values[i]) * size_of(plan.whole[i] ? DType::u16 : DType::f32);
  }
  return plan;
}

ResidentSet::ResidentSet(const Dataset& set, const Plan& plan, Device device) : scale_(set.options().scale) {
  const auto scale = static_cast<float>(scale_);
  for_chunks(set, [&](std::int64_t first, const Batch& chunk) {
    for (std::size_t i = 0; i < kImages.size(); ++i) {
      const Tensor& images = chunk.*kImages[i];
      if (!images.defined()) continue;
      Tensor& all = set_.*kImages[i];
      const DType dtype = plan.whole[i] ? DType::u16 : DType::f32;
      if (!all.defined()) all = Tensor::empty(with_samples(images.shape(), set.size()), dtype, device);
      const std::int64_t before = first * (images.numel() / images.dim(0));
      Tensor::window(all.storage(), before, images.shape(), dtype).copy_from(plan.whole[i] ? in_dn(images, scale) : images);
    }
  });
}

Batch ResidentSet::make_batch(std::int64_t samples) const {
  Batch batch;
  for (const auto image : kImages) {
    const Tensor& all = set_.*image;
    if (all.defined()) batch.*image = Tensor::empty(with_samples(all.shape(), samples), DType::f32, all.device());
  }
  return batch;
}

void ResidentSet::gather(const Tensor& indices, const Tensor& symmetries, const Batch& out) const {
  for (const auto image : kImages) {
    const Tensor& all = set_.*image;
    if (!all.defined()) continue;
    ops::gather_patches(all, indices, symmetries, all.dtype() == DType::u16 ? scale_ : 1, out.*image);
  }
}

}  // namespace cf

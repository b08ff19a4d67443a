#include "data/dataset.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "data/image/interp.h"
#include "data/presets.h"
#include "framework/core/check.h"

namespace cf {
namespace {

constexpr std::int64_t kSlabBytes = std::int64_t{32} << 20;

// In the order of PanCollection's files.
std::string text(const Shape& s) { return fmt::format("{} x {} x {} x {} (N x C x H x W)", s[0], s[3], s[1], s[2]); }

std::int64_t memory_limit(std::int64_t asked) {
  if (asked >= 0) return asked;
  const auto machine = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return std::min(std::int64_t{4} << 30, machine / 2);
}

struct Scan {
  std::int64_t bad = 0;  // NaN or infinite
  float largest = 0;
};

Scan scan(std::span<const float> values) {
  Scan result;
  for (const float v : values) {
    result.bad += std::isfinite(v) ? 0 : 1;
    result.largest = std::max(result.largest, v);  // a NaN compares false and is passed over
  }
  return result;
}

}  // namespace

Dataset::Dataset(std::filesystem::path path, const DatasetOptions& options, ImageSources sources)
    : path_(std::move(path)), options_(options), sources_(std::move(sources)) {}

Dataset Dataset::open(const std::filesystem::path& path, const DatasetOptions& options) {
  check(options.ratio >= 1 && options.pan_bands >= 1 && options.multiple >= 1 && options.scale > 0,
        "data: ratio {}, PAN bands {}, multiple {} and scale {} must be positive", options.ratio, options.pan_bands,
        options.multiple, options.scale);
  Dataset set(path, options, open_sources(path, options.scale));
  set.check_shapes();
  if (set.bytes() <= memory_limit(options.memory_limit)) set.hold();
  return set;
}

void Dataset::check_shapes() const {
  const Shape& ms = sources_.ms->shape();
  const Shape& pan = sources_.pan->shape();
  check(ms.numel() > 0, "data: {} holds no samples: ms is {}", path_.string(), text(ms));
  check(options_.bands == 0 || ms[3] == options_.bands,
        "data: {} has {} bands; the configuration asks for {} (data.bands, or those of data.sensor: docs/data.md)",
        path_.string(), ms[3], options_.bands);
  check(pan[3] == options_.pan_bands, "data: {}: pan has {} bands; the configuration asks for {} (data.pan_bands)",
        path_.string(), pan[3], options_.pan_bands);
  check(!options_.require_gt || has_gt(),
        "data: {} has no dataset 'gt': a full-resolution set, where training and reduced-resolution tests need the ground truth",
        path_.string());
  const auto expect = [&](const ImageSourcePtr& source, std::int64_t channels) {
    if (source == nullptr) return;
    const Shape wanted{ms[0], ms[1] * options_.ratio, ms[2] * options_.ratio, channels};
    check(source->shape() == wanted, "{}: is {}; ms of {} at ratio {} calls for {}", source->where(), text(source->shape()),
          text(ms), options_.ratio, text(wanted));
  };
  expect(sources_.pan, pan[3]);
  expect(sources_.lms, ms[3]);
  expect(sources_.gt, ms[3]);
  check(pan[1] % options_.multiple == 0 && pan[2] % options_.multiple == 0,
        "data: {}: images of {} x {} pixels; the network needs multiples of {}", path_.string(), pan[1], pan[2],
        options_.multiple);
}

std::int64_t Dataset::bytes() const {
  const std::int64_t fine = size() * height() * width();
  const std::int64_t values = fine * (bands() * (has_gt() ? 2 : 1) + options_.pan_bands) + sources_.ms->shape().numel();
  return values * static_cast<std::int64_t>(sizeof(float));
}

void Dataset::read_scaled(const ImageSource& source, bool may_overshoot, std::int64_t first, std::int64_t count,
                          float* out) const {
  source.read(first, count, out);
  const std::int64_t numel = source.sample_numel();
  const auto scale = static_cast<float>(options_.scale);
  for (std::int64_t n = 0; n < count; ++n) {
    const std::span<float> sample(out + n * numel, static_cast<std::size_t>(numel));
    const Scan seen = scan(sample);
    check(seen.bad == 0, "{}: sample {} has {} pixels that are NaN or infinite, of {}", source.where(), first + n, seen.bad,
          numel);
    const double relative = static_cast<double>(seen.largest) / options_.scale;
    check(may_overshoot || options_.max_value <= 0 || relative <= options_.max_value,
          "{}: sample {} has values up to {:g}, {:.3g} times the scale of {:g}; set data.scale to the sensor's largest value "
          "({:g}?)",
          source.where(), first + n, seen.largest, relative, options_.scale, likely_scale(seen.largest));
    for (float& v : sample) v /= scale;
  }
}

void Dataset::hold() {
  const auto load = [&](const ImageSourcePtr& source, bool may_overshoot) {
    if (source == nullptr) return Tensor();
    Tensor all = Tensor::empty(source->shape());
    float* out = all.span<float>().data();
    const std::int64_t numel = source->sample_numel();
    const std::int64_t step = std::max<std::int64_t>(1, kSlabBytes / (numel * std::int64_t{sizeof(float)}));
    for (std::int64_t first = 0; first < size(); first += step) {
      read_scaled(*source, may_overshoot, first, std::min(step, size() - first), out + first * numel);
    }
    return all;
  };
  held_.gt = load(sources_.gt, false);
  held_.ms = load(sources_.ms, false);
  held_.pan = load(sources_.pan, false);
  held_.lms = has_lms() ? load(sources_.lms, true) : interpolated(held_.ms);
}

Tensor Dataset::interpolated(const Tensor& ms) const {
  const Shape& s = ms.shape();
  const Shape sample{s[1], s[2], s[3]};
  Tensor lms = Tensor::empty({s[0], s[1] * options_.ratio, s[2] * options_.ratio, s[3]});
  float* out = lms.span<float>().data();
  for (std::int64_t n = 0; n < s[0]; ++n) {
    const Tensor image = Tensor::window(ms.storage(), ms.storage_offset() + n * sample.numel(), sample, DType::f32);
    const Tensor fine = upsample_lms(image, options_.ratio).to(DType::f32);
    out = std::copy_n(fine.span<float>().data(), fine.numel(), out);
  }
  return lms;
}

Tensor Dataset::gather(const ImageSourcePtr& source, const Tensor& held, std::span<const std::int64_t> indices) const {
  Shape shape = held.defined() ? held.shape() : source->shape();
  const std::int64_t numel = shape.numel() / shape[0];
  shape[0] = static_cast<std::int64_t>(indices.size());
  Tensor out = Tensor::empty(shape);
  float* const to = out.span<float>().data();
  if (held.defined()) {
    const float* from = held.span<float>().data();
    for (std::size_t i = 0; i < indices.size(); ++i) {
      std::copy_n(from + indices[i] * numel, numel, to + static_cast<std::int64_t>(i) * numel);
    }
    return out;
  }
  // In the order of the file, so that the disk and the library's chunk cache are walked forwards.
  std::vector<std::int64_t> order(indices.size());
  std::iota(order.begin(), order.end(), 0);
  const auto at = [&](std::int64_t i) { return indices[static_cast<std::size_t>(i)]; };
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return at(a) < at(b); });
  for (const std::int64_t i : order) read_scaled(*source, source == sources_.lms, at(i), 1, to + i * numel);
  return out;
}

Batch Dataset::read(std::span<const std::int64_t> indices) const {
  for (const std::int64_t i : indices) {
    check(i >= 0 && i < size(), "data: {}: sample {} asked of {}", path_.string(), i, size());
  }
  Batch batch;
  if (has_gt()) batch.gt = gather(sources_.gt, held_.gt, indices);
  batch.ms = gather(sources_.ms, held_.ms, indices);
  batch.pan = gather(sources_.pan, held_.pan, indices);
  batch.lms = has_lms() || in_memory() ? gather(sources_.lms, held_.lms, indices) : interpolated(batch.ms);
  return batch;
}

}  // namespace cf

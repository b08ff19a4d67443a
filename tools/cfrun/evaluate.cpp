#include "tools/cfrun/evaluate.h"

#include <cmath>
#include <numeric>

#include "data/images.h"
#include "data/presets.h"
#include "framework/ops/layout.h"

namespace cf {

namespace {

using Variant = QualityOptions::Variant;

Variant variant_named(const std::string& name) {
  if (name == "cf2n") return Variant::cf2n;
  if (name == "hyperspectral") return Variant::hyperspectral;
  return name == "clouds" ? Variant::clouds : Variant::toolbox;
}

// Metric `m` of all images that have it.
std::vector<double> values_of(const std::vector<MetricList>& rows, std::size_t m) {
  std::vector<double> values;
  for (const MetricList& row : rows) {
    if (!std::isnan(row[m].second)) values.push_back(row[m].second);
  }
  return values;
}

}  // namespace

QualityOptions quality_options(const Experiment& e) {
  QualityOptions options;
  options.variant = variant_named(e.test.metrics);
  options.ratio = e.data.ratio;
  options.peak = e.scale();
  options.sensor = std::string(sensor_preset(e.data.sensor).mtf);
  options.substitute_sensor = e.test.substitute_mtf;
  options.crop = e.test.crop;
  options.clip = e.test.clip;
  return options;
}

MetricList metrics_of(const Batch& batch, const Tensor& fused, const Experiment& e, std::int64_t image) {
  const QualityOptions quality = quality_options(e);
  const auto dn = [&](const Tensor& images) { return image_in_dn(images, image, e.scale()); };
  if (quality.variant == Variant::clouds) {
    check(batch.gt.defined(), "metrics: clouds are compared with a clear image, and there is none");
    return evaluate_clouds(dn(batch.gt), fused, dn(batch.lms), quality);
  }
  if (batch.gt.defined()) return evaluate_reduced(dn(batch.gt), fused, quality);
  return evaluate_full(fused, dn(batch.ms), dn(batch.lms), dn(batch.pan), quality);
}

MetricList mean_of(const std::vector<MetricList>& rows) {
  check(!rows.empty(), "metrics: no image to average over");
  MetricList mean = rows.front();
  for (std::size_t m = 0; m < mean.size(); ++m) {
    const std::vector<double> values = values_of(rows, m);
    mean[m].second = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  return mean;
}

MetricList deviation_of(const std::vector<MetricList>& rows) {
  MetricList deviation = mean_of(rows);
  for (std::size_t m = 0; m < deviation.size(); ++m) {
    const std::vector<double> values = values_of(rows, m);
    double sum = 0;
    for (const double v : values) sum += std::pow(v - deviation[m].second, 2);
    deviation[m].second = values.size() > 1 ? std::sqrt(sum / static_cast<double>(values.size() - 1)) : 0;
  }
  return deviation;
}

Pictures pictures_of(const Tensor& pan, const Tensor& lms, const Tensor& fused, const Tensor& gt, const Tensor& detail,
                     const Bands& rgb) {
  const Stretch colours = percentile_stretch(gt.defined() ? gt : fused, rgb);
  Pictures pictures = {
      {"pan", show(pan, percentile_stretch(pan, {0, 0, 0}))}, {"lms", show(lms, colours)}, {"fused", show(fused, colours)}};
  if (gt.defined()) {
    pictures.emplace_back("gt", show(gt, colours));
    pictures.emplace_back("error", show_error(fused, gt));
  }
  if (detail.defined()) pictures.emplace_back("detail", show_signed(detail, rgb));
  return pictures;
}

std::vector<std::pair<std::string, std::string>> tensorboard_pictures(const Batch& batch, const FusionOutput& output,
                                                                      const Bands& rgb) {
  const auto first = [](const Tensor& images) { return images.defined() ? ops::slice(images.detach(), 0, 0, 1) : Tensor(); };
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, picture] :
       pictures_of(first(batch.pan), first(batch.lms), first(output.fused), first(batch.gt), first(output.detail), rgb)) {
    encoded.emplace_back("valid/" + name, encode_png(picture));
  }
  return encoded;
}

}  // namespace cf

#include "tools/cfrun/evaluate.h"

#include <cmath>

#include "data/images.h"
#include "data/presets.h"
#include "framework/ops/layout.h"

namespace cf {

QualityOptions quality_options(const Experiment& e) {
  QualityOptions options;
  options.variant = e.test.metrics == "cf2n" ? QualityOptions::Variant::cf2n : QualityOptions::Variant::toolbox;
  options.ratio = e.data.ratio;
  options.peak = e.scale();
  options.sensor = std::string(sensor_preset(e.data.sensor).mtf);
  options.substitute_sensor = e.test.substitute_mtf;
  options.crop = e.test.crop;
  options.clip = e.test.clip;
  return options;
}

MetricList metrics_of(const Batch& batch, const Tensor& fused, const Experiment& e) {
  const QualityOptions quality = quality_options(e);
  const auto dn = [&](const Tensor& images) { return image_in_dn(images, 0, e.scale()); };
  if (batch.gt.defined()) return evaluate_reduced(dn(batch.gt), fused, quality);
  return evaluate_full(fused, dn(batch.ms), dn(batch.lms), dn(batch.pan), quality);
}

MetricList mean_of(const std::vector<MetricList>& rows) {
  check(!rows.empty(), "metrics: no image to average over");
  MetricList mean = rows.front();
  for (std::size_t m = 0; m < mean.size(); ++m) {
    double sum = 0;
    for (const MetricList& row : rows) sum += row[m].second;
    mean[m].second = sum / static_cast<double>(rows.size());
  }
  return mean;
}

MetricList deviation_of(const std::vector<MetricList>& rows) {
  MetricList deviation = mean_of(rows);
  for (std::size_t m = 0; m < deviation.size(); ++m) {
    double sum = 0;
    for (const MetricList& row : rows) sum += std::pow(row[m].second - deviation[m].second, 2);
    deviation[m].second = rows.size() > 1 ? std::sqrt(sum / static_cast<double>(rows.size() - 1)) : 0;
  }
  return deviation;
}

Pictures pictures_of(const Tensor& pan, const Tensor& lms, const Tensor& fused, const Tensor& gt, const Tensor& detail) {
  const Bands rgb = rgb_bands(lms.dim(-1));
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

std::vector<std::pair<std::string, std::string>> tensorboard_pictures(const Batch& batch, const FusionOutput& output) {
  const auto first = [](const Tensor& images) { return images.defined() ? ops::slice(images.detach(), 0, 0, 1) : Tensor(); };
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, picture] :
       pictures_of(first(batch.pan), first(batch.lms), first(output.fused), first(batch.gt), first(output.detail))) {
    encoded.emplace_back("valid/" + name, encode_png(picture));
  }
  return encoded;
}

}  // namespace cf

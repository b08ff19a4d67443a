// Metrics and pictures of fused images, as validation and `cfrun test` need them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/images.h"
#include "data/quality/quality.h"
#include "tools/cfrun/session.h"

namespace cf {

// The conventions that an experiment asks for.
QualityOptions quality_options(const Experiment& experiment);

// The metrics of an image of `batch`, of which `fused` (H, W, C) is the fusion in DN: at reduced resolution where there is a
// ground truth.
MetricList metrics_of(const Batch& batch, const Tensor& fused, const Experiment& experiment, std::int64_t image = 0);

// Metric by metric over images: the mean, and the standard deviation with n - 1 (0 for one image). Images of which a metric
// is NaN, such as those without a cloud, do not count for it.
MetricList mean_of(const std::vector<MetricList>& rows);
MetricList deviation_of(const std::vector<MetricList>& rows);

using Pictures = std::vector<std::pair<std::string, Picture>>;

// "pan", "lms", "fused", then "gt" and "error" where there is a ground truth, "detail" where there is one. Images are
// (H, W, C) or (1, H, W, C) of one unit; colours, of the bands `rgb`, are stretched alike.
Pictures pictures_of(const Tensor& pan, const Tensor& lms, const Tensor& fused, const Tensor& gt, const Tensor& detail,
                     const Bands& rgb);

// The pictures of a batch's first image, as tag and PNG.
std::vector<std::pair<std::string, std::string>> tensorboard_pictures(const Batch& batch, const FusionOutput& output,
                                                                      const Bands& rgb);

}  // namespace cf

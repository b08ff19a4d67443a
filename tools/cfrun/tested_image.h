// What `cfrun test` finds of one image, and how it travels to the rank that writes it down.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/quality/quality.h"
#include "models/fusion_model.h"
#include "tools/cfrun/fuser.h"

namespace cf {

using MethodMetrics = std::vector<std::pair<std::string, MetricList>>;

struct TestedImage {
  Batch batch;  // does not travel: it is read where it is needed
  FusionOutput output;
  MethodMetrics rows;
  double seconds = 0;  // of fusing
  SamplingCost cost;   // likewise
};

// Bit by bit, NaN included.
std::string packed(const TestedImage& image);
TestedImage unpacked_image(const std::string& text);

}  // namespace cf

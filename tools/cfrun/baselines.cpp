#include "tools/cfrun/baselines.h"

#include "data/classical/classical.h"
#include "data/presets.h"

namespace cf {
namespace {

Tensor first_image(const Tensor& images) {
  const Shape& s = images.shape();
  return Tensor::window(images.storage(), images.storage_offset(), {s[1], s[2], s[3]}, images.dtype());
}

}  // namespace

std::vector<std::pair<std::string, MetricList>> baseline_rows(const Batch& batch, const Experiment& experiment) {
  check(experiment.data.ratio >= 2, "--baselines: classical methods sharpen MS by a finer PAN; the ratio of this set is {}",
        experiment.data.ratio);
  ClassicalOptions options;
  options.sensor = std::string(sensor_preset(experiment.data.sensor).mtf);
  std::vector<std::pair<std::string, MetricList>> rows;
  for (const ClassicalName& name : classical_names()) {
    if (name.key == "exp") continue;
    const Tensor fused = fuse_classical(name.key, first_image(batch.pan), first_image(batch.ms), first_image(batch.lms),
                                        experiment.data.ratio, options);
    const Tensor dn = image_in_dn(fused.alias({1, fused.dim(0), fused.dim(1), fused.dim(2)}), 0, experiment.scale());
    rows.emplace_back(name.title, metrics_of(batch, dn, experiment));
  }
  return rows;
}

}  // namespace cf

#include "tools/cfrun/experiment.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/presets.h"

namespace cf {
namespace {

constexpr const char* kSchemaTitle = "A cfrun experiment";

// What follows from other fields is settled here, once, so that nothing below asks twice.
Experiment settled(Experiment experiment) {
  const SensorPreset& sensor = sensor_preset(experiment.data.sensor);
  if (experiment.data.bands == 0) experiment.data.bands = sensor.bands;
  if (experiment.data.scale == 0) experiment.data.scale = sensor.scale;
  if (experiment.data.ratio == 0) experiment.data.ratio = sensor.ratio;
  if (experiment.data.pan_bands == 0) experiment.data.pan_bands = sensor.pan_bands;
  if (experiment.test.metrics == "auto") experiment.test.metrics = sensor.metrics;
  experiment.model.diffusion = experiment.diffusion;
  experiment.model.sampler = experiment.sampler;
  experiment.model.tiles = experiment.tiles;
  experiment.model.bands = experiment.data.bands;
  experiment.model.pan_bands = experiment.data.pan_bands;
  experiment.model.ratio = experiment.data.ratio;
  (void)experiment.rgb();  // says here what is wrong with it
  return experiment;
}

}  // namespace

std::filesystem::path Experiment::data_path(const std::string& file) const {
  return file.empty() ? std::filesystem::path() : std::filesystem::path(data.dir) / file;
}

double Experiment::scale() const { return data.scale; }

std::array<std::int64_t, 3> Experiment::rgb() const {
  const SensorPreset& sensor = sensor_preset(data.sensor);
  check(data.rgb.empty() || data.rgb_nm.empty(), "data.rgb and data.rgb_nm both say what pictures show; leave one out");
  check(data.wavelengths.empty() || static_cast<std::int64_t>(data.wavelengths.size()) == data.bands,
        "data.wavelengths: {} wavelengths for {} bands (data.bands, or those of data.sensor)", data.wavelengths.size(),
        data.bands);
  if (data.rgb.empty() && data.rgb_nm.empty()) return rgb_bands(sensor, data.bands);
  const std::size_t count = std::max(data.rgb.size(), data.rgb_nm.size());
  check(count == 3, "{}: {} values, expected three, for red, green and blue", data.rgb.empty() ? "data.rgb_nm" : "data.rgb",
        count);
  std::array<std::int64_t, 3> bands{};
  for (std::size_t i = 0; i < bands.size(); ++i) {
    if (data.rgb.empty()) {
      const bool known = static_cast<std::int64_t>(sensor.wavelengths.size()) == data.bands;
      const auto centres = data.wavelengths.empty() && known ? sensor.wavelengths : data.wavelengths;
      bands[i] = band_at(centres, data.rgb_nm[i], fmt::format("data.rgb_nm, sensor '{}'", data.sensor));
    } else {
      check(data.rgb[i] <= data.bands, "data.rgb: there is no band {}; the images have {}", data.rgb[i], data.bands);
      bands[i] = data.rgb[i] - 1;
    }
  }
  return bands;
}

DatasetOptions Experiment::dataset_options(bool require_gt, std::int64_t size_multiple) const {
  DatasetOptions options;
  options.ratio = data.ratio;
  options.pan_bands = data.pan_bands;
  options.bands = data.bands;
  options.scale = data.scale;
  options.require_gt = require_gt;
  options.multiple = size_multiple;
  options.memory_limit = static_cast<std::int64_t>(data.memory_gb * 0x1p30);
  return options;
}

Experiment read_experiment(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  ordered_json json = read_json(path);
  const ordered_json schema = experiment_schema();
  for (const std::string& assignment : overrides) config::apply_override(json, schema, assignment);
  return experiment_from(json, path.string());
}

Experiment experiment_from(const ordered_json& json, const std::string& source) {
  return settled(config::read<Experiment>(json, source));
}

ordered_json to_json(const Experiment& experiment) { return config::write(experiment); }

ordered_json experiment_schema() { return config::schema<Experiment>(kSchemaTitle); }

}  // namespace cf

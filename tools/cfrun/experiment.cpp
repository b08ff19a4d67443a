#include "tools/cfrun/experiment.h"

#include "data/presets.h"

namespace cf {
namespace {

constexpr const char* kSchemaTitle = "A cfrun experiment";

// What follows from other fields is settled here, once, so that nothing below asks twice.
Experiment settled(Experiment experiment) {
  const SensorPreset& sensor = sensor_preset(experiment.data.sensor);
  if (experiment.data.bands == 0) experiment.data.bands = sensor.bands;
  if (experiment.data.scale == 0) experiment.data.scale = sensor.scale;
  experiment.model.diffusion = experiment.diffusion;
  experiment.model.sampler = experiment.sampler;
  experiment.model.tiles = experiment.tiles;
  experiment.model.bands = experiment.data.bands;
  experiment.model.pan_bands = experiment.data.pan_bands;
  experiment.model.ratio = experiment.data.ratio;
  return experiment;
}

}  // namespace

std::filesystem::path Experiment::data_path(const std::string& file) const {
  return file.empty() ? std::filesystem::path() : std::filesystem::path(data.dir) / file;
}

double Experiment::scale() const { return data.scale; }

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

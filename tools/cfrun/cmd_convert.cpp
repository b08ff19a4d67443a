// cfrun convert: weights between formats of files, and those of other programs into networks of this one.
#include <fmt/core.h>

#include "framework/io/convert.h"
#include "models/import.h"
#include "models/registry.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/experiment.h"

namespace cf {
namespace {

struct ConvertArguments {
  std::string from;
  std::string to;
  ConvertOptions options;
  // The network to import into; none: names and values stay as they are.
  std::string model;
  std::string config;
  std::int64_t bands = 0;
  std::vector<std::string> overrides;
};

Experiment target_experiment(const ConvertArguments& a) {
  std::vector<std::string> overrides = a.overrides;
  if (!a.model.empty()) overrides.push_back("model.name=" + a.model);
  if (a.bands > 0) overrides.push_back("data.bands=" + std::to_string(a.bands));
  if (!a.config.empty()) return read_experiment(a.config, overrides);
  ordered_json json = {{"name", a.model}};
  for (const std::string& assignment : overrides) config::apply_override(json, experiment_schema(), assignment);
  return experiment_from(json, "convert (--model, --bands, --set)");
}

// Loads the weights into the network and writes a checkpoint that knows it.
std::vector<std::string> import_file(const ConvertArguments& a) {
  const Experiment experiment = target_experiment(a);
  ParamStore params;
  const auto model = make_model(experiment.model, params, experiment.train.seed);
  WeightFile weights = read_weights(a.from, a.options.part);
  check(!weights.ours, "convert {}: it was written by this program and knows its network; leave out --model and --config",
        a.from);
  std::vector<std::string> notes = std::move(weights.notes);
  for (std::string& note : import_weights(experiment.model.name, params, weights.checkpoint.tensors, a.from)) {
    notes.push_back(std::move(note));
  }
  Checkpoint checkpoint;
  checkpoint.meta["config"] = to_json(experiment);
  checkpoint.meta["imported_from"] = std::filesystem::path(a.from).filename().string();
  for (const auto& [name, value] : params.state()) checkpoint.tensors.emplace_back(std::string(kWeightPrefix) + name, value);
  write_weights(a.to, checkpoint);
  return notes;
}

int convert_weights(const ConvertArguments& a) {
  const bool import = !a.model.empty() || !a.config.empty();
  check(import || (a.bands == 0 && a.overrides.empty()), "convert: --bands and --set describe a network; name it with --model");
  for (const std::string& note : import ? import_file(a) : convert_file(a.from, a.to, a.options)) fmt::print("  {}\n", note);
  fmt::print("{}\n", a.to);
  return 0;
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("convert", "Convert weights: .cfk, .safetensors; from PyTorch's .pth and NumPy's .npz");
  auto a = std::make_shared<ConvertArguments>();
  command->add_option("from", a->from, "file to read")->required();
  command->add_option("to", a->to, "file to write: .cfk or .safetensors")->required();
  auto* weights_only =
      command->add_flag("--weights-only", a->options.weights_only, "leave out the state of the optimizer and the averages");
  command->add_option("--part", a->options.part, "which dictionary of a .pth, such as \"ema\" (default: docs/weights.md)");
  command->add_option("--model", a->model, "the network that the weights are for: they are checked, renamed and reordered for it")
      ->check(CLI::IsMember(model_names()))
      ->excludes(weights_only);
  command->add_option("--bands", a->bands, "its number of bands (default: the sensor's)")->check(CLI::PositiveNumber);
  command->add_option("--config", a->config, "configuration file with the network, instead of --model")->excludes(weights_only);
  command->add_option("--set", a->overrides, "path.to.key=value: overrides a configured value; may be repeated")
      ->allow_extra_args(false);
  command->callback([a, &action] { action = [a] { return convert_weights(*a); }; });
}

}  // namespace cf

// cfrun synth: procedural data under the names of the real sets, for trying everything without a download.
#include <fmt/core.h>

#include "data/presets.h"
#include "data/synth_dataset.h"
#include "tools/cfrun/command.h"

namespace cf {
namespace {

int synth(const std::string& folder, const SynthOptions& options) {
  for (const auto& path : write_synth(folder, options)) fmt::print("{}\n", path.string());
  return 0;
}

}  // namespace

void add_synth(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("synth", "Make a procedural training, validation and test set");
  auto folder = std::make_shared<std::string>();
  auto options = std::make_shared<SynthOptions>();
  command->add_option("folder", *folder, "where the files go")->required();
  command->add_option("--sensor", options->sensor, "whose bands, MTF and range")
      ->check(CLI::IsMember(sensor_names()))
      ->capture_default_str();
  command->add_option("--bands", options->bands, "multispectral bands; 0: the sensor's")->capture_default_str();
  command
      ->add_option("--size", options->size, "side of the scene in multispectral pixels; 0: 384, 192 above 16 bands, 512 of sar")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "of the scene")->capture_default_str();
  command->callback([folder, options, &action] { action = [folder, options] { return synth(*folder, *options); }; });
}

}  // namespace cf

// cfrun info: what a raster, data set, checkpoint, weight file or configuration is.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/describe.h"
#include "data/hdf5.h"
#include "data/raster/describe.h"
#include "data/scene/grid.h"
#include "data/triplets.h"
#include "framework/io/checkpoint.h"
#include "framework/io/convert.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/experiment.h"

namespace cf {
namespace {

void print_tensor(const std::string& name, DType dtype, const Shape& shape) {
  fmt::print("  {:<40} {:<5} {}\n", name, name_of(dtype), shape.str());
}

void info_checkpoint(const std::filesystem::path& path) {
  const CheckpointHeader header = read_checkpoint_header(path);
  fmt::print("{}: checkpoint\n", path.string());
  for (const auto& [key, value] : header.meta.items()) {
    if (key != "config") fmt::print("  {}: {}\n", key, value.dump());
  }
  std::int64_t values = 0;
  for (const auto& tensor : header.tensors) {
    print_tensor(tensor.name, tensor.dtype, tensor.shape);
    values += tensor.shape.numel();
  }
  fmt::print("{} tensors, {} values\n", header.tensors.size(), values);
  if (header.meta.contains("config")) fmt::print("configuration:\n{}\n", header.meta.at("config").dump(2));
}

void info_weights(const std::filesystem::path& path) {
  const WeightFile content = read_weights(path);
  const NamedTensors& tensors = content.checkpoint.tensors;
  fmt::print("{}: weights, {} tensors\n", path.string(), tensors.size());
  for (const std::string& note : content.notes) fmt::print("  {}\n", note);
  for (const auto& [name, tensor] : tensors) print_tensor(name, tensor.dtype(), tensor.shape());
}

bool is_data_set(const std::filesystem::path& path) {
  const std::string kind = path.extension().string();
  return kind == ".h5" || kind == ".hdf5" || kind == ".mat" || is_triplet_set(path) || hdf5::is_hdf5(path);
}

// How rasters lie to each other: the finest is PAN, the others together are MS.
void info_scene(std::vector<std::filesystem::path> files) {
  try {
    const auto area = [](const std::filesystem::path& file) {
      const auto transform = open_raster(file)->info().transform;
      check(transform.has_value(), "{} has no geotransform that tells where it lies", file.string());
      return std::abs(transform->step_x * transform->step_y);
    };
    const auto finest =
        std::min_element(files.begin(), files.end(), [&](const auto& a, const auto& b) { return area(a) < area(b); });
    const auto pan = open_raster(*finest);
    files.erase(finest);
    const auto ms = open_raster(files);
    fmt::print("{} as PAN, {} as MS\n", pan->info().name, ms->info().name);
    const SceneAlignment found = align(pan->info(), ms->info());
    fmt::print("  {}\n  both cover {} x {} of PAN's {} x {} pixels, from row {}, column {} on\n", describe(found), found.rows,
               found.cols, pan->info().rows, pan->info().cols, found.pan_row, found.pan_col);
  } catch (const Error& error) {
    fmt::print("  warning: they are no scene: {}\n", error.what());
  }
}

// Prints what a file is; true for a raster.
bool info_file(const std::filesystem::path& path, double scale) {
  const std::string kind = path.extension().string();
  if (kind == ".cfk") {
    info_checkpoint(path);
  } else if (holds_weights(path)) {
    info_weights(path);
  } else if (kind == ".json") {
    fmt::print("{}: a valid configuration; in full:\n{}\n", path.string(), to_json(read_experiment(path, {})).dump(2));
  } else if (is_data_set(path)) {
    fmt::print("{}", to_text(describe_data(path, scale)));
  } else {
    fmt::print("{}", to_text(describe_raster(*open_raster(path), scale)));
    return true;
  }
  return false;
}

int info(const std::vector<std::string>& files, double scale) {
  std::vector<std::filesystem::path> rasters;
  for (const std::string& file : files) {
    if (info_file(file, scale)) rasters.emplace_back(file);
  }
  if (rasters.size() > 1) info_scene(rasters);
  return 0;
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("info", "Describe rasters, a data set, checkpoint, weight file or configuration");
  auto files = std::make_shared<std::vector<std::string>>();
  auto scale = std::make_shared<double>(0);
  command
      ->add_option(
          "file", *files,
          "any raster, .h5, .mat, .cfk, .safetensors, .pth, .npz or .json; of several rasters also how they lie to each other, "
          "the finest as PAN")
      ->required();
  command->add_option("--scale", *scale, "the scale the data will be used with, to be checked against its values");
  command->callback([files, scale, &action] { action = [files, scale] { return info(*files, *scale); }; });
}

}  // namespace cf

// cfrun info: what a data set, checkpoint, weight file or configuration is.
#include <fmt/core.h>

#include <filesystem>

#include "data/describe.h"
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

int info(const std::filesystem::path& path, double scale) {
  const std::string kind = path.extension().string();
  if (kind == ".cfk") {
    info_checkpoint(path);
  } else if (holds_weights(path)) {
    info_weights(path);
  } else if (kind == ".json") {
    fmt::print("{}: a valid configuration; in full:\n{}\n", path.string(), to_json(read_experiment(path, {})).dump(2));
  } else {
    fmt::print("{}", to_text(describe_data(path, scale)));
  }
  return 0;
}

}  // namespace

void add_info(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("info", "Describe a data set, checkpoint, weight file or configuration");
  auto file = std::make_shared<std::string>();
  auto scale = std::make_shared<double>(0);
  command->add_option("file", *file, ".h5, .mat, .cfk, .safetensors, .pth, .npz or .json")->required();
  command->add_option("--scale", *scale, "the scale the data will be used with, to be checked against its values");
  command->callback([file, scale, &action] { action = [file, scale] { return info(*file, *scale); }; });
}

}  // namespace cf

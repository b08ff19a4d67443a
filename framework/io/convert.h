// Weights between the formats of files: checkpoints, safetensors, PyTorch's and NumPy's.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "framework/io/checkpoint.h"
#include "framework/io/safetensors.h"

namespace cf {

// What the trainer puts before the names of weights and running statistics.
inline constexpr std::string_view kWeightPrefix = "model.";

struct ConvertOptions {
  bool weights_only = false;  // leave out the optimizer's and the average's state: keep names that begin with kWeightPrefix
  std::string part = {};      // see read_weights
};

// Names and values as they are. meta becomes the text "cfrun.meta" of the file's metadata; what else is in that metadata
// is meta["safetensors"] of a checkpoint, both ways.
SafeTensors to_safetensors(const Checkpoint& checkpoint);
// Throws Error where "cfrun.meta" is no JSON object; `file` names the source.
Checkpoint from_safetensors(const SafeTensors& content, std::string_view file);

// The content of a file with weights, of whatever format.
struct WeightFile {
  Checkpoint checkpoint;
  bool ours = false;               // written by this program: weights in its order of dimensions, names with kWeightPrefix
  std::vector<std::string> notes;  // what was chosen and left out, for the user to read
};

// Reads .cfk, .safetensors, PyTorch's .pth, .pt, .bin, .ckpt and .tar, NumPy's .npz and .npy: the extension says how. `part` as
// in read_torch, for PyTorch's files alone. Throws Error on another extension, and as reading does.
WeightFile read_weights(const std::filesystem::path& from, const std::string& part = {});

// Whether read_weights knows the file's extension.
bool holds_weights(const std::filesystem::path& path);

// Writes .cfk or .safetensors, by the extension; throws Error on another.
void write_weights(const std::filesystem::path& to, const Checkpoint& checkpoint);

// Reads `from`, writes `to`, names and values as they are; returns what there is to tell. Throws Error as reading and writing
// do, on names that weights_only leaves none of, and where weights of PyTorch's or NumPy's should become a checkpoint: which
// network they belong to is unknown here (models/import.h).
std::vector<std::string> convert_file(const std::filesystem::path& from, const std::filesystem::path& to,
                                      const ConvertOptions& options = {});

}  // namespace cf

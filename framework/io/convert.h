// Checkpoints to and from safetensors.
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
};

// Names and values as they are. meta becomes the text "cfrun.meta" of the file's metadata; what else is in that metadata
// is meta["safetensors"] of a checkpoint, both ways.
SafeTensors to_safetensors(const Checkpoint& checkpoint);
// Throws Error where "cfrun.meta" is no JSON object; `file` names the source.
Checkpoint from_safetensors(const SafeTensors& content, std::string_view file);

// Reads `from`, writes `to`; the extensions .cfk and .safetensors say how. Throws Error on others, on names that weights_only
// leaves none of, and as reading and writing do.
void convert_file(const std::filesystem::path& from, const std::filesystem::path& to, const ConvertOptions& options = {});

}  // namespace cf

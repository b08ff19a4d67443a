#include "framework/io/convert.h"

#include <utility>

namespace cf {
namespace {

constexpr const char* kMetaKey = "cfrun.meta";
constexpr const char* kForeign = "safetensors";

enum class Format { checkpoint, safetensors };

Format format_of(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".cfk") return Format::checkpoint;
  check(extension == ".safetensors", "convert {}: the extension \"{}\" is not known; .cfk and .safetensors are", path.string(),
        extension);
  return Format::safetensors;
}

}  // namespace

SafeTensors to_safetensors(const Checkpoint& checkpoint) {
  SafeTensors content;
  ordered_json meta = checkpoint.meta;
  const auto foreign = meta.find(kForeign);
  if (foreign != meta.end() && foreign->is_object()) {
    for (const auto& [key, value] : foreign->items())
      content.metadata[key] = value.is_string() ? value.get<std::string>() : value.dump();
    meta.erase(kForeign);
  }
  if (!meta.empty()) content.metadata[kMetaKey] = meta.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  content.tensors = checkpoint.tensors;
  return content;
}

Checkpoint from_safetensors(const SafeTensors& content, std::string_view file) {
  Checkpoint checkpoint;
  ordered_json foreign = ordered_json::object();
  for (const auto& [key, value] : content.metadata) {
    if (key != kMetaKey) {
      foreign[key] = value;
      continue;
    }
    checkpoint.meta = parse_json(value, fmt::format("{} (metadata {})", file, kMetaKey));
    check(checkpoint.meta.is_object(), "{}: its metadata {} is not an object", file, kMetaKey);
  }
  if (!foreign.empty()) checkpoint.meta[kForeign] = std::move(foreign);
  checkpoint.tensors = content.tensors;
  return checkpoint;
}

void convert_file(const std::filesystem::path& from, const std::filesystem::path& to, const ConvertOptions& options) {
  const Format out = format_of(to);
  Checkpoint checkpoint =
      format_of(from) == Format::checkpoint ? read_checkpoint(from) : from_safetensors(read_safetensors(from), from.string());
  if (options.weights_only) {
    std::erase_if(checkpoint.tensors, [](const auto& entry) { return !entry.first.starts_with(kWeightPrefix); });
    check(!checkpoint.tensors.empty(), "convert {}: no tensor's name begins with \"{}\"", from.string(), kWeightPrefix);
  }
  if (out == Format::checkpoint) {
    write_checkpoint(to, checkpoint);
  } else {
    write_safetensors(to, to_safetensors(checkpoint));
  }
}

}  // namespace cf

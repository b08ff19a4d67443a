#include "framework/io/convert.h"

#include <algorithm>
#include <array>
#include <utility>

#include "framework/io/numpy_file.h"
#include "framework/io/torch_file.h"

namespace cf {
namespace {

constexpr const char* kMetaKey = "cfrun.meta";
constexpr const char* kForeign = "safetensors";

enum class Format { checkpoint, safetensors, torch, numpy };

struct Extension {
  std::string_view name;
  Format format;
};
constexpr std::array kExtensions = {
    Extension{".cfk", Format::checkpoint}, Extension{".safetensors", Format::safetensors},
    Extension{".pth", Format::torch},      Extension{".pt", Format::torch},
    Extension{".bin", Format::torch},      Extension{".ckpt", Format::torch},
    Extension{".tar", Format::torch},      Extension{".npz", Format::numpy},
    Extension{".npy", Format::numpy},
};

Format format_of(const std::filesystem::path& path, bool written) {
  const std::string extension = path.extension().string();
  const auto writable = [](Format f) { return f == Format::checkpoint || f == Format::safetensors; };
  std::string usable;
  for (const Extension& e : kExtensions) {
    if (written && !writable(e.format)) continue;
    if (e.name == extension) return e.format;
    usable += (usable.empty() ? "" : ", ") + std::string(e.name);
  }
  fail("convert {}: files \"{}\" are not {}; {} are", path.string(), extension, written ? "written" : "read", usable);
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

bool holds_weights(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return std::any_of(kExtensions.begin(), kExtensions.end(), [&](const Extension& e) { return e.name == extension; });
}

WeightFile read_weights(const std::filesystem::path& from, const std::string& part) {
  const Format format = format_of(from, false);
  check(part.empty() || format == Format::torch, "convert {}: only PyTorch's files have parts", from.string());
  WeightFile weights;
  switch (format) {
    case Format::checkpoint:
      weights.checkpoint = read_checkpoint(from);
      weights.ours = true;
      break;
    case Format::safetensors: {
      const SafeTensors content = read_safetensors(from);
      weights.ours = content.metadata.contains(kMetaKey);
      weights.checkpoint = from_safetensors(content, from.string());
      break;
    }
    case Format::torch: {
      TorchFile content = read_torch(from, part);
      weights.checkpoint.tensors = std::move(content.tensors);
      weights.notes = std::move(content.notes);
      break;
    }
    case Format::numpy: weights.checkpoint.tensors = read_numpy(from); break;
  }
  return weights;
}

void write_weights(const std::filesystem::path& to, const Checkpoint& checkpoint) {
  if (format_of(to, true) == Format::checkpoint) {
    write_checkpoint(to, checkpoint);
  } else {
    write_safetensors(to, to_safetensors(checkpoint));
  }
}

std::vector<std::string> convert_file(const std::filesystem::path& from, const std::filesystem::path& to,
                                      const ConvertOptions& options) {
  const Format source = format_of(from, false);
  const bool nameless = format_of(to, true) == Format::checkpoint && (source == Format::torch || source == Format::numpy);
  check(!nameless,
        "convert {}: a checkpoint belongs to a network; name it (--model NAME --bands N, or --config FILE), or write "
        ".safetensors",
        from.string());
  WeightFile weights = read_weights(from, options.part);
  NamedTensors& tensors = weights.checkpoint.tensors;
  if (options.weights_only) {
    std::erase_if(tensors, [](const auto& entry) { return !entry.first.starts_with(kWeightPrefix); });
    check(!tensors.empty(), "convert {}: no tensor's name begins with \"{}\"", from.string(), kWeightPrefix);
  }
  write_weights(to, weights.checkpoint);
  return std::move(weights.notes);
}

}  // namespace cf

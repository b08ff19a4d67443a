// The safetensors format: 8 bytes of header length (little-endian u64), that many bytes of JSON
// {"__metadata__": {text: text}, name: {"dtype": "F32", "shape": [...], "data_offsets": [begin, end]}, ...}, then the
// values, packed without holes; offsets count from the end of the header.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "framework/io/named_tensors.h"

namespace cf {

struct SafeTensors {
  std::map<std::string, std::string> metadata;
  NamedTensors tensors;  // in the header's order
};

// F64, F32, BF16, I64, U16 and U8, shapes as stored. Throws Error naming the file (and the tensor) where the header is
// malformed, the values do not fill the file exactly, or a type or rank is not supported.
SafeTensors read_safetensors(const std::filesystem::path& path);

// Whole or not at all. The header is padded so that the values start at a multiple of 8 bytes; they follow in order of
// falling element size, so that each is aligned.
void write_safetensors(const std::filesystem::path& path, const SafeTensors& content);

}  // namespace cf

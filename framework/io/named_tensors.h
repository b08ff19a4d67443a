// Tensors with names, as files hold them and models own them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// Null where there is none of that name.
const Tensor* find_tensor(const NamedTensors& tensors, std::string_view name);

std::optional<DType> dtype_from_name(std::string_view name);  // "f32" ...

// Bytes of a tensor of these extents; none where the extents are negative, too many or their product overflows.
std::optional<std::uint64_t> checked_bytes(const std::vector<std::int64_t>& extents, DType dtype);

struct LoadOptions {
  std::string prefix;             // what the source's names have before the target's, such as "model."
  bool allow_missing = false;     // targets that the source lacks keep their values
  bool allow_unexpected = false;  // the source may hold names under the prefix that no target has
};

// Copies the values of `source` into the memory of `targets` (f32 and f64 convert into each other). Throws one Error that
// lists every missing, unexpected and mis-shaped name, before it has changed any target. `file` names the source.
void load_into(const NamedTensors& targets, const NamedTensors& source, std::string_view file, const LoadOptions& options = {});

}  // namespace cf

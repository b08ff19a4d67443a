// Named ways to compute a kernel family on a backend: the list behind `cfrun kernels` and `cfrun --kernels`. docs/kernels.md
// shows how one is added.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/table.h"

namespace cf {

struct Variant {
  const char* family;  // the member of KernelTable
  const char* name;
  Backend backend;  // reference: on the CPU's memory
  const char* note;
  // Puts the variant's kernels into its backend's table; kernels of the family that it lacks stay the backend's own.
  void (*apply)(KernelTable& table);
  DType factors = DType::f32;  // what f32 factors of products are rounded to
};

// All variants, by family. The first one of a family and backend is what the backend uses by itself.
std::span<const Variant> kernel_variants();
bool is_default(const Variant& variant);
const char* name_of(Backend backend);
// "conv:onednn"
std::string full_name(const Variant& variant);

// The family's name as it was asked for; throws Error naming the known ones where it is none.
std::string checked_family(std::string_view family);
// The variants of "FAMILY" or "FAMILY:VARIANT" ("" is every family). Throws Error naming the known ones where there is none.
std::vector<const Variant*> find_variants(std::string_view what);

// The backend's table with the variant's kernels in it.
KernelTable table_with(const Variant& variant);

// While alive, the chosen variants are in use: "conv:onednn,fused:loops"; "" changes nothing. One of the cpu or the reference
// backend is used on the CPU, one of the cuda backend on CUDA devices; a name that both have means both. Throws Error on an
// unknown name, and where two variants of one family are chosen.
class UseVariants {
 public:
  explicit UseVariants(std::string_view choices);
  UseVariants(const UseVariants&) = delete;
  UseVariants& operator=(const UseVariants&) = delete;

  // For the log: "conv:onednn on cpu, fused:loops on cpu"; empty where nothing was chosen.
  const std::string& description() const { return description_; }

 private:
  void choose(const std::string& choice);

  std::array<KernelTable, 2> tables_;  // per kind of device
  std::array<std::optional<UseKernels>, 2> in_use_;
  std::vector<std::string> families_;  // chosen so far
  std::string description_;
};

}  // namespace cf

// Products whose factors are rounded to bf16 on the way into the processor's matrix or dot product units, sums in f32. Images,
// weights and results stay f32 in memory.
#pragma once

#include <optional>

#include "framework/core/storage.h"
#include "kernels/cpu/dnnl.h"

namespace cf::cpu {

// Whether products of the default kernels are to be computed so: MathMode says it, and the processor can.
bool bf16_wanted();

// f32 numbers as oneDNN shall read them: themselves, or a copy in bf16. `layout` is that of what is read.
class Factor {
 public:
  Factor(const dnnl::memory::desc& layout, const void* f32);
  const dnnl::memory& memory() const { return memory_; }

 private:
  std::optional<Storage> copy_;
  dnnl::memory memory_;
};

}  // namespace cf::cpu

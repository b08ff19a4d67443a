#include <array>

#include "framework/core/device_services.h"
#include "kernels/cpu/instructions.h"
#include "kernels/table.h"

namespace cf {
namespace {

// Value-initialised first, so that a kernel that a backend forgets is null and the test of holes finds it.
template <class Fill>
KernelTable make_table(const char* name, Fill fill) {
  KernelTable t{};
  t.name = name;
  fill(t.elementwise);
  fill(t.reduce);
  fill(t.layout);
  fill(t.random);
  fill(t.softmax);
  fill(t.loss);
  fill(t.fused);
  fill(t.matmul);
  fill(t.conv);
  fill(t.pool);
  fill(t.norm);
  fill(t.resize);
  fill(t.fft);
  fill(t.wavelet);
  fill(t.laconv);
  fill(t.attention);
  fill(t.fmim);
  fill(t.optim);
  fill(t.patches);
  return t;
}

// The table in use per kind of device; null: the kind's own.
std::array<const KernelTable*, 2> in_use{};

}  // namespace

// Each table is made when it is first asked for: one may take kernels from another.
const KernelTable& kernel_table(Backend backend) {
  switch (backend) {
    case Backend::reference: {
      static const KernelTable table = make_table("reference", [](auto& family) { reference::fill(family); });
      return table;
    }
    case Backend::cpu: {
      static const KernelTable table = [] {
        cpu::limit_instructions();
        return make_table("cpu", [](auto& family) { cpu::fill(family); });
      }();
      return table;
    }
    case Backend::cuda: {
      static const KernelTable table = make_table("cuda", [](auto& family) { cuda::fill(family); });
      return table;
    }
  }
  fail("kernels: unknown backend {}", static_cast<int>(backend));
}

bool cuda_is_emulated() { return CF_HAVE_CUDA == 0; }

const KernelTable& kernels_for(Device device) {
  if (!device.is_cpu()) services_of(device).use(device.index);
  if (const KernelTable* table = in_use[static_cast<std::size_t>(device.kind)]; table != nullptr) return *table;
  return kernel_table(device.is_cpu() ? Backend::cpu : Backend::cuda);
}

UseKernels::UseKernels(Device::Kind kind, const KernelTable& table)
    : kind_(kind), before_(in_use[static_cast<std::size_t>(kind)]) {
  in_use[static_cast<std::size_t>(kind)] = &table;
}
UseKernels::~UseKernels() { in_use[static_cast<std::size_t>(kind_)] = before_; }

}  // namespace cf

#include "kernels/table.h"

namespace cf {
namespace {

Backend current = Backend::cpu;

// Value-initialised first, so that a kernel that a backend forgets is null and the test of holes finds it.
KernelTable make_table(Backend backend) {
  KernelTable t{};
  const auto fill_all = [&t](auto fill) {
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
    fill(t.optim);
  };
  if (backend == Backend::reference) {
    t.name = "reference";
    fill_all([](auto& family) { reference::fill(family); });
  } else {
    t.name = "cpu";
    fill_all([](auto& family) { cpu::fill(family); });
  }
  return t;
}

}  // namespace

const KernelTable& kernel_table(Backend backend) {
  static const KernelTable reference_table = make_table(Backend::reference);
  static const KernelTable cpu_table = make_table(Backend::cpu);
  return backend == Backend::reference ? reference_table : cpu_table;
}

const KernelTable& kernels_for(Device device) {
  check(device.kind == Device::Kind::cpu, "kernels: this build has none for {}", device.str());
  return kernel_table(current);
}

UseBackend::UseBackend(Backend backend) : before_(current) { current = backend; }
UseBackend::~UseBackend() { current = before_; }

}  // namespace cf

#include "framework/lab/calls.h"

#include "kernels/variants.h"

namespace cf::lab {
namespace {

struct FamilyCalls {
  const char* family;
  void (*add)(Workbench&, const Shape&);
};

constexpr FamilyCalls kFamilies[] = {
    {"elementwise", elementwise_calls},
    {"reduce", reduce_calls},
    {"layout", layout_calls},
    {"random", random_calls},
    {"softmax", softmax_calls},
    {"loss", loss_calls},
    {"fused", fused_calls},
    {"matmul", matmul_calls},
    {"conv", conv_calls},
    {"pool", pool_calls},
    {"norm", norm_calls},
    {"resize", resize_calls},
    {"fft", fft_calls},
    {"wavelet", wavelet_calls},
    {"laconv", laconv_calls},
    {"attention", attention_calls},
    {"fmim", fmim_calls},
    {"patches", patches_calls},
    {"optim", optim_calls},
};

double bytes_of(const Tensor& t) { return static_cast<double>(t.numel()) * static_cast<double>(size_of(t.dtype())); }

}  // namespace

Tensor Workbench::numbers(const std::vector<double>& values) const {
  return Tensor::from<double>({static_cast<std::int64_t>(values.size())}, values).to(device_);
}

void Workbench::add(std::string kernel, std::string what, double flop, const std::vector<Tensor>& reads,
                    const std::vector<Tensor>& writes, std::function<void(const KernelTable&)> run) {
  KernelCall call;
  call.kernel = std::move(kernel);
  call.what = std::move(what);
  for (const Tensor& t : reads) call.bytes += bytes_of(t);
  for (const Tensor& t : writes) call.bytes += bytes_of(t);
  call.flop = flop;
  call.results = writes;
  call.run = std::move(run);
  calls_.push_back(std::move(call));
}

std::vector<KernelCall> kernel_calls(const std::string& family, const Shape& image, Workbench bench) {
  check(image.rank() == 4 && image.numel() > 0 && image[1] % 4 == 0 && image[2] % 4 == 0,
        "kernels bench: shape {}: expected N,H,W,C with H and W divisible by 4", image.str());
  for (const FamilyCalls& f : kFamilies) {
    if (family == f.family) f.add(bench, image);
  }
  return bench.take();
}

}  // namespace cf::lab

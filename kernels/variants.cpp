#include "kernels/variants.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace cf {

// What the files of variants define: each fills in the kernels that it has.
namespace cpu {
void conv_direct(ConvKernels& k);
void conv_winograd(ConvKernels& k);
void conv_onednn(ConvKernels& k);
void conv_bf16(ConvKernels& k);
void fused_loops(FusedKernels& k);
void attention_vectors(AttentionKernels& k);
void attention_bf16(AttentionKernels& k);
void laconv_unfold(LaconvKernels& k);
void matmul_bf16(MatmulKernels& k);
}  // namespace cpu
namespace cuda {
void fused_scalar(FusedKernels& k);
}  // namespace cuda
template <Backend backend>
void fused_composite(FusedKernels& k);

namespace {

// The whole family as the backend has it.
template <Backend backend, auto family>
void own(KernelTable& t) {
  t.*family = kernel_table(backend).*family;
}

// What `fill` of another file defines.
template <auto family, auto fill>
void from(KernelTable& t) {
  fill(t.*family);
}

constexpr Backend kReference = Backend::reference;
constexpr Backend kCpu = Backend::cpu;
constexpr Backend kCuda = Backend::cuda;
using T = KernelTable;

constexpr Variant kVariants[] = {
    {"elementwise", "highway", kCpu, "SIMD loops over flat ranges and rows", own<kCpu, &T::elementwise>},
    {"elementwise", "own", kCuda, "16 bytes a thread where addresses allow it", own<kCuda, &T::elementwise>},
    {"elementwise", "reference", kReference, "plain loops", own<kReference, &T::elementwise>},

    {"reduce", "highway", kCpu, "stages that reduce one run of dimensions each", own<kCpu, &T::reduce>},
    {"reduce", "own", kCuda, "two passes, in a fixed order", own<kCuda, &T::reduce>},
    {"reduce", "reference", kReference, "plain loops", own<kReference, &T::reduce>},

    {"layout", "runs", kCpu, "copies of runs, tiles where a copy transposes", own<kCpu, &T::layout>},
    {"layout", "own", kCuda, "copies and gathers", own<kCuda, &T::layout>},
    {"layout", "reference", kReference, "plain loops", own<kReference, &T::layout>},

    {"random", "threads", kCpu, "plain loops over the threads", own<kCpu, &T::random>},
    {"random", "own", kCuda, "one Philox block a thread", own<kCuda, &T::random>},
    {"random", "reference", kReference, "plain loops", own<kReference, &T::random>},

    {"softmax", "highway", kCpu, "row by row", own<kCpu, &T::softmax>},
    {"softmax", "own", kCuda, "row by row", own<kCuda, &T::softmax>},
    {"softmax", "reference", kReference, "plain loops", own<kReference, &T::softmax>},

    {"loss", "highway", kCpu, "error, function and sum in one pass", own<kCpu, &T::loss>},
    {"loss", "own", kCuda, "error, function and sum together", own<kCuda, &T::loss>},
    {"loss", "reference", kReference, "plain loops", own<kReference, &T::loss>},

    {"fused", "highway", kCpu, "one pass over memory", own<kCpu, &T::fused>},
    {"fused", "composite", kCpu, "what each fused kernel replaces, kernel by kernel", from<&T::fused, fused_composite<kCpu>>},
    {"fused", "loops", kCpu, "the gate in plain C++ (the example of docs/kernels.md)", from<&T::fused, cpu::fused_loops>},
    {"fused", "own", kCuda, "one pass over memory", own<kCuda, &T::fused>},
    {"fused", "composite", kCuda, "what each fused kernel replaces, kernel by kernel", from<&T::fused, fused_composite<kCuda>>},
    {"fused", "scalar", kCuda, "the gate, one element a thread (the example of docs/kernels.md)",
     from<&T::fused, cuda::fused_scalar>},
    {"fused", "reference", kReference, "plain loops", own<kReference, &T::fused>},

    {"matmul", "onednn", kCpu, "oneDNN", own<kCpu, &T::matmul>},
    {"matmul", "bf16", kCpu, "factors rounded to bf16, for processors with units for it", from<&T::matmul, cpu::matmul_bf16>,
     DType::bf16},
    {"matmul", "cublas", kCuda, "cuBLAS", own<kCuda, &T::matmul>},
    {"matmul", "reference", kReference, "plain loops", own<kReference, &T::matmul>},

    {"conv", "own", kCpu, "3x3 by Winograd's algorithm where that wins, other forward ones by rows, else oneDNN",
     own<kCpu, &T::conv>},
    {"conv", "direct", kCpu, "forward by products of image rows where that fits, else oneDNN", from<&T::conv, cpu::conv_direct>},
    {"conv", "winograd", kCpu, "3x3 by Winograd's algorithm wherever it can be, in training too; else as direct",
     from<&T::conv, cpu::conv_winograd>},
    {"conv", "onednn", kCpu, "oneDNN alone", from<&T::conv, cpu::conv_onednn>},
    {"conv", "bf16", kCpu, "factors rounded to bf16, for processors with units for it", from<&T::conv, cpu::conv_bf16>,
     DType::bf16},
    {"conv", "cudnn", kCuda, "cuDNN", own<kCuda, &T::conv>},
    {"conv", "reference", kReference, "plain loops", own<kReference, &T::conv>},

    {"pool", "highway", kCpu, "pixel by pixel over all channels", own<kCpu, &T::pool>},
    {"pool", "own", kCuda, "one result a thread", own<kCuda, &T::pool>},
    {"pool", "reference", kReference, "plain loops", own<kReference, &T::pool>},

    {"norm", "highway", kCpu, "by rows (layer norm) and by columns (group and batch norm)", own<kCpu, &T::norm>},
    {"norm", "own", kCuda, "sums in two passes, in a fixed order", own<kCuda, &T::norm>},
    {"norm", "reference", kReference, "plain loops", own<kReference, &T::norm>},

    {"resize", "separable", kCpu, "rows, then columns", own<kCpu, &T::resize>},
    {"resize", "own", kCuda, "our own kernels", own<kCuda, &T::resize>},
    {"resize", "reference", kReference, "plain loops", own<kReference, &T::resize>},

    {"fft", "kissfft", kCpu, "KissFFT, rows and columns over the threads", own<kCpu, &T::fft>},
    {"fft", "cufft", kCuda, "cuFFT; moduli and parts by our own kernels", own<kCuda, &T::fft>},
    {"fft", "reference", kReference, "plain loops", own<kReference, &T::fft>},

    {"wavelet", "highway", kCpu, "four bands in one pass; separable box", own<kCpu, &T::wavelet>},
    {"wavelet", "own", kCuda, "our own kernels", own<kCuda, &T::wavelet>},
    {"wavelet", "reference", kReference, "plain loops", own<kReference, &T::wavelet>},

    {"laconv", "strips", kCpu, "strips of scaled pixels times the weight, nothing of size k*k*C kept", own<kCpu, &T::laconv>},
    {"laconv", "unfold", kCpu, "every window written out (k*k*C per pixel), then one matrix product",
     from<&T::laconv, cpu::laconv_unfold>},
    {"laconv", "own", kCuda, "our own kernels", own<kCuda, &T::laconv>},
    {"laconv", "reference", kReference, "plain loops", own<kReference, &T::laconv>},

    {"attention", "own", kCpu, "by matrix units, numbers as three bf16, where a processor has them; else by vectors",
     own<kCpu, &T::attention>},
    {"attention", "vectors", kCpu, "by vectors", from<&T::attention, cpu::attention_vectors>},
    {"attention", "bf16", kCpu, "factors rounded to bf16, for processors with matrix units; else by vectors",
     from<&T::attention, cpu::attention_bf16>, DType::bf16},
    {"attention", "own", kCuda, "our own kernels", own<kCuda, &T::attention>},
    {"attention", "reference", kReference, "plain loops", own<kReference, &T::attention>},

    {"fmim", "own", kCpu, "the backend's own", own<kCpu, &T::fmim>},
    {"fmim", "own", kCuda, "our own kernels", own<kCuda, &T::fmim>},
    {"fmim", "reference", kReference, "plain loops", own<kReference, &T::fmim>},

    {"optim", "highway", kCpu, "one pass over the flat buffers", own<kCpu, &T::optim>},
    {"optim", "own", kCuda, "one pass over the flat buffers", own<kCuda, &T::optim>},
    {"optim", "reference", kReference, "plain loops", own<kReference, &T::optim>},

    {"patches", "threads", kCpu, "the CPU's own", own<kCpu, &T::patches>},
    {"patches", "own", kCuda, "gather, symmetry and scale in one kernel", own<kCuda, &T::patches>},
    {"patches", "reference", kReference, "plain loops", own<kReference, &T::patches>},
};

std::vector<std::string> known_families() {
  std::vector<std::string> names;
  for (const Variant& v : kVariants) {
    if (names.empty() || names.back() != v.family) names.emplace_back(v.family);
  }
  return names;
}

std::size_t kind_of(const Variant& v) {
  return static_cast<std::size_t>(v.backend == Backend::cuda ? Device::Kind::cuda : Device::Kind::cpu);
}

}  // namespace

std::span<const Variant> kernel_variants() { return kVariants; }

bool is_default(const Variant& variant) {
  const auto* first = std::find_if(std::begin(kVariants), std::end(kVariants), [&](const Variant& v) {
    return std::string_view(v.family) == variant.family && v.backend == variant.backend;
  });
  return first == &variant;
}

const char* name_of(Backend backend) { return kernel_table(backend).name; }

std::string full_name(const Variant& variant) { return fmt::format("{}:{}", variant.family, variant.name); }

std::string checked_family(std::string_view family) {
  const std::vector<std::string> known = known_families();
  check(std::find(known.begin(), known.end(), family) != known.end(), "no kernel family '{}'; there are {}", family,
        fmt::join(known, ", "));
  return std::string(family);
}

std::vector<const Variant*> find_variants(std::string_view what) {
  const std::size_t colon = what.find(':');
  const std::string family = what.empty() ? "" : checked_family(what.substr(0, colon));
  std::vector<const Variant*> found;
  std::vector<std::string> known;
  for (const Variant& v : kVariants) {
    if (!family.empty() && family != v.family) continue;
    known.emplace_back(v.name);
    if (colon == std::string_view::npos || what.substr(colon + 1) == v.name) found.push_back(&v);
  }
  check(!found.empty(), "family {} has no variant '{}'; it has {}", family, what.substr(std::min(colon + 1, what.size())),
        fmt::join(known, ", "));
  return found;
}

KernelTable table_with(const Variant& variant) {
  KernelTable table = kernel_table(variant.backend);
  variant.apply(table);
  return table;
}

UseVariants::UseVariants(std::string_view choices) : tables_{kernel_table(Backend::cpu), kernel_table(Backend::cuda)} {
  std::istringstream list{std::string(choices)};
  for (std::string choice; std::getline(list, choice, ',');) choose(choice);
}

void UseVariants::choose(const std::string& choice) {
  check(choice.find(':') != std::string::npos, "kernels '{}': expected FAMILY:VARIANT, as `cfrun kernels list` shows them",
        choice);
  const std::vector<const Variant*> variants = find_variants(choice);
  const std::string family = variants.front()->family;
  check(std::find(families_.begin(), families_.end(), family) == families_.end(),
        "kernels '{}': a variant of {} was already chosen", choice, family);
  families_.push_back(family);
  for (const Variant* v : variants) {
    const std::size_t kind = kind_of(*v);
    v->apply(tables_[kind]);
    if (!in_use_[kind]) in_use_[kind].emplace(static_cast<Device::Kind>(kind), tables_[kind]);
    description_ += fmt::format("{}{} on {}", description_.empty() ? "" : ", ", choice, kind == 0 ? "cpu" : "cuda");
  }
}

}  // namespace cf

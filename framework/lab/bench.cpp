#include "framework/lab/bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "framework/core/device_services.h"
#include "framework/core/parallel.h"

namespace cf::lab {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

const KernelTable& own_table(Device device) { return kernel_table(device.is_cpu() ? Backend::cpu : Backend::cuda); }

// Copies as the device's kernels would: on the CPU by all threads.
void copy(Device device, void* to, const void* from, std::size_t bytes) {
  if (!device.is_cpu()) return services_of(device).copy(device.index, to, from, bytes);
  constexpr std::int64_t kGrain = 1 << 16;
  parallel_for(static_cast<std::int64_t>(bytes), kGrain, [&](std::int64_t begin, std::int64_t end) {
    std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, static_cast<std::size_t>(end - begin));
  });
}

// Norm of the difference of all results / norm of those wanted.
double relative_error(const std::vector<Tensor>& got, const std::vector<Tensor>& want) {
  double difference = 0;
  double norm = 0;
  for (std::size_t t = 0; t < want.size(); ++t) {
    const std::vector<double> a = got[t].to(Device{}).to(DType::f64).to_vector<double>();
    const std::vector<double> b = want[t].to(DType::f64).to_vector<double>();
    for (std::size_t i = 0; i < b.size(); ++i) {
      difference += (a[i] - b[i]) * (a[i] - b[i]);
      norm += b[i] * b[i];
    }
  }
  return std::sqrt(difference / (norm == 0 ? 1 : norm));
}

// The errors of all calls on the first image. Calls run in order: some read what an earlier one left.
std::vector<double> errors_of(const Variant& variant, const KernelTable& table, const BenchOptions& o) {
  Shape image = o.image;
  image[0] = 1;
  const auto exact = kernel_calls(variant.family, image, Workbench(o.dtype, DType::f64, Device{}));
  const auto tested = kernel_calls(variant.family, image, Workbench(o.dtype, o.dtype, o.device));
  std::vector<double> errors;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    exact[i].run(kernel_table(Backend::reference));
    tested[i].run(table);
    services_of(o.device).synchronize(o.device.index);
    errors.push_back(relative_error(tested[i].results, exact[i].results));
  }
  return errors;
}

}  // namespace

double seconds_per_call(const std::function<void()>& call, Device device, int runs) {
  constexpr double kBatchSeconds = 2e-3;
  constexpr int kMostCalls = 1000;
  const auto batch = [&](int calls) {
    const double begin = now();
    for (int i = 0; i < calls; ++i) call();
    services_of(device).synchronize(device.index);
    return now() - begin;
  };
  for (int warm_up = 0; warm_up < 3; ++warm_up) batch(1);
  const int calls = static_cast<int>(std::clamp(kBatchSeconds / batch(1), 1.0, static_cast<double>(kMostCalls)));
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) seconds.push_back(batch(calls) / calls);
  std::nth_element(seconds.begin(), seconds.begin() + runs / 2, seconds.end());
  return seconds[static_cast<std::size_t>(runs / 2)];
}

double Roofline::bandwidth(double bytes) {
  const int size = static_cast<int>(std::lround(std::log2(std::max(bytes, 4096.0))));
  const auto [it, first] = bandwidth_.try_emplace(size);
  if (!first) return it->second;
  const auto half = std::int64_t{1} << (size - 1);
  const Tensor from = Tensor::full({half}, 1, DType::u8, device_);
  const Tensor to = Tensor::full({half}, 0, DType::u8, device_);
  const auto call = [&] { copy(device_, to.view().data, from.view().data, static_cast<std::size_t>(half)); };
  it->second = 2 * static_cast<double>(half) / seconds_per_call(call, device_, 20);
  return it->second;
}

double Roofline::peak() {
  if (peak_ > 0) return peak_;
  const KernelTable& k = own_table(device_);
  const std::int64_t n = device_.is_cpu() ? 1024 : 4096;
  const auto filled = [&](const Shape& s) { return Tensor::full(s, 0.5, dtype_, device_); };
  const auto rate = [&](double flop, const std::function<void()>& call) { return flop / seconds_per_call(call, device_, 10); };
  const Tensor a = filled({n, n});
  const Tensor b = filled({n, n});
  const Tensor y = filled({n, n});
  const double product =
      rate(2 * std::pow(static_cast<double>(n), 3), [&] { k.matmul.matmul({}, a.cview(), b.cview(), {}, y.view()); });
  // On the CPU oneDNN's: our own may need fewer multiplications than the convolution has products.
  const ConvKernels conv = device_.is_cpu() ? table_with(*find_variants("conv:onednn").front()).conv : k.conv;
  const std::int64_t c = 128;
  const Tensor image = filled({device_.is_cpu() ? 1 : 16, 64, 64, c});
  const Tensor w = filled({c, 3, 3, c});
  const Tensor out = filled(image.shape());
  const double convolution = rate(18.0 * static_cast<double>(image.numel() * c),
                                  [&] { conv.conv2d_fwd({.padding = 1}, image.cview(), w.cview(), {}, out.view()); });
  return peak_ = std::max(product, convolution);
}

double Roofline::seconds(const KernelCall& call) {
  return std::max(call.bytes / bandwidth(call.bytes), call.flop == 0 ? 0 : call.flop / peak());
}

std::vector<KernelTime> bench_variant(const Variant& variant, const BenchOptions& o, Roofline& roofline) {
  check(!(variant.backend == Backend::cuda && cuda_is_emulated()),
        "kernels bench: {} runs in the emulator in this build, thread by thread on the host: its time says nothing about a GPU. "
        "`cfrun kernels check` works there; for times use a build with CUDA on a machine with a GPU",
        full_name(variant));
  const bool half = o.dtype == DType::bf16;
  const std::string_view family = variant.family;
  check(!half || (variant.backend == Backend::cuda && family != "fft" && family != "optim"),
        "kernels bench: {} computes in f32 only", full_name(variant));
  const KernelTable table = table_with(variant);
  const std::vector<double> errors = errors_of(variant, table, o);
  const std::vector<KernelCall> calls = kernel_calls(variant.family, o.image, Workbench(o.dtype, o.dtype, o.device));
  std::vector<KernelTime> times;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const KernelCall& call = calls[i];
    const double seconds = seconds_per_call([&] { call.run(table); }, o.device, o.runs);
    times.push_back({call.kernel, call.what, seconds, call.bytes / seconds, call.flop / seconds, roofline.seconds(call) / seconds,
                     errors[i]});
  }
  return times;
}

}  // namespace cf::lab

// cfrun kernels: the laboratory for kernels. Lists their variants, checks them against the reference, times them.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "framework/core/device_services.h"
#include "framework/core/parallel.h"
#include "framework/io/json.h"
#include "framework/lab/bench.h"
#include "framework/lab/check.h"
#include "kernels/devices.h"
#include "tools/cfrun/command.h"

namespace cf {
namespace {

const std::vector<std::string> kBackendNames = {"reference", "cpu", "cuda"};

struct KernelsArguments {
  std::string what;     // FAMILY or FAMILY:VARIANT
  std::string backend;  // empty: cpu, and cuda where there is a device
  std::uint64_t seed = 1;
  int shapes = 8;
  bool every_case = false;
  std::vector<std::string> image_shapes = {"8,64,64,32"};
  std::string dtype = "f32";
  std::int64_t threads = 0;
  int runs = 20;
  bool json = false;
};

bool runs_emulated(const Variant& v) { return v.backend == Backend::cuda && cuda_is_emulated(); }

int list(const KernelsArguments& a) {
  if (!a.what.empty()) checked_family(a.what);
  fmt::print("{:<12} {:<11} {:<10} {:<8} {}\n", "family", "variant", "backend", "", "");
  for (const Variant* v : find_variants(a.what)) {
    fmt::print("{:<12} {:<11} {:<10} {:<8} {}{}\n", v->family, v->name, name_of(v->backend), is_default(*v) ? "default" : "",
               v->note, runs_emulated(*v) ? " (emulated in this build)" : "");
  }
  return 0;
}

// The variants that were asked for, of the backends that were asked for.
std::vector<const Variant*> chosen_variants(const KernelsArguments& a) {
  std::vector<const Variant*> chosen = find_variants(a.what);
  const bool named = a.what.find(':') != std::string::npos;
  const bool gpu = !cuda_is_emulated() && !find_device("auto").device.is_cpu();
  std::erase_if(chosen, [&](const Variant* v) {
    if (!a.backend.empty()) return a.backend != name_of(v->backend);
    return !named && v->backend != Backend::cpu && !(gpu && v->backend == Backend::cuda);
  });
  check(!chosen.empty(), "kernels: '{}' has no variant on the {} backend", a.what, a.backend);
  return chosen;
}

// Where a variant runs. Throws Error where there is no such device.
Device device_of(const Variant& v) {
  return v.backend == Backend::cuda && !cuda_is_emulated() ? find_device("cuda").device : Device{};
}

int check_kernels(const KernelsArguments& a) {
  std::size_t cases = 0;
  std::size_t failed = 0;
  const std::vector<const Variant*> variants = chosen_variants(a);
  for (const Variant* v : variants) {
    const Device device = device_of(*v);
    const std::vector<lab::CaseCheck> checks = lab::check_variant(*v, {a.seed, a.shapes, device});
    fmt::print("{} on {}{}\n{}", full_name(*v), name_of(v->backend), runs_emulated(*v) ? " (emulated)" : "",
               lab::check_table(checks, a.every_case));
    cases += checks.size();
    failed += static_cast<std::size_t>(std::count_if(checks.begin(), checks.end(), [](const auto& c) { return !c.passed; }));
  }
  fmt::print("{} variants, {} cases, {} failed\n", variants.size(), cases, failed);
  return failed == 0 ? 0 : 1;
}

// "8,64,64,32"
Shape parse_shape(const std::string& text) {
  std::vector<std::int64_t> dims;
  std::istringstream list(text);
  for (std::string word; std::getline(list, word, ',');) {
    std::int64_t extent = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), extent);
    check(error == std::errc() && end == word.data() + word.size() && extent > 0,
          "kernels bench: --shape {}: expected N,H,W,C, four positive numbers", text);
    dims.push_back(extent);
  }
  check(dims.size() == 4, "kernels bench: --shape {}: expected N,H,W,C", text);
  return Shape(dims);
}

ordered_json as_json(const lab::KernelTime& t) {
  return {{"kernel", t.kernel},
          {"what", t.what},
          {"microseconds", t.seconds * 1e6},
          {"gb_per_s", t.bytes_per_second / 1e9},
          {"gflop_per_s", t.flop_per_second / 1e9},
          {"roofline_share", t.share},
          {"error", t.error}};
}

void print_times(const std::vector<lab::KernelTime>& times) {
  std::size_t width = 5;
  for (const auto& t : times) width = std::max(width, t.what.size());
  fmt::print("  {:<22} {:<{}} {:>10} {:>8} {:>9} {:>9} {:>8}\n", "kernel", "call", width, "us", "GB/s", "GFLOP/s", "roofline",
             "error");
  for (const auto& t : times) {
    fmt::print("  {:<22} {:<{}} {:>10.1f} {:>8.1f} {:>9.1f} {:>8.0f}% {:>8.1e}\n", t.kernel, t.what, width, t.seconds * 1e6,
               t.bytes_per_second / 1e9, t.flop_per_second / 1e9, t.share * 100, t.error);
  }
}

// One variant at one shape, as a table or as a line of JSON.
void bench_one(const KernelsArguments& a, const Variant& v, const Shape& image, lab::Roofline& roofline) {
  lab::BenchOptions options;
  options.device = device_of(v);
  options.dtype = a.dtype == "bf16" ? DType::bf16 : DType::f32;
  options.image = image;
  options.runs = a.runs;
  const std::vector<lab::KernelTime> times = lab::bench_variant(v, options, roofline);
  const std::string machine = services_of(options.device).describe(options.device.index);
  const double block = 256e6;  // bytes: larger than caches
  if (!a.json) {
    fmt::print("{} on {} ({}), {}, {} threads; copies of {:.0f} MB {:.1f} GB/s, peak {:.1f} GFLOP/s\n", full_name(v),
               name_of(v.backend), machine, a.dtype, max_threads(), block / 1e6, roofline.bandwidth(block) / 1e9,
               roofline.peak() / 1e9);
    return print_times(times);
  }
  ordered_json kernels = ordered_json::array();
  for (const auto& t : times) kernels.push_back(as_json(t));
  const ordered_json line = {{"family", v.family},
                             {"variant", v.name},
                             {"backend", name_of(v.backend)},
                             {"device", machine},
                             {"threads", max_threads()},
                             {"dtype", a.dtype},
                             {"shape", std::vector<std::int64_t>(image.begin(), image.end())},
                             {"runs", a.runs},
                             {"copy_gb_per_s", roofline.bandwidth(block) / 1e9},
                             {"peak_gflop_per_s", roofline.peak() / 1e9},
                             {"kernels", kernels}};
  fmt::print("{}\n", line.dump());
}

int bench_kernels(const KernelsArguments& a) {
  if (a.threads > 0) set_threads(static_cast<int>(a.threads));
  std::map<std::string, lab::Roofline> rooflines;  // by device
  for (const Variant* v : chosen_variants(a)) {
    const Device device = device_of(*v);
    const DType dtype = a.dtype == "bf16" ? DType::bf16 : DType::f32;
    lab::Roofline& roofline = rooflines.try_emplace(device.str(), device, dtype).first->second;
    for (const std::string& shape : a.image_shapes) bench_one(a, *v, parse_shape(shape), roofline);
  }
  return 0;
}

void add_what(CLI::App& command, KernelsArguments& a) {
  command.add_option("what", a.what, "FAMILY or FAMILY:VARIANT (default: all)");
}
void add_backend(CLI::App& command, KernelsArguments& a) {
  command.add_option("--backend", a.backend, "only this backend's variants (default: cpu, and cuda where there is a device)")
      ->check(CLI::IsMember(kBackendNames));
}

}  // namespace

void add_kernels(CLI::App& app, Action& action) {
  auto* kernels = app.add_subcommand("kernels", "List, check and time the variants of kernels");
  kernels->require_subcommand(1);
  auto a = std::make_shared<KernelsArguments>();

  auto* listing = kernels->add_subcommand("list", "Families and their variants");
  listing->add_option("family", a->what, "one family (default: all)");
  listing->callback([a, &action] { action = [a] { return list(*a); }; });

  auto* checking = kernels->add_subcommand("check", "Compare variants with the f64 reference, forward and backward");
  add_what(*checking, *a);
  add_backend(*checking, *a);
  checking->add_option("--seed", a->seed, "of the points and shapes")->capture_default_str();
  checking->add_option("--shapes", a->shapes, "random cases per operator")->check(CLI::NonNegativeNumber)->capture_default_str();
  checking->add_flag("--all", a->every_case, "a line for every case");
  checking->callback([a, &action] { action = [a] { return check_kernels(*a); }; });

  auto* timing = kernels->add_subcommand("bench", "Time the kernels of variants beside the machine's roofline");
  timing->add_option("what", a->what, "FAMILY or FAMILY:VARIANT")->required();
  add_backend(*timing, *a);
  timing->add_option("--shape", a->image_shapes, "N,H,W,C of the images; several may follow")->capture_default_str();
  timing->add_option("--dtype", a->dtype, "f32, or bf16 on cuda")->check(CLI::IsMember({"f32", "bf16"}))->capture_default_str();
  timing->add_option("--threads", a->threads, "0: all")->capture_default_str();
  timing->add_option("--runs", a->runs, "timed batches of calls")->check(CLI::PositiveNumber)->capture_default_str();
  timing->add_flag("--json", a->json, "a line of JSON per variant and shape");
  timing->callback([a, &action] { action = [a] { return bench_kernels(*a); }; });
}

}  // namespace cf

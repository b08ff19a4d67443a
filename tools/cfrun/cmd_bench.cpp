// cfrun bench: how long a network takes and how much memory, on random images.
#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "framework/autograd/engine.h"
#include "framework/autograd/record.h"
#include "framework/capture/graphed_step.h"
#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/ops/loss.h"
#include "framework/optim/optimizer.h"
#include "models/summary.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/profile_report.h"
#include "tools/cfrun/session.h"

namespace cf {
namespace {

struct BenchArguments {
  std::string model;
  std::int64_t batch = 8;
  std::int64_t size = 64;
  std::int64_t bands = 8;
  std::int64_t threads = 0;
  std::int64_t runs = 10;
  std::vector<std::string> overrides;
  bool train = false;
  bool json = false;
  bool profile = false;
};

Tensor random_image(const Shape& shape, std::uint64_t salt) {
  const Philox rng = make_rng(1, RngStream::test, salt);
  Tensor t = Tensor::empty(shape);
  std::uint64_t i = 0;
  for (float& v : t.span<float>()) v = static_cast<float>(rng.uniform(i++));
  return t;
}

struct Timing {
  std::vector<double> milliseconds;  // sorted
  double median() const { return milliseconds[milliseconds.size() / 2]; }
};

constexpr int kWarmUp = 3;

// Each timing ends when the device has done the work.
template <class F>
Timing measure(std::int64_t runs, Device device, F&& queue) {
  const auto step = [&] {
    queue();
    services_of(device).synchronize(device.index);
  };
  for (int i = 0; i < kWarmUp; ++i) step();
  Timing t;
  for (std::int64_t i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    step();
    t.milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(t.milliseconds.begin(), t.milliseconds.end());
  return t;
}

struct Measured {
  Timing timing;
  std::size_t peak_bytes = 0;  // of tensors
};

// Times `prepare` and `work`, which is captured where the experiment says so.
template <class F>
Measured measure(const BenchArguments& a, const Session& session, F&& prepare, const GraphedStep::Work& work) {
  const Device device = session.device();
  if (!session.experiment.capture || device.is_cpu()) {
    const Timing timing = measure(a.runs, device, [&] {
      prepare();
      work();
    });
    return {timing, allocator_for(device).stats().peak_bytes};
  }
  GraphedStep step(device, "the benchmark", work, kWarmUp - 1);
  const Timing timing = measure(a.runs, device, [&] {
    prepare();
    step.run();
  });
  return {timing, allocator_for(device).stats().peak_bytes + step.memory().peak_bytes};
}

// costs: filled in where it is not null.
Measured run(const BenchArguments& a, const Session& session, OperatorCosts* costs) {
  const std::int64_t n = a.size;
  const std::int64_t ratio = session.experiment.data.ratio;
  const Device device = session.device();
  const FusionInput input = input_on(device, {.gt = {},
                                              .ms = random_image({a.batch, n / ratio, n / ratio, a.bands}, 3),
                                              .lms = random_image({a.batch, n, n, a.bands}, 2),
                                              .pan = random_image({a.batch, n, n, session.experiment.data.pan_bands}, 1)});
  const Tensor target = random_image({a.batch, n, n, a.bands}, 4).to(device);
  // Networks that sample are called once, as in training.
  std::vector<Tensor> drawn = session.model->draw(target.shape(), {});
  for (Tensor& t : drawn) t = t.to(device);
  const auto network = [&](const NetworkOptions& options) {
    std::optional<ObserveOps> observe;
    if (costs != nullptr) observe.emplace([&](const auto&... seen) { costs->see(seen...); });
    return session.train(input, target, drawn, options);
  };
  if (!a.train) {
    return measure(
        a, session, [] {},
        [&] {
          const NoGrad no_grad;
          return std::vector<Tensor>{network({}).prediction};
        });
  }
  Optimizer optimizer(AdamOptions{}, session.params.flat(), session.params.flat_grad());
  return measure(
      a, session, [&] { optimizer.prepare(1e-4); },
      [&] {
        session.params.zero_grad();
        const TrainingOutput output = network({.batch_statistics = true});
        backward(ops::l1_loss(output.prediction, output.target));
        optimizer.apply();
        return std::vector<Tensor>{};
      });
}

double peak_process_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

int bench(const BenchArguments& a) {
  if (a.threads > 0) set_threads(static_cast<int>(a.threads));
  ordered_json json = {{"model", {{"name", a.model}}}, {"data", {{"bands", a.bands}}}};
  for (const std::string& assignment : a.overrides) config::apply_override(json, experiment_schema(), assignment);
  Experiment experiment = experiment_from(json, "bench");
  if (a.profile) run_uncaptured(experiment);
  const Device device = open_device(experiment);
  Session session(experiment, device);
  allocator_for(device).reset_peak();
  if (a.profile) profile::start(device);
  OperatorCosts costs;
  const auto [t, peak_bytes] = run(a, session, a.profile ? &costs : nullptr);
  const profile::Report report = a.profile ? profile::stop() : profile::Report();
  const double process_megabytes = peak_process_megabytes();
  // A training step costs three forward passes: forward, gradients of the inputs, gradients of the weights.
  const double gflop =
      2e-9 * static_cast<double>(summarize(*session.model, session.params, a.batch, a.size, a.size).macs) * (a.train ? 3 : 1);
  ordered_json result = {{"model", a.model},
                         {"mode", a.train ? "train" : "forward"},
                         {"batch", a.batch},
                         {"size", a.size},
                         {"bands", a.bands},
                         {"device", services_of(device).describe(device.index)},
                         {"precision", experiment.precision},
                         {"captured", experiment.capture && !device.is_cpu()},
                         {"threads", max_threads()},
                         {"runs", a.runs},
                         {"median_ms", t.median()},
                         {"min_ms", t.milliseconds.front()},
                         {"max_ms", t.milliseconds.back()},
                         {"tiles_per_s", static_cast<double>(a.batch) / t.median() * 1e3},
                         {"gflop", gflop},
                         {"gflop_per_s", gflop / t.median() * 1e3},
                         {"peak_tensor_mb", static_cast<double>(peak_bytes) / 0x1p20},
                         {"peak_process_mb", process_megabytes}};
  const std::int64_t steps = a.runs + kWarmUp;
  std::map<std::string, OperatorCosts::Both> sums;
  if (a.profile) {
    lab::Roofline roofline(device, DType::f32);
    sums = costs.sums(roofline);
    result["peak_gflop_per_s"] = roofline.peak() * 1e-9;
  }
  if (a.json) {
    if (a.profile) {
      result["profile"] = profile_json(report);
      result["profile"]["per_step"] = roofline_json(sums, steps);
    }
    fmt::print("{}\n", result.dump());
    return 0;
  }
  for (const auto& [key, value] : result.items())
    fmt::print("{:<16} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  if (a.profile) fmt::print("{}", roofline_table(report, sums, steps));
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("bench", "Time a network on random images");
  auto a = std::make_shared<BenchArguments>();
  command->add_option("model", a->model, "network")->required()->check(CLI::IsMember(model_names()));
  command->add_option("--batch", a->batch, "images per call")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--size", a->size, "height and width of the PAN image")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--bands", a->bands, "multispectral bands")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_option("--set", a->overrides, "path.to.key=value: of the experiment, as model.cf2n.channels=16; may be repeated")
      ->allow_extra_args(false);
  add_device_option(*command, a->overrides);
  command->add_option("--threads", a->threads, "0: all")->capture_default_str();
  command->add_option("--runs", a->runs, "timed calls")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_flag("--train", a->train, "time training steps (forward, backward, Adam) instead of inference");
  command->add_flag("--profile", a->profile,
                    "add a table by operator: time, FLOP/s, bytes/s and share of its floor, warm-up included");
  command->add_flag("--json", a->json, "print one line of JSON");
  command->callback([a, &action] { action = [a] { return bench(*a); }; });
}

}  // namespace cf

// cfrun ranks: who the ranks of a launch are, and what a sum over them costs.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "framework/core/device_services.h"
#include "framework/core/host_name.h"
#include "framework/dist/rank_place.h"
#include "framework/io/json.h"
#include "kernels/devices.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/launch.h"
#include "tools/cfrun/ranks.h"

namespace cf {
namespace {

struct RanksArguments {
  std::int64_t ranks = 0;
  std::string device = "cpu";
  std::int64_t runs = 20;
  bool json = false;
};

constexpr std::int64_t kSmallest = std::int64_t{1} << 10U;
constexpr std::int64_t kLargest = std::int64_t{1} << 25U;
constexpr std::int64_t kFactor = 2;
constexpr int kWarmUp = 3;

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Keeps this rank's core busy, as a computation would.
void work(std::int64_t rounds) {
  volatile double place = 1;  // read and written, so that the loop stays where it is
  double x = place;
  for (std::int64_t i = 0; i < rounds; ++i) x = x * 0.999999 + 1e-6;
  place = x;
}

struct SumTimes {
  std::int64_t bytes = 0;
  double seconds = 0;  // median of a sum by itself
  double hidden = 0;   // share of it that disappears behind a computation as long as it; on the CPU
};

// Seconds of fn(), the median of some runs that all ranks begin together.
template <class F>
double timed(ProcessGroup& group, std::int64_t runs, F&& fn) {
  std::vector<double> seconds;
  for (std::int64_t run = -kWarmUp; run < runs; ++run) {
    group.barrier();
    const auto begin = Clock::now();
    fn();
    if (run >= 0) seconds.push_back(since(begin));
  }
  return median(seconds);
}

SumTimes measure(ProcessGroup& group, Device device, std::int64_t bytes, std::int64_t runs) {
  const Tensor values = Tensor::zeros({bytes / static_cast<std::int64_t>(sizeof(float))}, DType::f32, device);
  const auto finish = [&] { services_of(device).synchronize(device.index); };
  SumTimes times;
  times.bytes = bytes;
  times.seconds = timed(group, runs, [&] {
    group.sum(values);
    finish();
  });
  if (!device.is_cpu() || group.size() == 1) return times;
  // As much work as the sum takes, for all ranks alike.
  constexpr std::int64_t kProbe = 1'000'000;
  const double per_round = timed(group, 3, [] { work(kProbe); }) / static_cast<double>(kProbe);
  const std::int64_t rounds =
      std::stoll(group.broadcast_text(std::to_string(static_cast<std::int64_t>(times.seconds / per_round)), 0));
  const double alone = timed(group, runs, [&] { work(rounds); });
  const double both = timed(group, runs, [&] {
    const auto pending = group.begin_sum(values);
    work(rounds);
    pending->wait();
  });
  times.hidden = std::clamp((times.seconds + alone - both) / times.seconds, 0.0, 1.0);
  return times;
}

// Bytes that each rank must send at least.
double sent(std::int64_t bytes, int ranks) { return 2.0 * static_cast<double>(bytes) * (ranks - 1) / ranks; }

void print(const ProcessGroup& group, const std::vector<std::string>& hosts, const std::vector<SumTimes>& all, bool json) {
  if (json) {
    ordered_json out = {{"ranks", group.size()}, {"backend", group.backend()}, {"hosts", hosts}, {"sums", ordered_json::array()}};
    for (const SumTimes& t : all) out["sums"].push_back({{"bytes", t.bytes}, {"seconds", t.seconds}, {"hidden", t.hidden}});
    fmt::print("{}\n", out.dump());
    return;
  }
  fmt::print("{} ranks, {}\n", group.size(), group.backend());
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) fmt::print("  rank {}: {}\n", rank, hosts[rank]);
  fmt::print("{:>10} {:>12} {:>10} {:>8}\n", "sum of KiB", "us", "GB/s", "hidden");
  for (const SumTimes& t : all) {
    fmt::print("{:>10} {:>12.1f} {:>10.3f} {:>7.0f}%\n", t.bytes / 1024, t.seconds * 1e6,
               sent(t.bytes, group.size()) / t.seconds / 1e9, t.hidden * 100);
  }
}

int measure_ranks(const RanksArguments& a) {
  if (const auto code = start_ranks({.ranks = a.ranks, .saves = false, .device = a.device, .gpus = {}})) return *code;
  const Device device = find_device(device_of_rank(a.device, {})).device;
  services_of(device).use(device.index);
  const auto group = group_on(device);
  const std::vector<std::string> hosts = world().all_gather_text(host_name() + ", " + services_of(device).describe(device.index));
  std::vector<SumTimes> all;
  for (std::int64_t bytes = kSmallest; bytes <= kLargest; bytes *= kFactor) all.push_back(measure(*group, device, bytes, a.runs));
  print(*group, hosts, all, a.json);
  return 0;
}

}  // namespace

void add_ranks(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("ranks", "Say who the ranks of a launch are, and time sums over them");
  auto a = std::make_shared<RanksArguments>();
  add_ranks_option(*command, a->ranks);
  command->add_option("--device", a->device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--runs", a->runs, "timings of each size")->check(CLI::PositiveNumber)->capture_default_str();
  command->add_flag("--json", a->json, "print JSON");
  command->callback([a, &action] { action = [a] { return measure_ranks(*a); }; });
}

}  // namespace cf

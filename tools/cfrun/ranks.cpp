#include "tools/cfrun/ranks.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "framework/core/check.h"
#include "framework/core/device_services.h"
#include "framework/core/host_name.h"
#include "framework/core/log.h"
#include "framework/core/parallel.h"
#include "framework/dist/groups.h"
#include "framework/io/json.h"
#include "kernels/devices.h"

namespace cf {
namespace {

struct World {
  std::unique_ptr<ProcessGroup> alone;
  std::unique_ptr<OpenGroup> ranks;
  std::vector<std::string> hosts;  // by rank
  int local_rank = 0;              // among those of this machine
  int local_size = 1;
  std::map<int, std::shared_ptr<ProcessGroup>> on_gpus;  // by the GPU's number

  ProcessGroup& group() const { return ranks != nullptr ? *ranks : *alone; }
};

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

// Ranks that were not bound to cores share those of their machine.
void share_threads(int local_size) {
  const bool bound = omp_get_num_procs() < static_cast<int>(std::thread::hardware_concurrency());
  if (local_size > 1 && !bound && !is_set("OMP_NUM_THREADS")) set_threads(std::max(1, omp_get_num_procs() / local_size));
}

// Rank 0 speaks for all.
void be_quiet() {
  log::set_level(log::Level::error);
  if (std::freopen("/dev/null", "w", stdout) == nullptr) fail("ranks: /dev/null cannot be opened");
}

World open_world() {
  World made;
  const RankPlace place = rank_place();
  if (place.starter == RankPlace::Starter::none) {
    made.alone = single_group();
    return made;
  }
  made.ranks = place.starter == RankPlace::Starter::cfrun ? socket_group(place) : mpi_group(place);
  made.hosts = made.ranks->all_gather_text(host_name());
  const auto rank = static_cast<std::size_t>(made.ranks->rank());
  const auto here = [&](const std::string& host) { return host == made.hosts[rank]; };
  made.local_rank = static_cast<int>(std::count_if(made.hosts.begin(), made.hosts.begin() + made.ranks->rank(), here));
  made.local_size = static_cast<int>(std::count_if(made.hosts.begin(), made.hosts.end(), here));
  if (made.ranks->size() > 1) {
    watch::Options options;
    options.announce = [](const Verdict& verdict) { fmt::print(stderr, "cfrun: error: {}\n", verdict.text()); };
    watch::open(*made.ranks, std::move(options));
  }
  share_threads(made.local_size);
  if (rank > 0) be_quiet();
  return made;
}

bool world_is_open = false;

World& opened() {
  static World made = open_world();
  world_is_open = true;
  return made;
}

// The GPUs that ranks of this machine may take, as they are configured, else all.
std::vector<std::int64_t> usable_gpus(const std::vector<std::int64_t>& configured) {
  const auto count = static_cast<std::int64_t>(services_of({Device::Kind::cuda, 0}).count());
  std::vector<std::int64_t> all = configured;
  if (all.empty()) {
    for (std::int64_t i = 0; i < count; ++i) all.push_back(i);
  }
  for (const std::int64_t gpu : all) {
    check(gpu < count, "gpus: there is no GPU {} on {}; they are 0 to {}", gpu, host_name(), count - 1);
  }
  const bool twice = std::set<std::int64_t>(all.begin(), all.end()).size() < all.size();
  check(!twice || is_set("NCCL_MULTI_RANK_GPU_ENABLE"), "gpus: one of them twice; each rank needs one of its own");
  return all;
}

}  // namespace

ProcessGroup& world() { return opened().group(); }

std::shared_ptr<ProcessGroup> group_on(Device device) {
  World& all = opened();
  if (device.is_cpu() || all.ranks == nullptr) return {std::shared_ptr<ProcessGroup>(), &all.group()};
  std::shared_ptr<ProcessGroup>& group = all.on_gpus[device.index];
  if (group == nullptr) group = nccl_group(all.group(), device);
  return group;
}

void check_gpus(std::int64_t ranks, const std::vector<std::int64_t>& gpus) {
  const auto usable = static_cast<std::int64_t>(usable_gpus(gpus).size());
  check(ranks <= usable, "ranks: {} of them on {}, which has {} GPU{}{}: start as many ranks as GPUs, or set device=cpu", ranks,
        host_name(), usable, usable == 1 ? "" : "s", gpus.empty() ? "" : " in \"gpus\"");
}

std::string device_of_rank(const std::string& device, const std::vector<std::int64_t>& gpus) {
  const World& all = opened();
  const bool any_gpu = device == "auto" || device == "cuda";
  if (all.ranks == nullptr) {
    if (!any_gpu || gpus.empty() || find_device(device).device.is_cpu()) return device;
    return fmt::format("cuda:{}", usable_gpus(gpus).front());
  }
  if (!any_gpu) {
    check(device == "cpu" || all.local_size == 1, "device: {} is one GPU, and {} ranks run on {}; set device=cuda, or \"gpus\"",
          device, all.local_size, host_name());
    return device;
  }
  const std::string kind = find_device(device).device.is_cpu() ? "the CPU" : "a GPU";
  const std::vector<std::string> kinds = all.group().all_gather_text(kind);
  for (std::size_t rank = 0; rank < kinds.size(); ++rank) {
    check(kinds[rank] == kinds[0], "device: rank {} on {} finds {}, rank 0 on {} {}; set device=cpu, or leave that machine out",
          rank, all.hosts[rank], kinds[rank], all.hosts[0], kinds[0]);
  }
  if (kind == "the CPU") return device;
  check_gpus(all.local_size, gpus);
  return fmt::format("cuda:{}", usable_gpus(gpus)[static_cast<std::size_t>(all.local_rank)]);
}

void compare_ranks(const std::vector<std::pair<std::string, std::string>>& facts) {
  const World& all = opened();
  ordered_json mine = ordered_json::array();
  for (const auto& [name, value] : facts) mine.push_back({name, value});
  const std::string text = mine.dump();
  // The whole lists travel only where they differ: there may be a thousand ranks.
  const std::vector<std::string> sums = all.group().all_gather_text(std::to_string(std::hash<std::string>()(text)));
  if (std::all_of(sums.begin(), sums.end(), [&](const std::string& sum) { return sum == sums.front(); })) return;
  const std::vector<std::string> texts = all.group().all_gather_text(text);
  const auto other = std::find_if(texts.begin(), texts.end(), [&](const std::string& one) { return one != texts.front(); });
  if (other == texts.end()) return;
  const auto rank = static_cast<std::size_t>(other - texts.begin());
  const ordered_json theirs = ordered_json::parse(*other);
  const ordered_json first = ordered_json::parse(texts.front());
  std::size_t at = 0;
  while (at < theirs.size() && at < first.size() && theirs[at] == first[at]) ++at;
  const auto words = [&](const ordered_json& list) {
    return at < list.size() ? list[at][0].get<std::string>() + " " + list[at][1].get<std::string>() : "nothing more";
  };
  fail("ranks differ: rank {} on {} has {}, rank 0 on {} has {}. Start all with the same program, configuration and data", rank,
       all.hosts[rank], words(theirs), all.hosts[0], words(first));
}

void close_ranks() {
  if (!world_is_open || opened().ranks == nullptr) return;
  watch::leave();
  opened().on_gpus.clear();
  opened().ranks->finish();
}

void fail_ranks(const std::string& reason, int code) {
  if (world_is_open && world().size() > 1) {
    std::fflush(nullptr);
    std::_Exit(watch::report_failure(reason, code).code);
  }
  RankPlace place;
  try {
    place = rank_place();
  } catch (const Error&) {
    return;  // that may be what failed
  }
  if (place.starter == RankPlace::Starter::none || place.size == 1) return;
  fmt::print(stderr, "cfrun: error: rank {} on {}: {}\n", place.rank, host_name(), reason);
  std::fflush(nullptr);
  std::_Exit(code);
}

}  // namespace cf

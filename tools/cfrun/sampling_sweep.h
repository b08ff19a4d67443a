// Quality against the number of network calls: a test set fused by several samplers with several numbers of steps.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/cfrun/evaluate.h"
#include "tools/cfrun/fuser.h"

namespace cf {

// One way to fuse the set.
struct SweepRow {
  SamplerConfig sampler;
  MetricList mean;  // over the images
  SamplingCost cost;
};

struct SweepResult {
  std::string set;  // the file's name
  std::int64_t images = 0;
  std::string conventions;
  std::vector<SweepRow> rows;

  std::string text() const;  // a table for a terminal
};

class SamplingSweep {
 public:
  // Every sampler with every number of steps, the rest as the session's experiment says. Throws Error at once where one of them
  // is impossible, and where the network does not sample. The session must outlive the sweep.
  SamplingSweep(const Session& session, const std::vector<std::string>& samplers, const std::vector<std::int64_t>& steps);

  // Fuses the set; writes steps.json, steps.csv and steps.png into `out`, which is made. Of several
  // ranks each fuses its share of the images, the first writes and returns the result.
  SweepResult run(const std::filesystem::path& file, const std::filesystem::path& out);

 private:
  SweepRow measure(const SamplerConfig& sampler, const Dataset& set) const;

  const Session& session_;
  std::vector<SamplerConfig> ways_;
};

// What sampling took, for a person and for a script.
std::string describe(const SamplerConfig& sampler, const SamplingCost& cost);
ordered_json to_json(const SamplerConfig& sampler, const SamplingCost& cost);

}  // namespace cf

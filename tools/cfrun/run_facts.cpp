#include "tools/cfrun/run_facts.h"

#include <fmt/core.h>

#include <algorithm>

#include "framework/io/checksum.h"

namespace cf {
namespace {

constexpr std::int64_t kSamples = 64;  // of a set that are looked at, spread evenly over it

std::string checksum_of(const Tensor& t) {
  if (!t.defined()) return "none";
  const std::vector<float> values = t.to_vector<float>();
  return checksum({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

}  // namespace

RunFacts facts_of(const Experiment& experiment) {
  RunFacts facts;
  const ordered_json flat = to_json(experiment).flatten();
  for (const auto& [pointer, value] : flat.items()) {
    std::string name = pointer.substr(1);  // "/train/batch"
    std::replace(name.begin(), name.end(), '/', '.');
    facts.emplace_back(name, value.dump());
  }
  return facts;
}

RunFacts facts_of(const std::string& what, const Dataset& set) {
  std::vector<std::int64_t> indices;
  const std::int64_t count = std::min(set.size(), kSamples);
  for (std::int64_t i = 0; i < count; ++i) indices.push_back(i * set.size() / count);
  const Batch batch = set.read(indices);
  std::string values;
  for (const auto image : {&Batch::gt, &Batch::ms, &Batch::lms, &Batch::pan}) values += checksum_of(batch.*image);
  return {{what, fmt::format("{} samples of {}x{}, {} bands, {}", set.size(), set.height(), set.width(), set.bands(),
                             checksum(values))}};
}

RunFacts facts_of(const Session& session, std::int64_t step) {
  return {{"the step it goes on from", std::to_string(step)}, {"the weights it starts from", checksum_of(session.params.flat())}};
}

}  // namespace cf

#include "models/ssdiff/lbaf.h"

#include <algorithm>

namespace cf {
namespace {

template <std::size_t N>
bool starts_with_any(std::string_view name, const std::array<std::string_view, N>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return name.starts_with(p); });
}

}  // namespace

Branch resting_branch(const LbafConfig& config, std::int64_t step) {
  if (config.period == 0) return Branch::none;
  return step / config.period % 2 == 0 ? Branch::spectral : Branch::spatial;
}

Branch branch_of(std::string_view parameter) {
  constexpr std::array<std::string_view, 2> kSpatial = {"spatial.", "block"};
  constexpr std::array<std::string_view, 4> kSpectral = {"spectral.", "base.", "head0.", "head1."};
  // "fusion3.sa1.weight" -> "sa1.weight"
  constexpr std::array<std::string_view, 2> kSpatialPart = {"sa1.", "sa2."};
  constexpr std::array<std::string_view, 5> kSpectralPart = {"se1.", "se2.", "to_out.", "ff.in.", "ff.out."};
  if (starts_with_any(parameter, kSpatial)) return Branch::spatial;
  if (starts_with_any(parameter, kSpectral)) return Branch::spectral;
  if (!parameter.starts_with("fusion")) return Branch::none;
  const std::string_view part = parameter.substr(parameter.find('.') + 1);
  if (starts_with_any(part, kSpatialPart)) return Branch::spatial;
  if (starts_with_any(part, kSpectralPart)) return Branch::spectral;
  return Branch::none;
}

std::vector<FlatRange> frozen_ranges(const ParamStore& params, const LbafConfig& config, std::int64_t step) {
  const Branch resting = resting_branch(config, step);
  std::vector<FlatRange> ranges;
  if (resting == Branch::none || config.freeze != LbafFreeze::params) return ranges;
  const ParamStore::List& list = params.params();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Branch branch = branch_of(list[i].first);
    if (branch != resting && (branch != Branch::none || config.train_shared)) continue;
    const std::int64_t begin = list[i].second.storage_offset();
    const std::int64_t end = i + 1 < list.size() ? list[i + 1].second.storage_offset() : params.flat().numel();
    if (!ranges.empty() && ranges.back().end == begin) {
      ranges.back().end = end;
    } else {
      ranges.push_back({begin, end});
    }
  }
  return ranges;
}

}  // namespace cf

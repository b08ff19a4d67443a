// Metrics of images that ranks measured, brought together.
#pragma once

#include <cstdint>
#include <vector>

#include "data/quality/quality.h"
#include "framework/dist/process_group.h"

namespace cf {

class RankRows {
 public:
  // Of so many images, each measured by one rank.
  explicit RankRows(std::int64_t images) : rows_(static_cast<std::size_t>(images)) {}

  // This rank measured images first, first + 1, ...
  void put(std::int64_t first, const std::vector<MetricList>& rows);
  // All rows in the order of images, bit for bit as they were measured, on every rank. Throws Error where one is missing.
  std::vector<MetricList> gather(ProcessGroup& ranks) const;

 private:
  std::vector<MetricList> rows_;  // empty: not measured here
};

}  // namespace cf

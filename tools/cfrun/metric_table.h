// The metrics of a test set: a row per image, mean and standard deviation, with those of plain interpolation (EXP) beside.
#pragma once

#include <string>
#include <vector>

#include "data/quality/quality.h"
#include "framework/io/json.h"

namespace cf {

class MetricTable {
 public:
  // `conventions` names the definitions; it stands in every form of output.
  MetricTable(std::string set, std::string kind, std::string conventions);

  // The metrics of the next image, fused by the network and by interpolation.
  void add(MetricList network, MetricList exp);

  // A line below the table, and `values` in the JSON under `name`.
  void note(const std::string& name, std::string text, ordered_json values);

  std::string text() const;
  // A line per image and method, then means and deviations.
  std::string csv() const;
  ordered_json json() const;

 private:
  std::string set_;
  std::string kind_;
  std::string conventions_;
  std::vector<MetricList> network_;
  std::vector<MetricList> exp_;
  std::string notes_;
  ordered_json values_ = ordered_json::object();
};

}  // namespace cf

// The metrics of a test set: a row per image, mean and standard deviation, with those of plain interpolation (EXP) beside.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/quality/quality.h"
#include "framework/io/json.h"

namespace cf {

// One way of fusing: its name ("network", "EXP", ...) and the metrics of each image.
struct MethodRows {
  std::string name;
  std::vector<MetricList> rows;
};

class MetricTable {
 public:
  // `conventions` names the definitions; it stands in every form of output.
  MetricTable(std::string set, std::string kind, std::string conventions);

  // The metrics of the next image by method, the network first; the same methods for every image.
  void add(const std::vector<std::pair<std::string, MetricList>>& methods);

  // A line below the table, and `values` in the JSON under `name`.
  void note(const std::string& name, std::string text, ordered_json values);

  std::string text() const;
  // A line per image and method, then means and deviations.
  std::string csv() const;
  ordered_json json() const;

  const std::string& set() const { return set_; }
  const std::string& kind() const { return kind_; }
  const std::string& conventions() const { return conventions_; }
  const std::vector<MethodRows>& methods() const { return methods_; }
  std::size_t images() const { return methods_.empty() ? 0 : methods_.front().rows.size(); }

 private:
  std::string set_;
  std::string kind_;
  std::string conventions_;
  std::vector<MethodRows> methods_;
  std::string notes_;
  ordered_json values_ = ordered_json::object();
};

}  // namespace cf

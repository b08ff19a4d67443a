#include "tools/cfrun/metric_table.h"

#include <fmt/core.h>

#include <cmath>

#include "framework/core/check.h"
#include "tools/cfrun/evaluate.h"

namespace cf {
namespace {

// JSON has no NaN or infinity; they become null.
ordered_json to_json(const MetricList& row) {
  ordered_json json = ordered_json::object();
  for (const auto& [name, value] : row) json[name] = std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
  return json;
}

ordered_json summary(const std::vector<MetricList>& rows) {
  ordered_json images = ordered_json::array();
  for (const MetricList& row : rows) images.push_back(to_json(row));
  return {{"mean", to_json(mean_of(rows))}, {"std", to_json(deviation_of(rows))}, {"images", images}};
}

std::string csv_line(const std::string& image, const std::string& method, const MetricList& row) {
  std::string line = image + "," + method;
  for (const auto& [name, value] : row) line += fmt::format(",{:.10g}", value);
  return line + "\n";
}

std::string text_line(const std::string& label, const MetricList& row) {
  std::string line = fmt::format("{:<14}", label);
  for (const auto& [name, value] : row) line += fmt::format(" {:>12.4f}", value);
  return line + "\n";
}

std::string deviation_line(const MetricList& deviation) {
  std::string line = fmt::format("{:<14}", "");
  for (const auto& [name, value] : deviation) {
    line += fmt::format(" {:>12}", fmt::format("±{:.4f}", value));
  }
  return line + "\n";
}

}  // namespace

MetricTable::MetricTable(std::string set, std::string kind, std::string conventions)
    : set_(std::move(set)), kind_(std::move(kind)), conventions_(std::move(conventions)) {}

void MetricTable::add(const std::vector<std::pair<std::string, MetricList>>& methods) {
  if (methods_.empty()) {
    for (const auto& [name, row] : methods) methods_.push_back({name, {}});
  }
  check(methods.size() == methods_.size(), "metrics: {} methods for an image, {} for those before", methods.size(),
        methods_.size());
  for (std::size_t m = 0; m < methods.size(); ++m) {
    check(methods[m].first == methods_[m].name, "metrics: method {} in the place of {}", methods[m].first, methods_[m].name);
    methods_[m].rows.push_back(methods[m].second);
  }
}

void MetricTable::note(const std::string& name, std::string text, ordered_json values) {
  notes_ += name + ": " + std::move(text) + "\n";
  values_[name] = std::move(values);
}

std::string MetricTable::text() const {
  const std::vector<MetricList>& network = methods_.front().rows;
  std::string text = fmt::format("{}: {}, {} image{}\n{:<14}", set_, kind_, images(), images() == 1 ? "" : "s", "");
  for (const auto& [name, value] : network.front()) text += fmt::format(" {:>12}", name);
  text += "\n";
  for (std::size_t i = 0; i < images() && images() > 1; ++i) text += text_line(fmt::format("image {}", i), network[i]);
  for (const MethodRows& method : methods_) {
    text += text_line(method.name, mean_of(method.rows));
    if (images() > 1) text += deviation_line(deviation_of(method.rows));
  }
  return text + notes_ + "conventions: " + conventions_ + "\n";
}

std::string MetricTable::csv() const {
  std::string csv = "# " + conventions_ + "\nimage,method";
  for (const auto& [name, value] : methods_.front().rows.front()) csv += "," + name;
  csv += "\n";
  for (std::size_t i = 0; i < images(); ++i) {
    for (const MethodRows& method : methods_) csv += csv_line(std::to_string(i), method.name, method.rows[i]);
  }
  for (const MethodRows& method : methods_) {
    csv += csv_line("mean", method.name, mean_of(method.rows));
    csv += csv_line("std", method.name, deviation_of(method.rows));
  }
  return csv;
}

ordered_json MetricTable::json() const {
  ordered_json json = {{"set", set_}, {"kind", kind_}, {"conventions", conventions_}};
  for (const MethodRows& method : methods_) json[method.name] = summary(method.rows);
  json.update(values_);
  return json;
}

}  // namespace cf

#include "tools/cfrun/metric_table.h"

#include <fmt/core.h>

#include <cmath>

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

void MetricTable::add(MetricList network, MetricList exp) {
  network_.push_back(std::move(network));
  exp_.push_back(std::move(exp));
}

void MetricTable::note(const std::string& name, std::string text, ordered_json values) {
  notes_ += name + ": " + std::move(text) + "\n";
  values_[name] = std::move(values);
}

std::string MetricTable::text() const {
  std::string text = fmt::format("{}: {}, {} image{}\n{:<14}", set_, kind_, network_.size(), network_.size() == 1 ? "" : "s", "");
  for (const auto& [name, value] : network_.front()) text += fmt::format(" {:>12}", name);
  text += "\n";
  for (std::size_t i = 0; i < network_.size() && network_.size() > 1; ++i)
    text += text_line(fmt::format("image {}", i), network_[i]);
  text += text_line("network", mean_of(network_));
  if (network_.size() > 1) text += deviation_line(deviation_of(network_));
  text += text_line("EXP", mean_of(exp_));
  if (exp_.size() > 1) text += deviation_line(deviation_of(exp_));
  return text + notes_ + "conventions: " + conventions_ + "\n";
}

std::string MetricTable::csv() const {
  std::string csv = "# " + conventions_ + "\nimage,method";
  for (const auto& [name, value] : network_.front()) csv += "," + name;
  csv += "\n";
  for (std::size_t i = 0; i < network_.size(); ++i) {
    csv += csv_line(std::to_string(i), "network", network_[i]);
    csv += csv_line(std::to_string(i), "EXP", exp_[i]);
  }
  for (const auto& [method, rows] : {std::pair{"network", &network_}, std::pair{"EXP", &exp_}}) {
    csv += csv_line("mean", method, mean_of(*rows));
    csv += csv_line("std", method, deviation_of(*rows));
  }
  return csv;
}

ordered_json MetricTable::json() const {
  ordered_json json = {
      {"set", set_}, {"kind", kind_}, {"conventions", conventions_}, {"network", summary(network_)}, {"EXP", summary(exp_)}};
  json.update(values_);
  return json;
}

}  // namespace cf

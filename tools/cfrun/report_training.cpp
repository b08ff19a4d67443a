#include "tools/cfrun/report_training.h"

#include <fmt/format.h>

#include <fstream>
#include <map>

#include "data/report/chart.h"
#include "data/report/html.h"
#include "framework/io/checkpoint.h"
#include "tools/cfrun/report_metrics.h"

namespace cf {
namespace {

constexpr std::size_t kPoints = 240;  // of a curve: more than its pixels would show

struct TrainingLog {
  Series loss{.name = "loss", .ink = Ink::network};
  Series rate{.name = "learning rate", .ink = Ink::network};
  std::vector<std::string> metrics;  // in the log's order
  std::map<std::string, Series> valid;
  double seconds = 0;
};

void put(Series& series, double step, const ordered_json& value) {
  if (!value.is_number()) return;
  series.x.push_back(step);
  series.y.push_back(value.get<double>());
}

void take_line(TrainingLog& log, const ordered_json& line) {
  if (!line.is_object() || !line.contains("step") || !line["step"].is_number()) return;
  const auto step = line["step"].get<double>();
  if (line.contains("loss")) put(log.loss, step, line["loss"]);
  if (line.contains("lr")) put(log.rate, step, line["lr"]);
  if (line.contains("seconds") && line["seconds"].is_number()) log.seconds += line["seconds"].get<double>();
  if (!line.contains("valid") || !line["valid"].is_object()) return;
  for (const auto& [name, value] : line["valid"].items()) {
    if (!log.valid.contains(name)) log.metrics.push_back(name);
    Series& series = log.valid[name];
    series.name = name;
    series.points = true;
    put(series, step, value);
  }
}

TrainingLog read_log(const std::filesystem::path& file) {
  TrainingLog log;
  std::ifstream in(file);
  for (std::string text; std::getline(in, text);) {
    const ordered_json line = ordered_json::parse(text, nullptr, false);
    if (!line.is_discarded()) take_line(log, line);
  }
  return log;
}

}  // namespace

void add_training(Page& page, const std::filesystem::path& checkpoint) {
  const std::filesystem::path file = std::filesystem::absolute(checkpoint).parent_path() / "log.jsonl";
  if (!std::filesystem::is_regular_file(file)) return;
  const TrainingLog log = read_log(file);
  if (log.loss.x.empty() && log.metrics.empty()) return;
  const ordered_json meta = read_checkpoint_header(checkpoint).meta;
  std::optional<double> mark;
  if (meta.contains("step") && meta["step"].is_number()) mark = meta["step"].get<double>();

  const auto chart = [&](const std::string& title, const Series& series, bool logarithmic) {
    return line_chart({.title = title,
                       .x = {.label = "step"},
                       .y = {.label = "", .logarithmic = logarithmic},
                       .series = {condensed(series, kPoints)},
                       .mark = mark,
                       .mark_label = "checkpoint"});
  };
  std::vector<std::string> charts = {chart("Training loss", log.loss, true), chart("Learning rate", log.rate, false)};
  for (const std::string& name : log.metrics) {
    if (charts.size() < 6 && meaning_of(name).better != 0)
      charts.push_back(chart("Validation: " + metric_column(name).name, log.valid.at(name), false));
  }
  const auto steps = static_cast<std::int64_t>(log.loss.x.size());
  page.section("Training", fmt::format("{} step{} in {}. Curves are means of neighbouring steps where there are many; the band "
                                       "reaches from the least to the largest.",
                                       html::count(steps), steps == 1 ? "" : "s", html::duration(log.seconds)));
  page.charts(charts);
}

}  // namespace cf

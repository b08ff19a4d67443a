#include "tools/cfrun/report_test.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/presets.h"
#include "data/report/html.h"
#include "framework/core/device_services.h"
#include "framework/io/checkpoint.h"
#include "tools/cfrun/report_file.h"
#include "tools/cfrun/report_metrics.h"
#include "tools/cfrun/report_origin.h"
#include "tools/cfrun/report_training.h"

namespace cf {
namespace {

std::string title_of(const Experiment& e) {
  return fmt::format("{} on {}", network_title(e.model.name), sensor_preset(e.data.sensor).title);
}

std::string lead_of(const Experiment& e, const std::filesystem::path& checkpoint) {
  return fmt::format(
      "Experiment {}, checkpoint {}: a PAN and a multispectral image become one sharp multispectral image; "
      "measured beside plain interpolation (EXP).",
      e.name, checkpoint.filename().string());
}

std::string weights_in_words(const std::filesystem::path& checkpoint, WeightChoice choice) {
  const auto header = read_checkpoint_header(checkpoint);
  const bool averaged =
      std::any_of(header.tensors.begin(), header.tensors.end(), [](const auto& t) { return t.name == "ema.shadow"; });
  return averaged && choice != WeightChoice::live ? "averaged over the training (EMA)" : "as trained";
}

// The curve of each sampler over the number of steps.
LineChart sweep_chart(const SweepResult& sweep, std::size_t metric) {
  const std::string& name = sweep.rows.front().mean[metric].first;
  LineChart chart{
      .title = metric_column(name).name, .x = {.label = "network calls per tile", .logarithmic = true}, .y = {}, .series = {}};
  for (const SweepRow& row : sweep.rows) {
    const auto known =
        std::find_if(chart.series.begin(), chart.series.end(), [&](const Series& s) { return s.name == row.sampler.name; });
    const bool first = known == chart.series.end();
    Series& series =
        first ? chart.series.emplace_back(Series{.name = row.sampler.name, .ink = ink(chart.series.size())}) : *known;
    series.points = true;
    series.x.push_back(static_cast<double>(row.sampler.steps));
    series.y.push_back(row.mean[metric].second);
  }
  return chart;
}

PageTable sweep_table(const SweepResult& sweep) {
  PageTable table{.caption = "Means over the set's images.",
                  .head = {{"Sampler", ""},
                           {"Steps", "network calls per tile"},
                           {"Calls", "of the network, each on a batch of tiles"},
                           {"s / image", ""}},
                  .rows = {}};
  for (const auto& [name, value] : sweep.rows.front().mean) table.head.push_back(metric_column(name));
  for (const SweepRow& way : sweep.rows) {
    const double images = static_cast<double>(std::max<std::int64_t>(1, way.cost.images));
    std::vector<Cell> row = {cell(way.sampler.name), cell(std::to_string(way.sampler.steps)), cell(html::count(way.cost.calls)),
                             cell(html::fixed(way.cost.seconds / images, 2))};
    for (const auto& [name, value] : way.mean) row.push_back(metric_cell(name, value));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

TestReport::TestReport(std::filesystem::path file, const Session& session, std::filesystem::path checkpoint, WeightChoice weights)
    : file_(std::move(file)),
      session_(session),
      checkpoint_(std::move(checkpoint)),
      weights_(weights),
      begun_(std::chrono::steady_clock::now()),
      page_("cfrun test", title_of(session.experiment), lead_of(session.experiment, checkpoint_)) {
  check_report_file(file_);
}

void TestReport::add(const SweepResult& sweep) {
  page_.section("Quality against steps", fmt::format("{}: {} image{}, fused by each sampler with each number of steps.",
                                                     sweep.set, sweep.images, sweep.images == 1 ? "" : "s"));
  std::vector<std::string> charts;
  for (std::size_t m = 0; m < sweep.rows.front().mean.size() && charts.size() < 6; ++m) {
    if (meaning_of(sweep.rows.front().mean[m].first).better != 0) charts.push_back(line_chart(sweep_chart(sweep, m)));
  }
  page_.charts(charts);
  page_.table(sweep_table(sweep));
  page_.facts({{"Conventions", sweep.conventions}});
  page_.folded_table("What the figures mean", meanings_table(sweep.rows.front().mean));
}

void TestReport::write() {
  add_training(page_, checkpoint_);
  add_checkpoint(page_, checkpoint_, weights_in_words(checkpoint_, weights_));
  page_.section("Time, memory, machine");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  const auto tensors = static_cast<std::int64_t>(allocator_for(session_.device()).stats().peak_bytes);
  Facts facts = {{"In all", html::duration(seconds) + ", metrics and pictures included"},
                 {"Peak memory", html::bytes(peak_process_bytes())},
                 {"Tensors at most", html::bytes(tensors)}};
  for (auto& fact : machine_facts(session_.device())) facts.push_back(std::move(fact));
  facts.emplace_back("Command", command_line());
  page_.facts(facts);
  write_page(file_, page_);
}

}  // namespace cf

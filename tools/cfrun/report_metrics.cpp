#include "tools/cfrun/report_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

#include "data/report/chart.h"
#include "data/report/html.h"
#include "tools/cfrun/evaluate.h"

namespace cf {
namespace {

constexpr std::size_t kMostImages = 500;  // in a table
constexpr std::array kTelling = {"SAM", "ERGAS", "Q2n", "SCC", "PSNR_pool", "D_lambda_K", "D_s", "HQNR"};

const std::map<std::string, MetricMeaning>& meanings() {
  static const std::map<std::string, MetricMeaning> kMeanings = {
      {"SAM", {"mean angle between the spectra of both images, in degrees; 0 is perfect", -1, 4}},
      {"ERGAS", {"relative error over all bands, scaled by the ratio; 0 is perfect", -1, 4}},
      {"Q2n", {"likeness of both images block by block, all bands together (Q4, Q8); 1 is perfect", 1, 4}},
      {"Q", {"universal quality index, mean over the bands; 1 is perfect", 1, 4}},
      {"SCC", {"correlation of spatial detail (edges); 1 is perfect", 1, 4}},
      {"PSNR", {"peak signal to noise ratio in dB", 1, 2}},
      {"PSNR_band", {"peak signal to noise ratio in dB, mean over the bands", 1, 2}},
      {"PSNR_pool", {"peak signal to noise ratio in dB, of all bands' errors together", 1, 2}},
      {"SSIM", {"structural similarity; 1 is perfect", 1, 4}},
      {"CC", {"correlation of each band with the truth, mean; 1 is perfect", 1, 4}},
      {"RMSE", {"root of the mean squared error, in the images' unit; 0 is perfect", -1, 4}},
      {"UIQC", {"universal quality index of whole bands; 1 is perfect", 1, 4}},
      {"D_lambda", {"spectral distortion, without ground truth; 0 is perfect", -1, 4}},
      {"D_s", {"spatial distortion against PAN, without ground truth; 0 is perfect", -1, 4}},
      {"QNR", {"both distortions in one index, without ground truth; 1 is perfect", 1, 4}},
      {"D_lambda_K", {"spectral distortion by Khan, through the sensor's MTF; 0 is perfect", -1, 4}},
      {"HQNR", {"D_lambda_K and D_s in one index, without ground truth; 1 is perfect", 1, 4}},
      {"cloudy", {"share of the image that is cloudy", 0, 4}}};
  return kMeanings;
}

std::optional<double> value_of(const MetricList& row, const std::string& name) {
  const auto at = std::find_if(row.begin(), row.end(), [&](const auto& entry) { return entry.first == name; });
  return at == row.end() ? std::nullopt : std::optional(at->second);
}

const MethodRows* exp_of(const MetricTable& table) {
  const auto at = std::find_if(table.methods().begin(), table.methods().end(), [](const auto& m) { return m.name == "EXP"; });
  return at == table.methods().end() ? nullptr : &*at;
}

// Of the means of one metric, the best one's place; none where it has no direction or there is nothing to compare.
std::optional<std::size_t> best_of(const std::vector<MetricList>& means, std::size_t metric) {
  const int better = meaning_of(means.front()[metric].first).better;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < means.size() && better != 0 && means.size() > 1; ++i) {
    const double value = means[i][metric].second;
    if (std::isnan(value)) continue;
    if (!best || (value - means[*best][metric].second) * better > 0) best = i;
  }
  return best;
}

std::vector<std::string> telling_ones(const MetricList& row) {
  std::vector<std::string> found;
  for (const char* name : kTelling) {
    if (value_of(row, name)) found.emplace_back(name);
  }
  return found;
}

std::string title_of(const MethodRows& method, const std::string& network) {
  return method.name == "network" ? network : method.name;
}

}  // namespace

MetricMeaning meaning_of(const std::string& metric) {
  const auto at = meanings().find(metric);
  if (at != meanings().end()) return at->second;
  constexpr std::string_view kCloud = "_cloud";
  if (!metric.ends_with(kCloud)) return {};
  MetricMeaning meaning = meaning_of(metric.substr(0, metric.size() - kCloud.size()));
  meaning.about += "; of cloudy pixels alone";
  return meaning;
}

Column metric_column(const std::string& metric) {
  const MetricMeaning meaning = meaning_of(metric);
  const char* arrow = meaning.better > 0 ? " \xE2\x86\x91" : " \xE2\x86\x93";
  return {metric + (meaning.better == 0 ? "" : arrow), meaning.about};
}

Cell metric_cell(const std::string& metric, double value) {
  Cell c = cell(html::fixed(value, meaning_of(metric).digits));
  if (std::isfinite(value)) c.exact = fmt::format("{:.10g}", value);
  return c;
}

std::string deciding_metric(const MetricList& row) {
  for (const char* name : {"ERGAS", "HQNR", "QNR"}) {
    if (value_of(row, name)) return name;
  }
  const auto at = std::find_if(row.begin(), row.end(), [](const auto& entry) { return meaning_of(entry.first).better != 0; });
  return at == row.end() ? "" : at->first;
}

PageTable methods_table(const MetricTable& table, const std::string& network) {
  PageTable page{
      .caption = fmt::format("Mean of {} image{}{}. Bold: the best of its column.", table.images(),
                             table.images() == 1 ? "" : "s", table.images() == 1 ? "" : " ± standard deviation (n − 1)"),
      .head = {{"Method", ""}},
      .rows = {}};
  std::vector<MetricList> means;
  for (const MethodRows& method : table.methods()) means.push_back(mean_of(method.rows));
  for (const auto& [name, value] : means.front()) page.head.push_back(metric_column(name));
  for (std::size_t i = 0; i < means.size(); ++i) {
    const MetricList deviations = deviation_of(table.methods()[i].rows);
    std::vector<Cell> row = {cell(title_of(table.methods()[i], network))};
    for (std::size_t m = 0; m < means[i].size(); ++m) {
      const auto& [name, value] = means[i][m];
      Cell c = metric_cell(name, value);
      if (table.images() > 1) c.below = "± " + html::fixed(deviations[m].second, meaning_of(name).digits);
      c.best = best_of(means, m) == i;
      row.push_back(std::move(c));
    }
    page.rows.push_back(std::move(row));
  }
  return page;
}

PageTable images_table(const MetricTable& table) {
  const MethodRows& network = table.methods().front();
  const MethodRows* exp = exp_of(table);
  const std::size_t shown = std::min(network.rows.size(), kMostImages);
  PageTable page{.caption = exp != nullptr ? "Below each figure that of EXP, plain interpolation." : "",
                 .head = {{"Image", ""}},
                 .rows = {}};
  if (shown < network.rows.size())
    page.caption += fmt::format(" The first {} of {} images; metrics.csv has all.", shown, network.rows.size());
  for (const auto& [name, value] : network.rows.front()) page.head.push_back(metric_column(name));
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<Cell> row = {cell(std::to_string(i))};
    for (std::size_t m = 0; m < network.rows[i].size(); ++m) {
      const auto& [name, value] = network.rows[i][m];
      Cell c = metric_cell(name, value);
      if (exp != nullptr) c.below = metric_cell(name, exp->rows[i][m].second).text;
      row.push_back(std::move(c));
    }
    page.rows.push_back(std::move(row));
  }
  return page;
}

PageTable meanings_table(const MetricList& row) {
  PageTable page{.caption = "", .head = {{"Figure", ""}, {"Meaning", ""}}, .rows = {}, .words = true};
  for (const auto& [name, value] : row) page.rows.push_back({cell(metric_column(name).name), cell(meaning_of(name).about)});
  return page;
}

std::vector<Card> metric_cards(const MetricTable& table) {
  const MetricList mean = mean_of(table.methods().front().rows);
  const MethodRows* exp = exp_of(table);
  const MetricList reference = exp != nullptr ? mean_of(exp->rows) : MetricList();
  std::vector<Card> cards;
  for (const std::string& name : telling_ones(mean)) {
    const int digits = meaning_of(name).digits;
    Card card{.name = name, .value = html::fixed(*value_of(mean, name), digits), .below = ""};
    if (const auto other = value_of(reference, name)) card.below = "EXP " + html::fixed(*other, digits);
    cards.push_back(std::move(card));
  }
  return cards;
}

std::vector<std::string> spread_charts(const MetricTable& table, const std::string& network) {
  std::vector<std::string> charts;
  if (table.images() < 2) return charts;
  for (const std::string& name : telling_ones(table.methods().front().rows.front())) {
    DotChart chart{.title = name + ", image by image", .label = name, .rows = {}};
    for (std::size_t m = 0; m < table.methods().size(); ++m) {
      const MethodRows& method = table.methods()[m];
      DotRow row{.name = title_of(method, network), .ink = ink(m), .values = {}};
      for (const MetricList& image : method.rows) row.values.push_back(*value_of(image, name));
      chart.rows.push_back(std::move(row));
    }
    charts.push_back(dot_chart(chart));
    if (charts.size() == 3) break;
  }
  return charts;
}

}  // namespace cf

#include "tools/cfrun/report_published.h"

#include <algorithm>
#include <array>
#include <span>

#include "data/presets.h"
#include "data/report/html.h"
#include "tools/cfrun/report_metrics.h"

namespace cf {
namespace {

// SAM, ERGAS, Q2n, SCC with ground truth; D_lambda_K, D_s, HQNR without. From tables 1 and 6 of Zhong, Wu, Deng, Cao, "SSDiff",
// NeurIPS 2024 (arXiv 2404.11537), which took the other methods' figures on the same images.
struct Figures {
  const char* method;
  std::array<double, 4> reduced;
  std::array<double, 3> full;
};

constexpr std::array<Figures, 8> kWorldView3 = {{{"MTF-GLP-FS", {5.3233, 4.6452, .8177, .8984}, {.0206, .0630, .9180}},
                                                 {"BT-H", {4.8985, 4.5150, .8182, .9240}, {.0574, .0810, .8670}},
                                                 {"PNN", {3.6798, 2.6819, .8929, .9761}, {.0213, .0428, .9369}},
                                                 {"FusionNet", {3.3252, 2.4666, .9044, .9807}, {.0239, .0364, .9406}},
                                                 {"LAGConv", {3.1042, 2.2999, .9098, .9838}, {.0368, .0418, .9230}},
                                                 {"DCFNet", {3.0264, 2.1588, .9051, .9861}, {.0781, .0508, .8771}},
                                                 {"PanDiff", {3.2968, 2.4667, .8980, .9800}, {.0273, .0542, .9203}},
                                                 {"SSDiff", {2.8429, 2.1059, .9156, .9867}, {.0132, .0307, .9565}}}};
constexpr std::array<Figures, 8> kGaoFen2 = {{{"MTF-GLP-FS", {1.6757, 1.6023, .8914, .9390}, {.0336, .1404, .8309}},
                                              {"BT-H", {1.6810, 1.5524, .9089, .9508}, {.0602, .1313, .8165}},
                                              {"PNN", {1.0477, 1.0572, .9604, .9772}, {.0367, .0943, .8726}},
                                              {"FusionNet", {.9735, .9878, .9641, .9806}, {.0400, .1013, .8628}},
                                              {"LAGConv", {.7859, .6869, .9804, .9906}, {.0324, .0792, .8910}},
                                              {"DCFNet", {.8896, .8061, .9727, .9853}, {.0234, .0659, .9122}},
                                              {"PanDiff", {.8881, .7461, .9792, .9887}, {.0265, .0729, .9025}},
                                              {"SSDiff", {.6694, .6038, .9836, .9915}, {.0164, .0267, .9573}}}};
constexpr std::array<Figures, 8> kQuickBird = {{{"MTF-GLP-FS", {8.1131, 7.5102, .8296, .8998}, {.0489, .1383, .8199}},
                                                {"BT-H", {7.1943, 7.4008, .8326, .9156}, {.2300, .1648, .6434}},
                                                {"PNN", {5.2054, 4.4722, .9180, .9711}, {.0569, .0624, .8844}},
                                                {"FusionNet", {4.9226, 4.1594, .9252, .9755}, {.0586, .0522, .8922}},
                                                {"LAGConv", {4.5473, 3.8259, .9335, .9807}, {.0844, .0676, .8536}},
                                                {"DCFNet", {4.5383, 3.8315, .9325, .9741}, {.0454, .1239, .8360}},
                                                {"PanDiff", {4.5754, 3.7422, .9345, .9818}, {.0587, .0642, .8813}},
                                                {"SSDiff", {4.4640, 3.6320, .9346, .9829}, {.0314, .0360, .9338}}}};

std::span<const Figures> figures_of(const std::string& sensor) {
  if (sensor == "wv3") return kWorldView3;
  if (sensor == "gf2") return kGaoFen2;
  if (sensor == "qb") return kQuickBird;
  return {};
}

}  // namespace

std::optional<PageTable> published_figures(const std::string& sensor, const std::string& set, std::int64_t images,
                                           std::int64_t side) {
  const std::span<const Figures> rows = figures_of(sensor);
  if (rows.empty() || images != 20) return std::nullopt;
  const SensorPreset& preset = sensor_preset(sensor);
  const bool reduced = set == preset.file_name(Split::test_reduced) && side == 256;
  const bool full = set == preset.file_name(Split::test_full) && side == 512;
  if (!reduced && !full) return std::nullopt;
  PageTable table{
      .caption =
          "As printed in SSDiff's paper (arXiv 2404.11537) for the 20 images of PanCollection's set of this name. They compare "
          "with the figures above only where this file is that set and the conventions are the toolbox's without a crop.",
      .head = {{"Method", ""}},
      .rows = {}};
  const std::vector<std::string> metrics =
      reduced ? std::vector<std::string>{"SAM", "ERGAS", "Q2n", "SCC"} : std::vector<std::string>{"D_lambda_K", "D_s", "HQNR"};
  for (const std::string& metric : metrics) table.head.push_back(metric_column(metric));
  for (const Figures& figures : rows) {
    std::vector<Cell> row = {cell(figures.method)};
    for (std::size_t m = 0; m < metrics.size(); ++m)
      row.push_back(cell(html::fixed(reduced ? figures.reduced[m] : figures.full[m], 4)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace cf

// What reports say of metrics: what they mean, which way is better, how many digits are worth printing.
#pragma once

#include <string>
#include <vector>

#include "data/report/page.h"
#include "tools/cfrun/metric_table.h"

namespace cf {

struct MetricMeaning {
  std::string about;
  int better = 0;  // 1: larger, -1: smaller, 0: not said
  int digits = 4;  // behind the point
};
MetricMeaning meaning_of(const std::string& metric);

// "SAM ↓" with its meaning.
Column metric_column(const std::string& metric);
Cell metric_cell(const std::string& metric, double value);

// The metric by which images are called best and worst: ERGAS or HQNR where they are there, else the first with a direction.
std::string deciding_metric(const MetricList& row);

// Methods beside each other: means, deviations, the best of each metric marked. `network`: the title of the first method.
PageTable methods_table(const MetricTable& table, const std::string& network);
// A row per image, up to 500 of them, of the network; EXP's figures below where they are known.
PageTable images_table(const MetricTable& table);
// Name and meaning of each.
PageTable meanings_table(const MetricList& row);
// The most telling ones in large type, compared with EXP.
std::vector<Card> metric_cards(const MetricTable& table);
// How the images of each method spread, for the most telling ones: markup.
std::vector<std::string> spread_charts(const MetricTable& table, const std::string& network);

}  // namespace cf

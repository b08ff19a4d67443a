#include "tools/cfrun/report_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "framework/core/check.h"

namespace cf {
namespace {

constexpr std::int64_t kSteps = 64;  // of a drawn histogram
constexpr double kLow = 0.2;         // percentiles between which it is drawn
constexpr double kHigh = 99.5;

// The bins that are drawn, [first, last).
struct Bins {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t step = 1;
};

Bins bins_to_draw(const std::vector<NamedHistograms>& things, std::int64_t band) {
  const BandHistograms& any = *things.front().histograms;
  double low = any.high();
  double high = any.low();
  for (const NamedHistograms& thing : things) {
    low = std::min(low, thing.histograms->percentile(band, kLow));
    high = std::max(high, thing.histograms->percentile(band, kHigh));
  }
  const double width = (any.high() - any.low()) / static_cast<double>(any.bins());
  Bins bins;
  bins.first = std::clamp<std::int64_t>(static_cast<std::int64_t>((low - any.low()) / width), 0, any.bins() - 1);
  bins.last = std::clamp<std::int64_t>(static_cast<std::int64_t>((high - any.low()) / width) + 1, bins.first + 1, any.bins());
  bins.step = std::max<std::int64_t>(1, (bins.last - bins.first + kSteps - 1) / kSteps);
  return bins;
}

Series series_of(const NamedHistograms& thing, std::int64_t band, const Bins& bins) {
  const BandHistograms& h = *thing.histograms;
  const double width = (h.high() - h.low()) / static_cast<double>(h.bins());
  const double total = static_cast<double>(std::max<std::int64_t>(1, h.total(band)));
  Series series{.name = thing.name, .ink = thing.ink};
  for (std::int64_t bin = bins.first; bin < bins.last; bin += bins.step) {
    const auto begin = h.counts(band).begin() + bin;
    const std::int64_t inside = std::min(bins.step, h.bins() - bin);
    series.x.push_back(h.low() + width * static_cast<double>(bin));
    series.y.push_back(static_cast<double>(std::accumulate(begin, begin + inside, std::int64_t{0})) / total);
  }
  series.x.push_back(series.x.back() + width * static_cast<double>(bins.step));
  return series;
}

}  // namespace

std::vector<std::string> band_histograms(const std::vector<NamedHistograms>& things, const std::vector<std::string>& bands,
                                         const std::string& unit) {
  std::vector<std::string> charts;
  if (things.empty()) return charts;
  const BandHistograms& any = *things.front().histograms;
  for (const NamedHistograms& thing : things) {
    const BandHistograms& h = *thing.histograms;
    check(h.bands() == any.bands() && h.bins() == any.bins() && h.low() == any.low() && h.high() == any.high(),
          "report: histograms of {} and {} have different bins", things.front().name, thing.name);
  }
  for (std::int64_t band = 0; band < any.bands(); ++band) {
    const Bins bins = bins_to_draw(things, band);
    Histogram chart{.title = band_title(band, bands), .label = unit, .series = {}};
    for (const NamedHistograms& thing : things) chart.series.push_back(series_of(thing, band, bins));
    charts.push_back(histogram_chart(chart));
  }
  return charts;
}

std::string legend_of(const std::vector<NamedHistograms>& things) {
  std::vector<std::pair<std::string, Ink>> entries;
  for (const NamedHistograms& thing : things) entries.emplace_back(thing.name, thing.ink);
  return legend(entries);
}

std::string band_title(std::int64_t band, const std::vector<std::string>& bands) {
  const auto at = static_cast<std::size_t>(band);
  const bool named = at < bands.size() && !bands[at].empty();
  return named ? fmt::format("Band {}, {}", band + 1, bands[at]) : fmt::format("Band {}", band + 1);
}

}  // namespace cf

// Charts that reports of tests and of scenes share.
#pragma once

#include <string>
#include <vector>

#include "data/report/chart.h"
#include "data/report/histogram.h"

namespace cf {

// The histograms of one thing: "GT", "LMS", "CF2N".
struct NamedHistograms {
  std::string name;
  Ink ink = Ink::network;
  const BandHistograms* histograms = nullptr;
};

// A chart for each band, of the values between the percentiles 0.2 and 99.5, as shares of all pixels. All histograms have
// the same bins. `bands`: names, or empty. `unit`: of the values.
std::vector<std::string> band_histograms(const std::vector<NamedHistograms>& things, const std::vector<std::string>& bands,
                                         const std::string& unit = "DN");

// The legend beside them.
std::string legend_of(const std::vector<NamedHistograms>& things);

// "Band 2, blue"; only the number where `bands` holds no name for it.
std::string band_title(std::int64_t band, const std::vector<std::string>& bands);

}  // namespace cf

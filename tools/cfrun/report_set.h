// What a report says of one test set, gathered image by image while the set is fused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/report/histogram.h"
#include "tools/cfrun/metric_table.h"
#include "tools/cfrun/report_bands.h"
#include "tools/cfrun/report_charts.h"
#include "tools/cfrun/report_gallery.h"
#include "tools/cfrun/session.h"

namespace cf {

class SetReport {
 public:
  // Shows at most `pictures` images. The session must outlive the report.
  SetReport(const Session& session, const Dataset& set, std::int64_t pictures);

  // The next image: a batch of one, its fusion, the network's metrics, and the seconds that fusing took.
  void add(const Batch& batch, const FusionOutput& output, const MetricList& metrics, double seconds);

  // The set's section. `table` has the metrics of all images.
  void write(Page& page, const MetricTable& table) const;

 private:
  Viewer viewer_of(const Batch& batch, const FusionOutput& output, const MetricList& metrics) const;
  void write_pictures(Page& page, const MetricTable& table) const;
  void write_bands(Page& page) const;

  const Session& session_;
  std::string network_;
  std::vector<std::string> band_names_;
  std::string size_;  // of the images, in words
  std::string path_;
  std::int64_t height_;
  std::int64_t images_ = 0;
  double seconds_ = 0;
  Gallery gallery_;
  BandHistograms lms_;
  BandHistograms fused_;
  std::optional<BandHistograms> truth_;
  BandErrors network_errors_;
  BandErrors exp_errors_;
};

}  // namespace cf

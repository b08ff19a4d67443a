// The report of `cfrun test`: one page on a checkpoint and the sets that it was tested on.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "data/report/page.h"
#include "tools/cfrun/report_set.h"
#include "tools/cfrun/sampling_sweep.h"

namespace cf {

class TestReport {
 public:
  // To be written to `file`. Throws Error at once where that will not be possible. The session must outlive the report.
  TestReport(std::filesystem::path file, const Session& session, std::filesystem::path checkpoint, WeightChoice weights);

  const std::filesystem::path& file() const { return file_; }
  void add(const SetReport& set, const MetricTable& table) { set.write(page_, table); }
  // What a sweep over samplers and steps found on a set.
  void add(const SweepResult& sweep);
  // Adds what is known of training, checkpoint and machine, and writes the page. Once, at the end.
  void write();

 private:
  std::filesystem::path file_;
  const Session& session_;
  std::filesystem::path checkpoint_;
  WeightChoice weights_;
  std::chrono::steady_clock::time_point begun_;
  Page page_;
};

}  // namespace cf

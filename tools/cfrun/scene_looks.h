// Pictures and histograms of a scene, gathered while its parts pass by: all of it thinned out, and a piece at full resolution.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/report/histogram.h"
#include "data/scene/method.h"
#include "tools/cfrun/report_scene.h"

namespace cf {

class SceneLooks {
 public:
  // Histograms reach from 0 (or the least value) to `highest`, in DN.
  SceneLooks(const SceneGrid& grid, double lowest, double highest);

  // `samples`: the core as it is written, (rows, cols, B). Pixels without data do not count.
  void add(const ScenePart& part, std::span<const float> samples);
  // Into the summary.
  void finish(FuseSummary& summary);
  // Memory that is held.
  std::int64_t bytes() const;

 private:
  // Sums of the pixels of step x step output pixels each, over a window of the output.
  struct Gathered {
    std::string title;
    Window window;
    std::int64_t step = 1;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::vector<float> pan, lms, fused;  // sums
    std::vector<float> count;

    void allocate(const SceneGrid& grid);
    void add(const SceneGrid& grid, const ScenePart& part, std::span<const float> samples);
    SceneLook look() const;
  };

  SceneGrid grid_;
  std::vector<Gathered> gathered_;
  BandHistograms lms_;
  BandHistograms fused_;
};

}  // namespace cf

// Which images of a test set a report shows: some spread over the set, the best and the worst. Images come one after the other
// and only those that may be shown are kept.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/report/page.h"

namespace cf {

class Gallery {
 public:
  // Of `images` images at most `room` are shown.
  Gallery(std::int64_t images, std::int64_t room);

  // The next image; larger scores are better, NaN is neither best nor worst. `make` is called where the image may be shown.
  void offer(std::int64_t image, double score, const std::function<Viewer()>& make);

  struct Entry {
    std::int64_t image = 0;
    bool best = false;
    bool worst = false;
    const Viewer* viewer = nullptr;
  };
  // What is shown, in the set's order. "best" and "worst" are said of sets of more than two images.
  std::vector<Entry> entries() const;

 private:
  struct Extreme {
    std::int64_t image = 0;
    double score = 0;
  };
  bool planned(std::int64_t image) const;
  void drop(const std::optional<Extreme>& extreme);

  std::int64_t images_;
  std::int64_t room_;
  std::optional<Extreme> best_, worst_;
  std::map<std::int64_t, Viewer> kept_;
};

}  // namespace cf

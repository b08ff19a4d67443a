// Curves as a picture, for people.
#pragma once

#include <string>
#include <vector>

#include "data/images.h"

namespace cf {

struct Curve {
  std::string name;  // in the legend
  std::vector<double> x;
  std::vector<double> y;
};

// Curves over one pair of axes; x is drawn in the order of its logarithm and must be above 0.
struct Panel {
  std::string title;
  std::vector<Curve> curves;
};

// The panels beside each other, white on black, their ticks at the curves' own x. Titles and names are written in capitals, as
// far as data/glyphs.h has them. Points that are not finite are left out. Throws Error where a panel has no point.
Picture plot(const std::vector<Panel>& panels);

}  // namespace cf

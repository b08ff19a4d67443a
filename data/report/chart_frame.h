// The axes of a chart in SVG: where values lie, ticks, labels.
#pragma once

#include <string>
#include <vector>

#include "data/report/chart.h"

namespace cf {

// The least and the largest value on an axis.
struct Extent {
  double low = 0;
  double high = 1;
  bool found = false;  // whether there was any value

  void take(double value, bool logarithmic);
  // Room on both sides; no extent without length.
  Extent padded(double part, bool logarithmic) const;
};

// Round numbers inside an extent, about `wanted` of them; powers of ten (and 2, 5 times them where these are few) of a
// logarithmic one.
std::vector<double> ticks(const Extent& extent, bool logarithmic, int wanted);

class ChartFrame {
 public:
  struct Margins {
    double left = 50, right = 14, top = 10, bottom = 38;
  };
  ChartFrame(double width, double height, const Margins& margins, const Axis& x, const Extent& xs, const Axis& y,
             const Extent& ys);

  double x(double value) const { return place(value, xs_, x_.logarithmic, margins_.left, width_ - margins_.right); }
  double y(double value) const { return place(value, ys_, y_.logarithmic, height_ - margins_.bottom, margins_.top); }
  double left() const { return margins_.left; }
  double right() const { return width_ - margins_.right; }
  double top() const { return margins_.top; }
  double bottom() const { return height_ - margins_.bottom; }

  // The opening <svg> with `description` for those who do not see it.
  std::string open(const std::string& description) const;
  std::string x_axis() const;
  std::string y_axis() const;

 private:
  static double place(double value, const Extent& extent, bool logarithmic, double from, double to);

  double width_, height_;
  Margins margins_;
  Axis x_, y_;
  Extent xs_, ys_;
};

// A straight line of a class of the style sheet.
std::string rule(const std::string& css, double x1, double y1, double x2, double y2);
// "12.3,45.6"
std::string point(double x, double y);

}  // namespace cf

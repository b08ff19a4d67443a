// Charts as inline SVG: crisp at any size, coloured by the page's style sheet.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cf {

// What a curve stands for; the page gives each its colour and dash, the same in every chart.
enum class Ink { network, exp, truth, third, fourth, fifth, sixth };
// Inks for any number of curves, in order.
Ink ink(std::size_t index);
// The class of the style sheet.
std::string css_class(Ink ink);

struct Series {
  std::string name;
  Ink ink = Ink::network;
  std::vector<double> x = {};
  std::vector<double> y = {};
  // Where given, as long as y: a pale band around the curve.
  std::vector<double> low = {};
  std::vector<double> high = {};
  bool points = false;  // marks them
};

struct Axis {
  std::string label;
  bool logarithmic = false;  // values must be above 0
};

struct LineChart {
  std::string title;
  Axis x;
  Axis y;
  std::vector<Series> series;
  std::optional<double> mark = {};  // a vertical line there
  std::string mark_label = {};
};

// A <figure> with title, drawing and, for several curves, a legend. Points that are not finite, or not above 0 on a logarithmic
// axis, are left out. Empty where nothing is left.
std::string line_chart(const LineChart& chart);

// One band's histogram: x are the left edges of the bins and one right edge more than y has values.
struct Histogram {
  std::string title;
  std::string label;  // of the values
  std::vector<Series> series;
};
std::string histogram_chart(const Histogram& chart);

// A line of dots for each row, one per value, and a tick at their mean.
struct DotRow {
  std::string name;
  Ink ink = Ink::network;
  std::vector<double> values;
};
struct DotChart {
  std::string title;
  std::string label;
  std::vector<DotRow> rows;
};
std::string dot_chart(const DotChart& chart);

// Of all inks that are shown, beside several charts.
std::string legend(const std::vector<std::pair<std::string, Ink>>& entries);

// A curve of at most `points` points: means of runs of neighbours, their least and largest values as the band.
Series condensed(const Series& series, std::size_t points);

}  // namespace cf

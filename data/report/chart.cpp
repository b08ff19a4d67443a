#include "data/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "data/report/chart_frame.h"
#include "data/report/html.h"

namespace cf {
namespace {

constexpr double kWidth = 360;  // about what a chart gets on a page, so that its text is of the page's size

std::string figure(const std::string& title, const std::string& svg, const std::string& below = "") {
  return fmt::format("<figure class=\"chart\"><figcaption>{}</figcaption>{}{}</figure>\n", html::escape(title), svg, below);
}

bool drawable(double x, double y, const LineChart& chart) {
  return std::isfinite(x) && std::isfinite(y) && (!chart.x.logarithmic || x > 0) && (!chart.y.logarithmic || y > 0);
}

std::string band_of(const Series& s, const ChartFrame& frame, const LineChart& chart) {
  std::string there;
  std::string back;
  for (std::size_t i = 0; i < s.low.size(); ++i) {
    if (!drawable(s.x[i], s.low[i], chart) || !drawable(s.x[i], s.high[i], chart)) continue;
    there += point(frame.x(s.x[i]), frame.y(s.high[i])) + " ";
    back.insert(0, point(frame.x(s.x[i]), frame.y(s.low[i])) + " ");
  }
  if (there.empty()) return "";
  return fmt::format(R"(<polygon class="band {}" points="{}{}"/>)", css_class(s.ink), there, back);
}

std::string curve_of(const Series& s, const ChartFrame& frame, const LineChart& chart) {
  std::string points;
  std::string marks;
  const bool marked = s.points || s.x.size() == 1;  // a curve of one point would not be seen
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    if (!drawable(s.x[i], s.y[i], chart)) continue;
    points += point(frame.x(s.x[i]), frame.y(s.y[i])) + " ";
    if (!marked) continue;
    marks += fmt::format(R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}: {}</title></circle>)", css_class(s.ink),
                         frame.x(s.x[i]), frame.y(s.y[i]), html::shortest(s.x[i], 6), html::shortest(s.y[i], 5));
  }
  return fmt::format(R"(<polyline class="curve {}" points="{}"/>)", css_class(s.ink), points) + marks;
}

std::string mark_of(const LineChart& chart, const ChartFrame& frame, const Extent& xs) {
  if (!chart.mark || *chart.mark < xs.low || *chart.mark > xs.high) return "";
  const double x = frame.x(*chart.mark);
  const bool left = x > (frame.left() + frame.right()) / 2;
  return rule("mark", x, frame.top(), x, frame.bottom()) +
         fmt::format(R"(<text class="label" x="{:.1f}" y="{}" text-anchor="{}">{}</text>)", x + (left ? -5 : 5), frame.top() + 10,
                     left ? "end" : "start", html::escape(chart.mark_label));
}

std::string names_of(const std::vector<Series>& series) {
  std::string names;
  for (const Series& s : series) names += (names.empty() ? "" : ", ") + s.name;
  return names;
}

std::vector<std::pair<std::string, Ink>> entries_of(const std::vector<Series>& series) {
  std::vector<std::pair<std::string, Ink>> entries;
  for (const Series& s : series) entries.emplace_back(s.name, s.ink);
  return entries;
}

double mean_of_finite(const std::vector<double>& values) {
  double sum = 0;
  double count = 0;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    sum += v;
    ++count;
  }
  return sum / count;
}

std::string dots_of(const DotRow& row, const ChartFrame& frame, double y) {
  std::string svg = fmt::format(R"(<text class="label" x="0" y="{:.1f}">{}</text>)", y - 9, html::escape(row.name));
  svg += rule("grid", frame.left(), y, frame.right(), y);
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if (!std::isfinite(row.values[i])) continue;
    svg += fmt::format(R"(<circle class="dot {}" cx="{:.1f}" cy="{}" r="3.5"><title>image {}: {}</title></circle>)",
                       css_class(row.ink), frame.x(row.values[i]), y, i, html::shortest(row.values[i], 5));
  }
  if (const double mean = mean_of_finite(row.values); std::isfinite(mean)) {
    svg += rule("mean " + css_class(row.ink), frame.x(mean), y - 8, frame.x(mean), y + 8);
  }
  return svg;
}

}  // namespace

Ink ink(std::size_t index) {
  static constexpr std::array kInks = {Ink::network, Ink::exp, Ink::third, Ink::fourth, Ink::fifth, Ink::sixth};
  return kInks[index % kInks.size()];
}

std::string css_class(Ink ink) { return fmt::format("i{}", static_cast<int>(ink)); }

std::string legend(const std::vector<std::pair<std::string, Ink>>& entries) {
  std::string list = "<ul class=\"legend\">";
  for (const auto& [name, ink] : entries) {
    list += fmt::format(R"(<li><svg viewBox="0 0 22 8" aria-hidden="true"><line class="curve {}" x1="1" x2="21" y1="4" y2="4"/>)"
                        "</svg>{}</li>",
                        css_class(ink), html::escape(name));
  }
  return list + "</ul>";
}

std::string line_chart(const LineChart& chart) {
  Extent xs;
  Extent ys;
  for (const Series& s : chart.series) {
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!drawable(s.x[i], s.y[i], chart)) continue;
      xs.take(s.x[i], chart.x.logarithmic);
      ys.take(s.y[i], chart.y.logarithmic);
      if (i >= s.low.size()) continue;
      ys.take(s.low[i], chart.y.logarithmic);
      ys.take(s.high[i], chart.y.logarithmic);
    }
  }
  if (!xs.found) return "";
  xs = xs.padded(xs.high > xs.low ? 0.02 : 0, chart.x.logarithmic);
  ys = ys.padded(0.06, chart.y.logarithmic);
  const ChartFrame frame(kWidth, 220, {}, chart.x, xs, chart.y, ys);
  std::string svg = frame.open(fmt::format("{}: {} over {}", chart.title, names_of(chart.series), chart.x.label));
  svg += frame.x_axis() + frame.y_axis() + mark_of(chart, frame, xs);
  for (const Series& s : chart.series) svg += band_of(s, frame, chart) + curve_of(s, frame, chart);
  return figure(chart.title, svg + "</svg>", chart.series.size() > 1 ? legend(entries_of(chart.series)) : "");
}

std::string histogram_chart(const Histogram& chart) {
  Extent xs;
  Extent ys;
  ys.take(0, false);
  for (const Series& s : chart.series) {
    for (const double x : s.x) xs.take(x, false);
    for (const double y : s.y) ys.take(y, false);
  }
  if (!xs.found || ys.high <= 0) return "";
  const ChartFrame frame(260, 150, {.left = 8, .right = 8, .top = 6, .bottom = 34}, {.label = chart.label}, xs, {},
                         {.low = 0, .high = 1.05 * ys.high, .found = true});
  std::string svg = frame.open(fmt::format("{}: histograms of {}", chart.title, names_of(chart.series))) + frame.x_axis();
  for (const Series& s : chart.series) {
    std::string points = point(frame.x(s.x.front()), frame.bottom()) + " ";
    for (std::size_t i = 0; i < s.y.size(); ++i) {
      points += point(frame.x(s.x[i]), frame.y(s.y[i])) + " " + point(frame.x(s.x[i + 1]), frame.y(s.y[i])) + " ";
    }
    points += point(frame.x(s.x.back()), frame.bottom());
    svg += fmt::format(R"(<polyline class="curve {}{}" points="{}"/>)", css_class(s.ink), s.ink == Ink::truth ? " filled" : "",
                       points);
  }
  return figure(chart.title, svg + "</svg>");
}

std::string dot_chart(const DotChart& chart) {
  Extent xs;
  for (const DotRow& row : chart.rows) {
    for (const double v : row.values) xs.take(v, false);
  }
  if (!xs.found) return "";
  constexpr double kRow = 34;
  const double height = kRow * static_cast<double>(chart.rows.size()) + 44;
  const ChartFrame frame(kWidth, height, {.left = 8, .right = 12, .top = 4, .bottom = 36}, {.label = chart.label},
                         xs.padded(0.04, false), {}, {});
  std::string svg = frame.open(chart.title + " of each image") + frame.x_axis();
  for (std::size_t r = 0; r < chart.rows.size(); ++r)
    svg += dots_of(chart.rows[r], frame, frame.top() + kRow * (static_cast<double>(r) + 0.65));
  return figure(chart.title, svg + "</svg>");
}

Series condensed(const Series& series, std::size_t points) {
  const std::size_t n = series.x.size();
  if (n <= points) return series;
  Series short_one{.name = series.name, .ink = series.ink, .points = series.points};
  for (std::size_t p = 0; p < points; ++p) {
    const auto begin = static_cast<std::ptrdiff_t>(n * p / points);
    const auto end = static_cast<std::ptrdiff_t>(n * (p + 1) / points);
    const auto mean = [&](const std::vector<double>& v) {
      return std::accumulate(v.begin() + begin, v.begin() + end, 0.0) / static_cast<double>(end - begin);
    };
    const auto [least, largest] = std::minmax_element(series.y.begin() + begin, series.y.begin() + end);
    short_one.x.push_back(mean(series.x));
    short_one.y.push_back(mean(series.y));
    short_one.low.push_back(*least);
    short_one.high.push_back(*largest);
  }
  return short_one;
}

}  // namespace cf

#include "data/report/chart_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/report/html.h"

namespace cf {

namespace {

// Ticks in as few digits as tell them apart.
std::vector<std::string> labels_of(const std::vector<double>& values) {
  std::vector<std::string> labels;
  for (int digits = 4; digits <= 12; ++digits) {
    labels.clear();
    for (const double v : values) labels.push_back(html::shortest(v, digits));
    if (std::adjacent_find(labels.begin(), labels.end()) == labels.end()) break;
  }
  return labels;
}

}  // namespace

void Extent::take(double value, bool logarithmic) {
  if (!std::isfinite(value) || (logarithmic && value <= 0)) return;
  low = found ? std::min(low, value) : value;
  high = found ? std::max(high, value) : value;
  found = true;
}

Extent Extent::padded(double part, bool logarithmic) const {
  Extent wide = *this;
  if (logarithmic) {
    const double factor = high > low ? std::pow(high / low, part) : 1.5;
    wide.low /= factor;
    wide.high *= factor;
    return wide;
  }
  const double room = high > low ? part * (high - low) : std::max(std::abs(high) * 0.1, 1e-6);
  wide.low -= room;
  wide.high += room;
  return wide;
}

std::vector<double> ticks(const Extent& extent, bool logarithmic, int wanted) {
  std::vector<double> found;
  if (logarithmic) {
    const auto collect = [&](const std::vector<double>& steps) {
      found.clear();
      for (double power = std::floor(std::log10(extent.low)); power <= std::ceil(std::log10(extent.high)); ++power) {
        for (const double step : steps) {
          const double value = step * std::pow(10.0, power);
          if (value >= extent.low && value <= extent.high) found.push_back(value);
        }
      }
    };
    collect({1});
    if (found.size() < 3) collect({1, 2, 5});
    if (found.size() < 2) collect({1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9});
    return found;
  }
  const double rough = (extent.high - extent.low) / std::max(1, wanted);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (factor * power >= rough) step = factor * power;
  }
  for (double i = std::ceil(extent.low / step - 1e-9); i * step <= extent.high * (1 + 1e-12) + 1e-300; ++i)
    found.push_back(i * step);
  return found;
}

ChartFrame::ChartFrame(double width, double height, const Margins& margins, const Axis& x, const Extent& xs, const Axis& y,
                       const Extent& ys)
    : width_(width), height_(height), margins_(margins), x_(x), y_(y), xs_(xs), ys_(ys) {}

double ChartFrame::place(double value, const Extent& extent, bool logarithmic, double from, double to) {
  const double part = logarithmic ? std::log(value / extent.low) / std::log(extent.high / extent.low)
                                  : (value - extent.low) / (extent.high - extent.low);
  return from + part * (to - from);
}

std::string ChartFrame::open(const std::string& description) const {
  return fmt::format(R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">)", width_, height_, html::escape(description));
}

std::string ChartFrame::x_axis() const {
  std::string svg;
  const std::vector<double> places = ticks(xs_, x_.logarithmic, 4);
  const std::vector<std::string> labels = labels_of(places);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double tick = places[i];
    svg += rule("grid", x(tick), top(), x(tick), bottom());
    svg += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", x(tick), bottom() + 15, labels[i]);
  }
  svg += rule("axis", left(), bottom(), right(), bottom());
  if (!x_.label.empty()) {
    svg += fmt::format(R"(<text class="label" x="{:.1f}" y="{}" text-anchor="end">{}</text>)", right(), height_ - 5,
                       html::escape(x_.label));
  }
  return svg;
}

std::string ChartFrame::y_axis() const {
  std::string svg;
  const std::vector<double> places = ticks(ys_, y_.logarithmic, 4);
  const std::vector<std::string> labels = labels_of(places);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const double tick = places[i];
    svg += rule("grid", left(), y(tick), right(), y(tick));
    svg += fmt::format(R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)", left() - 6, y(tick) + 4, labels[i]);
  }
  return svg;
}

std::string rule(const std::string& css, double x1, double y1, double x2, double y2) {
  return fmt::format(R"(<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", css, x1, y1, x2, y2);
}

std::string point(double x, double y) { return fmt::format("{:.1f},{:.1f}", x, y); }

}  // namespace cf

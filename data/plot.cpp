#include "data/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "data/drawing.h"
#include "data/glyphs.h"
#include "framework/core/check.h"

namespace cf {
namespace {

constexpr std::int64_t kWidth = 320;  // of a panel
constexpr std::int64_t kHeight = 260;
constexpr std::int64_t kLeft = 64;  // margins around its axes
constexpr std::int64_t kTop = 28;
constexpr std::int64_t kRight = 16;
constexpr std::int64_t kBottom = 24;
constexpr std::int64_t kText = 2;  // size of glyphs
constexpr Colour kWhite = {255, 255, 255};
constexpr Colour kGrey = {70, 70, 70};
constexpr std::array<Colour, 4> kColours = {{{252, 160, 20}, {90, 180, 255}, {140, 220, 90}, {240, 110, 200}}};

std::string capitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

struct Point {
  double x;
  double y;
};

std::vector<Point> finite_points(const Curve& curve) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
    if (std::isfinite(curve.y[i]) && curve.x[i] > 0) points.push_back({curve.x[i], curve.y[i]});
  }
  return points;
}

class PanelDrawing {
 public:
  PanelDrawing(Picture& picture, std::int64_t left, const Panel& panel) : picture_(picture), left_(left), panel_(panel) {
    std::set<double> heights;
    for (const Curve& curve : panel.curves) {
      for (const Point& p : finite_points(curve)) {
        ticks_.insert(p.x);
        heights.insert(p.y);
      }
    }
    check(!heights.empty(), "plot: '{}' has no point to draw", panel.title);
    const double margin = std::max(0.08 * (*heights.rbegin() - *heights.begin()), 1e-9 + 1e-6 * std::abs(*heights.begin()));
    low_ = *heights.begin() - margin;
    high_ = *heights.rbegin() + margin;
  }

  void draw() {
    write_text(picture_, 8, left_ + kLeft, capitals(panel_.title), kWhite, kText);
    draw_axes();
    std::int64_t x = left_ + kLeft + text_width(panel_.title + "  ", kText);
    for (std::size_t i = 0; i < panel_.curves.size(); ++i) {
      const Colour& colour = kColours[i % kColours.size()];
      write_text(picture_, 8, x, capitals(panel_.curves[i].name), colour, kText);
      x += text_width(panel_.curves[i].name + " ", kText);
      draw_curve(panel_.curves[i], colour);
    }
  }

 private:
  std::int64_t column(double x) const {
    const double first = std::log(*ticks_.begin());
    const double range = std::log(*ticks_.rbegin()) - first;
    const double share = range > 0 ? (std::log(x) - first) / range : 0.5;
    return left_ + kLeft + std::lround(share * (kWidth - kLeft - kRight));
  }
  std::int64_t row(double y) const { return kTop + std::lround((high_ - y) / (high_ - low_) * (kHeight - kTop - kBottom)); }

  void draw_axes() {
    constexpr int kLines = 4;
    for (int i = 0; i <= kLines; ++i) {
      const double y = low_ + (high_ - low_) * i / kLines;
      for (std::int64_t x = left_ + kLeft; x <= left_ + kWidth - kRight; ++x) put(picture_, row(y), x, kGrey);
      write_text(picture_, row(y) - kGlyphHeight, left_ + 6, fmt::format("{:.4g}", y), kWhite, kText);
    }
    for (const double tick : ticks_) {
      for (std::int64_t y = kTop; y <= kHeight - kBottom; ++y) put(picture_, y, column(tick), kGrey);
      const std::string text = fmt::format("{:g}", tick);
      write_text(picture_, kHeight - kBottom + 6, column(tick) - text_width(text, kText) / 2, text, kWhite, kText);
    }
  }

  void draw_curve(const Curve& curve, const Colour& colour) {
    const std::vector<Point> points = finite_points(curve);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const std::int64_t x = column(points[i].x);
      const std::int64_t y = row(points[i].y);
      for (std::int64_t d = -3; d <= 3; ++d) {
        for (std::int64_t e = -3; e <= 3; ++e) put(picture_, y + d, x + e, colour);
      }
      if (i > 0) draw_line(column(points[i - 1].x), row(points[i - 1].y), x, y, colour);
    }
  }

  void draw_line(std::int64_t x0, std::int64_t y0, std::int64_t x1, std::int64_t y1, const Colour& colour) {
    const std::int64_t steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), std::int64_t{1}});
    for (std::int64_t i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(steps);
      const std::int64_t y = y0 + std::lround(share * static_cast<double>(y1 - y0));
      const std::int64_t x = x0 + std::lround(share * static_cast<double>(x1 - x0));
      put(picture_, y, x, colour);
      put(picture_, y + 1, x, colour);
    }
  }

  Picture& picture_;
  std::int64_t left_;
  const Panel& panel_;
  std::set<double> ticks_;
  double low_ = 0;
  double high_ = 0;
};

}  // namespace

Picture plot(const std::vector<Panel>& panels) {
  check(!panels.empty(), "plot: no panel to draw");
  Picture picture = blank_picture(kHeight, kWidth * static_cast<std::int64_t>(panels.size()));
  for (std::size_t i = 0; i < panels.size(); ++i) PanelDrawing(picture, kWidth * static_cast<std::int64_t>(i), panels[i]).draw();
  return picture;
}

}  // namespace cf

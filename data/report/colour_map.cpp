#include "data/report/colour_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace cf {
namespace {

std::uint8_t to_byte(double unit) { return static_cast<std::uint8_t>(std::lround(255 * std::clamp(unit, 0.0, 1.0))); }

Colour between(std::span<const Colour> stops, double unit) {
  const double at = unit * static_cast<double>(stops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), stops.size() - 2);
  const double part = at - static_cast<double>(below);
  Colour colour{};
  for (std::size_t c = 0; c < 3; ++c) colour[c] = to_byte(((1 - part) * stops[below][c] + part * stops[below + 1][c]) / 255);
  return colour;
}

// Lightness, chroma and hue (degrees) of Ottosson's OKLab, where equal distances look alike, to sRGB.
Colour from_oklch(double lightness, double chroma, double hue) {
  const double a = chroma * std::cos(hue * std::numbers::pi / 180);
  const double b = chroma * std::sin(hue * std::numbers::pi / 180);
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  const std::array<double, 3> linear = {4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                                        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                                        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s};
  Colour colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double v = std::max(0.0, linear[c]);
    colour[c] = to_byte(v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055);
  }
  return colour;
}

// Nine values of matplotlib's viridis (CC0).
constexpr std::array<Colour, 9> kViridis = {{{68, 1, 84},
                                             {71, 44, 122},
                                             {59, 82, 139},
                                             {44, 114, 142},
                                             {33, 145, 140},
                                             {40, 174, 128},
                                             {94, 201, 98},
                                             {173, 220, 48},
                                             {253, 231, 37}}};

Colour diverging(double unit) {
  const double side = std::abs(2 * unit - 1);
  return from_oklch(0.97 - 0.47 * side, 0.125 * side, unit < 0.5 ? 250 : 55);
}

}  // namespace

Colour colour_of(ColourMap map, double unit) {
  const double inside = std::isnan(unit) ? 0 : std::clamp(unit, 0.0, 1.0);
  return map == ColourMap::viridis ? between(kViridis, inside) : diverging(inside);
}

std::string css_gradient(ColourMap map) {
  constexpr int kStops = 16;
  std::string gradient = "linear-gradient(90deg";
  for (int i = 0; i <= kStops; ++i) {
    const Colour c = colour_of(map, static_cast<double>(i) / kStops);
    gradient += fmt::format(",#{:02x}{:02x}{:02x}", c[0], c[1], c[2]);
  }
  return gradient + ")";
}

}  // namespace cf

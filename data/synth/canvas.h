// The invented landscape before a sensor looks at it, one cell per PAN pixel, and the steps that paint it.
#pragma once

#include <cstdint>
#include <vector>

#include "data/synth/spectra.h"

namespace cf::synth {

enum class Cover : std::uint8_t { field, grass, soil, forest_floor, road, pavement, roof, tree, water };
inline constexpr int kCovers = 9;

// One cell: two materials and how much of the second, brightness, height above the ground in pixels.
struct Cell {
  Material base = Material::grass;
  Material other = Material::brown_soil;
  Cover cover = Cover::grass;
  std::uint8_t district = 0;
  float mix = 0;
  float light = 1;
  float height = 0;
  float sun = 1;  // 0 in the shadow
};

enum class Land : std::uint8_t { farms, town, forest, heath };

// A region of one kind of land around a centre: every cell belongs to the nearest one.
struct District {
  double x = 0, y = 0;
  Land land = Land::farms;
  double cosine = 1, sine = 0;  // the direction of its parcels or streets
  double block_u = 100, block_v = 100;
  double street = 4;  // half the width of a street
  std::uint64_t id = 0;

  double u(double px, double py) const { return (px - x) * cosine + (py - y) * sine; }
  double v(double px, double py) const { return (py - y) * cosine - (px - x) * sine; }
};

struct Canvas {
  std::int64_t side = 0;
  std::uint64_t seed = 0;
  double sun_x = 1, sun_y = 0;  // unit vector from the ground towards the sun, on the map
  double sun_slope = 1;         // tangent of the sun's elevation
  std::vector<District> districts;
  std::vector<Cell> cells;  // row by row

  Cell& at(std::int64_t y, std::int64_t x) { return cells[static_cast<std::size_t>(y * side + x)]; }
  const Cell& at(std::int64_t y, std::int64_t x) const { return cells[static_cast<std::size_t>(y * side + x)]; }
  bool inside(double y, double x) const {
    return y >= 0 && x >= 0 && y < static_cast<double>(side) && x < static_cast<double>(side);
  }
};

// The steps, in this order. Each is a function of the seed alone.
Canvas make_canvas(std::int64_t side, std::uint64_t seed);  // districts, and the sun
void paint_ground(Canvas& canvas);                          // fields, streets, lawns, heath, water
void place_buildings(Canvas& canvas);
void place_cars(Canvas& canvas);
void place_trees(Canvas& canvas);
void cast_shadows(Canvas& canvas);
void add_texture(Canvas& canvas);

}  // namespace cf::synth

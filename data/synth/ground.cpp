#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "data/synth/canvas.h"
#include "data/synth/noise.h"
#include "framework/core/parallel.h"

namespace cf::synth {
namespace {

// What the numbers drawn in a scene are for: the `kind` of their streams.
enum Kind : std::uint64_t { kScene = 1, kSite, kParcel, kBlock, kReliefNoise, kWaterNoise, kPatchNoise };

constexpr double kDistrictSpacing = 340;  // pixels

// Fields that vary slowly, shared by all cells.
struct Weather {
  std::vector<float> relief;  // moisture and slopes
  std::vector<float> lakes;
  std::vector<float> patches;  // worn lawns, tilled spots
  double water_level = -9;     // lakes below it
};

std::uint64_t cell_hash(std::uint64_t id, double i, double j) {
  const auto a = static_cast<std::uint64_t>(static_cast<std::int64_t>(i) + 4096);
  const auto b = static_cast<std::uint64_t>(static_cast<std::int64_t>(j) + 4096);
  return (id << 28U) ^ (a << 14U) ^ b;
}

// How far a coordinate lies from the nearest border between cells of the given size.
double border_distance(double at, double size) {
  const double within = at - std::floor(at / size) * size;
  return std::min(within, size - within);
}

void paint_parcel(Cell& cell, const District& d, double u, double v, double relief, double patch, std::uint64_t seed) {
  const double strip = std::floor(u / d.block_u);
  const double shift = Dice(seed, kParcel, cell_hash(d.id, strip, -1)).uniform(0, d.block_v);
  Dice dice(seed, kParcel, cell_hash(d.id, strip, std::floor((v + shift) / d.block_v)));
  constexpr Material kCrops[] = {Material::crop, Material::ripe_crop,  Material::grass,    Material::dry_grass,
                                 Material::crop, Material::brown_soil, Material::red_soil, Material::ripe_crop};
  cell.base = kCrops[dice.below(8)];
  cell.other = dice.chance(0.5) ? Material::brown_soil : Material::red_soil;
  cell.cover = Cover::field;
  const double bare = dice.uniform(0, 0.5);
  const double amplitude = dice.chance(0.75) ? dice.uniform(0.08, 0.4) : 0;
  const double period = dice.uniform(2.5, 9);
  const double along = dice.chance(0.5) ? u : v;
  const double rows = amplitude * std::sin(2 * std::numbers::pi * along / period);
  cell.mix = static_cast<float>(std::clamp(bare + rows + 0.10 * patch + 0.06 * relief, 0.0, 1.0));
  cell.light = static_cast<float>(dice.uniform(0.85, 1.15));
  if (std::min(border_distance(u, d.block_u), border_distance(v + shift, d.block_v)) < 1.6) {  // a farm track
    cell.base = Material::dry_grass;
    cell.other = Material::sand;
    cell.mix = 0.4F;
    cell.cover = Cover::soil;
  }
}

// A street's surface at `off` pixels from its middle and `along` its length.
void paint_street(Cell& cell, double off, double along, double half_width) {
  cell.cover = Cover::road;
  cell.base = Material::asphalt;
  cell.other = Material::white_paint;
  cell.mix = off < 0.6 && std::fmod(std::abs(along), 12) < 6 ? 0.8F : 0.0F;
  if (off > half_width - 1.5) {  // the pavement
    cell.base = Material::concrete;
    cell.cover = Cover::pavement;
    cell.mix = 0;
  }
}

void paint_town(Cell& cell, const District& d, double u, double v, double patch, std::uint64_t seed) {
  const double off_u = border_distance(u, d.block_u);
  const double off_v = border_distance(v, d.block_v);
  if (std::min(off_u, off_v) < d.street) {
    paint_street(cell, std::min(off_u, off_v), off_u < off_v ? v : u, d.street);
    return;
  }
  Dice dice(seed, kBlock, cell_hash(d.id, std::floor(u / d.block_u), std::floor(v / d.block_v)));
  if (dice.chance(0.3)) {  // a yard or a car park
    cell.base = dice.chance(0.5) ? Material::asphalt : Material::concrete;
    cell.other = Material::concrete;
    cell.cover = Cover::pavement;
    cell.mix = static_cast<float>(std::clamp(0.3 + 0.2 * patch, 0.0, 1.0));
    return;
  }
  cell.base = Material::grass;
  cell.other = dice.chance(0.5) ? Material::dry_grass : Material::brown_soil;
  cell.cover = Cover::grass;
  cell.mix = static_cast<float>(std::clamp(dice.uniform(0, 0.6) + 0.25 * patch, 0.0, 1.0));
}

void paint_wild(Cell& cell, Land land, double relief, double patch) {
  const bool forest = land == Land::forest;
  cell.base = forest || relief > 0 ? Material::grass : Material::dry_grass;
  cell.other = patch > 0.6 ? Material::sand : Material::brown_soil;
  cell.cover = forest ? Cover::forest_floor : (patch > 0.6 ? Cover::soil : Cover::grass);
  cell.mix = static_cast<float>(std::clamp(0.35 + 0.3 * patch, 0.0, 1.0));
}

// Water below the level, a beach just above it. True where there is either.
bool paint_water(Cell& cell, double lake, double level, double relief) {
  constexpr double kBeach = 0.035;
  if (lake > level + kBeach) return false;
  if (lake > level) {
    cell = {Material::sand, Material::brown_soil, Cover::soil, cell.district, 0.3F, 1.0F, 0.0F, 1.0F};
    return true;
  }
  const double deep = std::clamp((level - lake) * 3 + 0.2 * relief, 0.0, 1.0);
  cell = {Material::turbid_water, Material::clear_water, Cover::water, cell.district, static_cast<float>(deep), 1.0F, 0.0F, 1.0F};
  return true;
}

void paint_cell(Canvas& canvas, const Weather& weather, std::int64_t y, std::int64_t x) {
  const auto px = static_cast<double>(x);
  const auto py = static_cast<double>(y);
  std::size_t nearest = 0;
  std::size_t second = 0;
  double d1 = 1e30;
  double d2 = 1e30;
  for (std::size_t i = 0; i < canvas.districts.size(); ++i) {
    const double d = std::pow(px - canvas.districts[i].x, 2) + std::pow(py - canvas.districts[i].y, 2);
    if (d < d1) {
      second = std::exchange(nearest, i);
      d2 = std::exchange(d1, d);
    } else if (d < d2) {
      second = i;
      d2 = d;
    }
  }
  const District& here = canvas.districts[nearest];
  const District& there = canvas.districts[second];
  const auto at = static_cast<std::size_t>(y * canvas.side + x);
  const double relief = weather.relief[at];
  const double patch = weather.patches[at];
  Cell& cell = canvas.at(y, x);
  cell.district = static_cast<std::uint8_t>(nearest);
  // Distance to the line between the two districts, along which a road runs.
  const double border = (d2 - d1) / (2 * std::hypot(here.x - there.x, here.y - there.y));
  if (paint_water(cell, weather.lakes[at], weather.water_level, relief)) return;
  if (border < 6) {
    paint_street(cell, border, px + py, 6);
    return;
  }
  const double u = here.u(px, py);
  const double v = here.v(px, py);
  switch (here.land) {
    case Land::farms: paint_parcel(cell, here, u, v, relief, patch, canvas.seed); break;
    case Land::town: paint_town(cell, here, u, v, patch, canvas.seed); break;
    case Land::forest:
    case Land::heath: paint_wild(cell, here.land, relief, patch); break;
  }
}

}  // namespace

Canvas make_canvas(std::int64_t side, std::uint64_t seed) {
  Canvas canvas;
  canvas.side = side;
  canvas.seed = seed;
  canvas.cells.resize(static_cast<std::size_t>(side * side));
  Dice scene(seed, kScene, 0);
  const double azimuth = scene.uniform(0, 2 * std::numbers::pi);
  canvas.sun_x = std::cos(azimuth);
  canvas.sun_y = std::sin(azimuth);
  canvas.sun_slope = scene.uniform(0.8, 1.7);
  const auto across = static_cast<int>(std::min(15.0, std::ceil(static_cast<double>(side) / kDistrictSpacing) + 1));
  for (int i = 0; i < across * across; ++i) {
    Dice dice(seed, kSite, static_cast<std::uint64_t>(i));
    District d;
    const double spacing = static_cast<double>(side) / (across - 1);
    d.x = (i % across - 0.5 + dice.uniform(0.1, 0.9)) * spacing;
    d.y = (i / across - 0.5 + dice.uniform(0.1, 0.9)) * spacing;
    const int draw = dice.below(20);
    d.land = draw < 8 ? Land::town : (draw < 15 ? Land::farms : (draw < 18 ? Land::forest : Land::heath));
    const double angle = dice.uniform(0, std::numbers::pi / 2);
    d.cosine = std::cos(angle);
    d.sine = std::sin(angle);
    d.block_u = d.land == Land::town ? dice.uniform(90, 170) : dice.uniform(35, 110);
    d.block_v = d.land == Land::town ? dice.uniform(70, 110) : dice.uniform(80, 220);
    d.street = dice.uniform(4, 6);
    d.id = static_cast<std::uint64_t>(i);
    canvas.districts.push_back(d);
  }
  return canvas;
}

void paint_ground(Canvas& canvas) {
  Weather weather;
  weather.relief = fractal_noise(canvas.side, 180, 4, canvas.seed, kReliefNoise);
  weather.lakes = fractal_noise(canvas.side, 420, 6, canvas.seed, kWaterNoise);
  weather.patches = fractal_noise(canvas.side, 26, 3, canvas.seed, kPatchNoise);
  weather.water_level = Dice(canvas.seed, kScene, 1).uniform(-2.2, -1.0);
  parallel_for(canvas.side, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      for (std::int64_t x = 0; x < canvas.side; ++x) paint_cell(canvas, weather, y, x);
    }
  });
}

}  // namespace cf::synth

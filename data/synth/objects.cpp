#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/synth/canvas.h"
#include "data/synth/noise.h"
#include "framework/core/parallel.h"

namespace cf::synth {
namespace {

enum Kind : std::uint64_t { kBuilding = 16, kCar, kTree, kGrain, kCoarseGrain };

// A rectangle on the map, turned by (cosine, sine).
struct Box {
  double x, y;            // centre
  double half_u, half_v;  // half its sides
  double cosine, sine;
};

// Calls fn(cell, u, v) for the cells under a box, u and v being coordinates along its sides from its centre.
template <class F>
void for_each_cell(Canvas& canvas, const Box& box, F&& fn) {
  const double reach = std::hypot(box.half_u, box.half_v);
  const auto low = [](double at) { return std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(at))); };
  const auto high = [&](double at) { return std::min<std::int64_t>(canvas.side - 1, static_cast<std::int64_t>(std::floor(at))); };
  for (std::int64_t y = low(box.y - reach); y <= high(box.y + reach); ++y) {
    for (std::int64_t x = low(box.x - reach); x <= high(box.x + reach); ++x) {
      const double dx = static_cast<double>(x) - box.x;
      const double dy = static_cast<double>(y) - box.y;
      const double u = dx * box.cosine + dy * box.sine;
      const double v = dy * box.cosine - dx * box.sine;
      if (std::abs(u) <= box.half_u && std::abs(v) <= box.half_v) fn(canvas.at(y, x), u, v);
    }
  }
}

bool buildable(const Canvas& canvas, const Box& box, std::uint8_t district) {
  for (const double su : {-1.0, 1.0}) {
    for (const double sv : {-1.0, 1.0}) {
      const double x = box.x + su * box.half_u * box.cosine - sv * box.half_v * box.sine;
      const double y = box.y + su * box.half_u * box.sine + sv * box.half_v * box.cosine;
      if (!canvas.inside(y, x)) return false;
      const Cell& cell = canvas.at(static_cast<std::int64_t>(y), static_cast<std::int64_t>(x));
      if (cell.district != district || (cell.cover != Cover::grass && cell.cover != Cover::pavement)) return false;
    }
  }
  return true;
}

void stamp_building(Canvas& canvas, const Box& box, bool large, Dice& dice) {
  constexpr Material kHouseRoofs[] = {Material::tile, Material::tile, Material::dark_roof, Material::concrete,
                                      Material::red_soil};
  constexpr Material kLargeRoofs[] = {Material::metal, Material::concrete, Material::blue_roof, Material::dark_roof,
                                      Material::white_paint};
  const Material roof = large ? kLargeRoofs[dice.below(5)] : kHouseRoofs[dice.below(5)];
  const double height = large ? dice.uniform(10, 32) : dice.uniform(6, 12);
  const bool ridge = !large || dice.chance(0.3);
  // The slope that faces the sun is the brighter one; the ridge runs along u.
  const double facing = canvas.sun_y * box.cosine - canvas.sun_x * box.sine;
  const double tone = dice.uniform(0.8, 1.15);
  const double ribs = dice.chance(0.5) ? dice.uniform(2.5, 6) : 0;
  const double hut_u = dice.uniform(-0.6, 0.6) * box.half_u;
  const double hut_v = dice.uniform(-0.6, 0.6) * box.half_v;
  for_each_cell(canvas, box, [&](Cell& cell, double u, double v) {
    const double slope = ridge ? 0.28 * facing * (v > 0 ? 1 : -1) : 0;
    const double rib = ribs > 0 ? 0.07 * std::sin(2 * std::numbers::pi * u / ribs) : 0;
    cell = {roof, Material::dark_roof, Cover::roof, cell.district, 0, static_cast<float>(tone * (1 + slope + rib)), 0, 1};
    cell.height = static_cast<float>(height - (ridge ? 0.3 * std::abs(v) : 0));
    if (std::abs(u - hut_u) < 1.6 && std::abs(v - hut_v) < 1.6) {  // a chimney or a plant room
      cell.mix = 0.7F;
      cell.height += 2.5F;
    }
  });
}

// Two rows of lots along a block's length.
void build_block(Canvas& canvas, std::uint8_t index, std::int64_t i, std::int64_t j) {
  const District& d = canvas.districts[index];
  Dice dice(canvas.seed, kBuilding,
            (d.id << 28U) ^ (static_cast<std::uint64_t>(i + 4096) << 14U) ^ static_cast<std::uint64_t>(j + 4096));
  const bool large = dice.chance(0.3);
  const double length = d.block_u - 2 * d.street;
  const double depth = d.block_v - 2 * d.street;
  const int lots = std::max(1, static_cast<int>(length / (large ? dice.uniform(50, 90) : dice.uniform(22, 36))));
  for (int lot = 0; lot < 2 * lots; ++lot) {
    if (dice.chance(0.12)) continue;
    const double lot_u = length / lots;
    const double half_u = 0.5 * lot_u - dice.uniform(2.5, 6);
    const double half_v = 0.25 * depth - dice.uniform(3, 9);
    const double u = static_cast<double>(i) * d.block_u + d.street + (lot % lots + 0.5) * lot_u + dice.uniform(-1.5, 1.5);
    const double v =
        static_cast<double>(j) * d.block_v + d.street + (lot / lots == 0 ? 0.25 : 0.75) * depth + dice.uniform(-2, 2);
    const Box box{d.x + u * d.cosine - v * d.sine, d.y + u * d.sine + v * d.cosine, half_u, half_v, d.cosine, d.sine};
    if (half_u > 3 && half_v > 3 && buildable(canvas, box, index)) stamp_building(canvas, box, large, dice);
  }
}

struct TreeStyle {
  double density;
  double smallest, largest;  // radius of the crown
};

TreeStyle tree_style(const Cell& ground, Land land) {
  switch (ground.cover) {
    case Cover::forest_floor: return {0.92, 2.6, 5.5};
    case Cover::grass: return land == Land::town ? TreeStyle{0.16, 1.8, 4.2} : TreeStyle{0.10, 1.5, 4.0};
    case Cover::soil: return {0.06, 1.5, 3.5};
    case Cover::field: return {0.004, 2.5, 5.0};
    default: return {0, 0, 0};
  }
}

void stamp_tree(Canvas& canvas, double y, double x, double radius, Dice& dice) {
  const bool conifer = dice.chance(0.35);
  const double tone = dice.uniform(0.75, 1.2);
  const float mix = static_cast<float>(dice.uniform(0, 0.35));
  const double tall = conifer ? dice.uniform(7, 13) : dice.uniform(4, 9);
  for_each_cell(canvas, {x, y, radius, radius, 1, 0}, [&](Cell& cell, double dx, double dy) {
    const double r2 = (dx * dx + dy * dy) / (radius * radius);
    const auto height = static_cast<float>(tall * std::sqrt(std::max(0.0, 1 - r2)));
    if (r2 > 1 || cell.cover == Cover::roof || height < cell.height) return;
    const double lit = (dx * canvas.sun_x + dy * canvas.sun_y) / radius;
    cell.base = conifer ? Material::conifer : Material::canopy;
    cell.other = Material::grass;
    cell.cover = Cover::tree;
    cell.mix = mix;
    cell.light = static_cast<float>(tone * (1 + 0.3 * lit));
    cell.height = height;
  });
}

}  // namespace

void place_buildings(Canvas& canvas) {
  for (std::size_t k = 0; k < canvas.districts.size(); ++k) {
    const District& d = canvas.districts[k];
    if (d.land != Land::town) continue;
    const double reach = 0.8 * static_cast<double>(canvas.side);
    const auto blocks_u = std::min<std::int64_t>(8, static_cast<std::int64_t>(reach / d.block_u) + 1);
    const auto blocks_v = std::min<std::int64_t>(12, static_cast<std::int64_t>(reach / d.block_v) + 1);
    for (std::int64_t i = -blocks_u; i < blocks_u; ++i) {
      for (std::int64_t j = -blocks_v; j < blocks_v; ++j) build_block(canvas, static_cast<std::uint8_t>(k), i, j);
    }
  }
}

void place_cars(Canvas& canvas) {
  constexpr Material kPaints[] = {Material::white_paint, Material::metal, Material::dark_roof, Material::blue_roof,
                                  Material::tile};
  const std::int64_t tries = canvas.side * canvas.side / 180;
  for (std::int64_t i = 0; i < tries; ++i) {
    Dice dice(canvas.seed, kCar, static_cast<std::uint64_t>(i));
    const double y = dice.uniform(0, static_cast<double>(canvas.side));
    const double x = dice.uniform(0, static_cast<double>(canvas.side));
    const Cell& ground = canvas.at(static_cast<std::int64_t>(y), static_cast<std::int64_t>(x));
    if (ground.base != Material::asphalt) continue;
    const District& d = canvas.districts[ground.district];
    const bool across = dice.chance(0.5);
    const Material paint = kPaints[dice.below(5)];
    for_each_cell(canvas, {x, y, across ? 1.0 : 2.2, across ? 2.2 : 1.0, d.cosine, d.sine}, [&](Cell& cell, double, double) {
      if (cell.base != Material::asphalt) return;
      cell.base = paint;
      cell.mix = 0;
      cell.height = 2;
    });
  }
}

void place_trees(Canvas& canvas) {
  constexpr double kSpacing = 7;
  const auto across = static_cast<std::int64_t>(static_cast<double>(canvas.side) / kSpacing);
  const std::vector<Cell> ground = canvas.cells;  // a tree asks for the ground, not for the tree before it
  for (std::int64_t i = 0; i < across * across; ++i) {
    Dice dice(canvas.seed, kTree, static_cast<std::uint64_t>(i));
    const double y = (static_cast<double>(i / across) + dice.uniform(0, 1)) * kSpacing;
    const double x = (static_cast<double>(i % across) + dice.uniform(0, 1)) * kSpacing;
    if (!canvas.inside(y, x)) continue;
    const Cell& cell =
        ground[static_cast<std::size_t>(static_cast<std::int64_t>(y) * canvas.side + static_cast<std::int64_t>(x))];
    const TreeStyle style = tree_style(cell, canvas.districts[cell.district].land);
    if (dice.chance(style.density)) stamp_tree(canvas, y, x, dice.uniform(style.smallest, style.largest), dice);
  }
}

void cast_shadows(Canvas& canvas) {
  float highest = 0;
  for (const Cell& cell : canvas.cells) highest = std::max(highest, cell.height);
  parallel_for(canvas.side, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      for (std::int64_t x = 0; x < canvas.side; ++x) {
        Cell& cell = canvas.at(y, x);
        double ray = cell.height + 0.5;
        for (int step = 1; cell.sun > 0 && ray < highest; ++step) {
          ray += canvas.sun_slope;
          const double sy = static_cast<double>(y) + step * canvas.sun_y;
          const double sx = static_cast<double>(x) + step * canvas.sun_x;
          if (!canvas.inside(sy, sx)) break;
          if (canvas.at(static_cast<std::int64_t>(sy), static_cast<std::int64_t>(sx)).height > ray) cell.sun = 0;
        }
      }
    }
  });
}

void add_texture(Canvas& canvas) {
  // Relative roughness of each Cover: field, grass, soil, forest floor, road, pavement, roof, tree, water.
  constexpr double kRoughness[kCovers] = {0.07, 0.09, 0.10, 0.12, 0.05, 0.06, 0.05, 0.20, 0.03};
  const auto coarse = fractal_noise(canvas.side, 8, 3, canvas.seed, kCoarseGrain);
  const Philox fine = make_rng(canvas.seed, RngStream::synth, std::uint64_t{kGrain} << 40U);
  parallel_for(canvas.side * canvas.side, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      Cell& cell = canvas.cells[static_cast<std::size_t>(p)];
      const double grain = 0.6 * coarse[static_cast<std::size_t>(p)] + 0.6 * fine.normal(static_cast<std::uint64_t>(p));
      const double factor = 1 + kRoughness[static_cast<std::size_t>(cell.cover)] * grain;
      cell.light *= static_cast<float>(std::max(0.2, factor));
    }
  });
}

}  // namespace cf::synth

// Colours of maps. Both are even to the eye and can be told apart by people who do not see red and green alike.
#pragma once

#include <string>

#include "data/drawing.h"

namespace cf {

enum class ColourMap {
  viridis,    // 0 dark violet, 1 yellow; lightness grows throughout
  diverging,  // 0 blue, 0.5 near white, 1 orange; lightness falls alike to both sides
};

// Outside of [0, 1] the nearer end.
Colour colour_of(ColourMap map, double unit);
// For a colour bar: "linear-gradient(90deg, #440154, ...)".
std::string css_gradient(ColourMap map);

}  // namespace cf

// A rectangle of a scene, and how an image that shows a part of the scene lies in it.
#pragma once

#include <cstdint>

namespace cf {

// Rows [row, row + height), columns [column, column + width).
struct Region {
  std::int64_t row = 0;
  std::int64_t column = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

// Images of a part of a scene that is too large to be fused at once. What they show must hold each tile of the scene that
// touches the core: a tile's size beyond it, where the scene goes on.
struct SceneView {
  std::int64_t height = 0;  // of the scene, divisible by the ratio as everything here
  std::int64_t width = 0;
  Region image;  // what the images show
  Region core;   // what is wanted of it
};

}  // namespace cf

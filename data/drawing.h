// Pixels and labels on pictures.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "data/images.h"

namespace cf {

using Colour = std::array<std::uint8_t, 3>;

// Black.
Picture blank_picture(std::int64_t height, std::int64_t width);
// Outside of the picture nothing happens.
void put(Picture& picture, std::int64_t y, std::int64_t x, const Colour& colour);
// Glyphs of data/glyphs.h from the corner (y, x) on, each of their pixels `size` x `size`.
void write_text(Picture& picture, std::int64_t y, std::int64_t x, std::string_view text, const Colour& colour,
                std::int64_t size = 1);
// Pixels that `text` takes from left to right.
std::int64_t text_width(std::string_view text, std::int64_t size = 1);

}  // namespace cf

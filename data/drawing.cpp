#include "data/drawing.h"

#include <algorithm>

#include "data/glyphs.h"

namespace cf {

Picture blank_picture(std::int64_t height, std::int64_t width) {
  return {height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width * 3))};
}

void put(Picture& picture, std::int64_t y, std::int64_t x, const Colour& colour) {
  if (y < 0 || y >= picture.height || x < 0 || x >= picture.width) return;
  std::copy(colour.begin(), colour.end(), picture.pixels.begin() + (y * picture.width + x) * 3);
}

void write_text(Picture& picture, std::int64_t y, std::int64_t x, std::string_view text, const Colour& colour,
                std::int64_t size) {
  for (const char c : text) {
    for (std::int64_t row = 0; row < kGlyphHeight * size; ++row) {
      for (std::int64_t col = 0; col < kGlyphWidth * size; ++col) {
        if (glyph_pixel(c, row / size, col / size)) put(picture, y + row, x + col, colour);
      }
    }
    x += text_width(" ", size);
  }
}

std::int64_t text_width(std::string_view text, std::int64_t size) {
  return static_cast<std::int64_t>(text.size()) * (kGlyphWidth + 1) * size;
}

}  // namespace cf

// Digits and some letters, three pixels by five, for the labels of pictures.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cf {

inline constexpr std::int64_t kGlyphHeight = 5;
inline constexpr std::int64_t kGlyphWidth = 3;

// True where the glyph of a digit, '.', '-', '+', 'e' or one of the capitals ACDEGHILMNPQRST is inked; other characters are
// blank.
inline bool glyph_pixel(char c, std::int64_t row, std::int64_t col) {
  constexpr std::string_view kCharacters = "0123456789.-+eACDEGHILMNPQRST";
  // Rows from the top, three cells each.
  constexpr std::array<std::string_view, 29> kInk = {
      "#### ## ## ####", " # ##  #  # ###", "###  #####  ###", "###  ####  ####", "# ## ####  #  #", "####  ###  ####",
      "####  #### ####", "###  #  #  #  #", "#### ##### ####", "#### ####  ####", "             # ", "      ###      ",
      "    # ### #    ", "   #######  ###", "#### ##### ## #", "####  #  #  ###", "## # ## ## ### ", "####  ## #  ###",
      "####  # ## ####", "# ## ##### ## #", "### #  #  # ###", "#  #  #  #  ###", "# ######## ## #", "## # ## ## ## #",
      "#### #####  #  ", "#### ## ####  #", "## # ### # ## #", "####  ###  ####", "### #  #  #  # "};
  const std::size_t at = kCharacters.find(c);
  return at != std::string_view::npos && kInk[at][static_cast<std::size_t>(row * kGlyphWidth + col)] == '#';
}

}  // namespace cf

// Words and numbers for HTML pages. Every text that was not written for the page goes through escape().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cf::html {

// UTF-8 text for content and for attributes in double quotes: & < > " ' become entities; control characters and bytes that are
// no UTF-8 become U+FFFD.
std::string escape(std::string_view text);

// "data:image/png;base64,...".
std::string data_uri(std::string_view mime, std::string_view bytes);

// For people: thin spaces between groups of three digits, "1 426 616".
std::string count(std::int64_t n);
// "1.4 GiB"
std::string bytes(std::int64_t n);
// "0.8 ms", "42.1 s", "4 min 12 s", "2 h 5 min"
std::string duration(double seconds);
// With that many digits behind the point; a minus sign, not a hyphen; "n/a" for NaN, "∞" for infinity.
std::string fixed(double value, int digits);
// At most `digits` significant digits and no superfluous zeros, with a power of ten where that is shorter.
std::string shortest(double value, int digits = 4);
// "12.5 %"; parts below 0.1 % are not rounded to nothing.
std::string percent(double part);

}  // namespace cf::html

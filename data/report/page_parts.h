// The fixed parts of a page: style sheet, script, and the divider's markup, which the script copies.
#pragma once

#include <string_view>

namespace cf {

extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;
extern const std::string_view kPageTemplate;

}  // namespace cf

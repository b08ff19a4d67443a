// What is said at the end of `cfrun fuse`: in words, and as JSON.
#pragma once

#include <string>

#include "framework/io/json.h"
#include "tools/cfrun/report_scene.h"

namespace cf {

std::string to_text(const FuseSummary& summary);
// Everything but pictures and histograms.
ordered_json to_json(const FuseSummary& summary);

}  // namespace cf

// Figures that others published for PanCollection's test sets, to be shown beside one's own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "data/report/page.h"

namespace cf {

// Those of a set that has the name, the number (20) and the size of images (`side`: 256 with ground truth, 512 without) of
// PanCollection's WorldView-3, QuickBird or GaoFen-2 test set. Nothing for any other set.
std::optional<PageTable> published_figures(const std::string& sensor, const std::string& set, std::int64_t images,
                                           std::int64_t side);

}  // namespace cf

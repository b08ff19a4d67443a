// How the training went, for a report: curves from the log of the run that a checkpoint lies in.
#pragma once

#include <filesystem>

#include "data/report/page.h"

namespace cf {

// A section with loss, learning rate and validation metrics from log.jsonl beside the checkpoint, its step marked; nothing where
// there is no such file. Lines that are no JSON (a run that was killed while it wrote) are passed over.
void add_training(Page& page, const std::filesystem::path& checkpoint);

}  // namespace cf

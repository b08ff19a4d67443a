// The file that a report goes to.
#pragma once

#include <filesystem>

namespace cf {

// Throws Error where a report could not be written to `file`: its folder is missing or closed to us, or a folder has its name.
// To be asked before the work that is reported on. Leaves nothing behind.
void check_report_file(const std::filesystem::path& file);

}  // namespace cf

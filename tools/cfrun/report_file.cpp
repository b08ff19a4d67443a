#include "tools/cfrun/report_file.h"

#include "framework/io/files.h"

namespace cf {

void check_report_file(const std::filesystem::path& file) { const AtomicWriter probe(file); }

}  // namespace cf

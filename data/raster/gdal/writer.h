#pragma once

#include <filesystem>
#include <memory>

#include "data/raster/module.h"

namespace cf::gdal {

// Writes `file`, which messages call info.name.
std::unique_ptr<StoredWriter> create_writer(const std::filesystem::path& file, const RasterInfo& info,
                                            const RasterFormat& format);

}  // namespace cf::gdal

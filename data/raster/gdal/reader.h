#pragma once

#include <filesystem>
#include <memory>
#include <span>

#include "data/raster/raster.h"

namespace cf::gdal {

std::unique_ptr<RasterReader> open_reader(std::span<const std::filesystem::path> files);

}  // namespace cf::gdal

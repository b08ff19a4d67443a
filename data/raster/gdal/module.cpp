#include "data/raster/module.h"

#include <gdal_priv.h>

#include "data/raster/gdal/dataset.h"
#include "data/raster/gdal/errors.h"
#include "data/raster/gdal/reader.h"
#include "data/raster/gdal/writer.h"

namespace {

std::string library() { return std::string("GDAL ") + GDALVersionInfo("RELEASE_NAME"); }

void set_cache(std::int64_t bytes) { GDALSetCacheMax64(bytes); }

cf::RasterModule start() {
  GDALAllRegister();
  set_cache(cf::kRasterCache);
  // What is said on this program's threads is gathered by Errors; GDAL's own threads shall not print.
  CPLSetErrorHandler(&CPLQuietErrorHandler);
  return {.info_bytes = sizeof(cf::RasterInfo),
          .format_bytes = sizeof(cf::RasterFormat),
          .open = &cf::gdal::open_reader,
          .create = &cf::gdal::create_writer,
          .set_cache = &set_cache,
          .library = &library,
          .crs_name = &cf::gdal::crs_name,
          .same_crs = &cf::gdal::same_crs};
}

}  // namespace

extern "C" const cf::RasterModule* cf_raster_module() {
  static const cf::RasterModule module = start();
  return &module;
}

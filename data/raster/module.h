// The seam between the program and libcf_gdal.so, the module that links GDAL. It is compiled into both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "data/raster/raster.h"

namespace cf {

// Writes samples that were checked.
class StoredWriter {
 public:
  virtual ~StoredWriter() = default;
  StoredWriter() = default;
  StoredWriter(const StoredWriter&) = delete;
  StoredWriter& operator=(const StoredWriter&) = delete;

  virtual void write(const Window& window, std::span<const std::byte> samples) = 0;
  virtual void finish() = 0;
};

struct RasterModule {
  // Sizes of what crosses the seam: a module of another build is refused.
  std::size_t info_bytes;
  std::size_t format_bytes;

  std::unique_ptr<RasterReader> (*open)(std::span<const std::filesystem::path> files);
  // Writes `file` itself; messages name info.name. Windows were checked, too.
  std::unique_ptr<StoredWriter> (*create)(const std::filesystem::path& file, const RasterInfo& info, const RasterFormat& format);
  void (*set_cache)(std::int64_t bytes);
  std::string (*library)();
  std::string (*crs_name)(const std::string& wkt);
  bool (*same_crs)(const std::string& a, const std::string& b);
};

// The module, loaded by the first call. Throws Error where this program was built without it or it cannot be loaded.
const RasterModule& raster_module();

}  // namespace cf

// What the module exports.
extern "C" const cf::RasterModule* cf_raster_module();

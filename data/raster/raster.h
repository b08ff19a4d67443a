// Georeferenced rasters in any format that GDAL reads and writes, window by window. GDAL is loaded when the first raster is
// opened, because linked it would make every start of the program several times longer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cf {

// Rows [row, row + rows), columns [col, col + cols).
struct Window {
  std::int64_t row = 0;
  std::int64_t col = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  std::int64_t pixels() const { return rows * cols; }
  bool operator==(const Window&) const = default;
};

// From pixels to map coordinates: x = origin_x + col step_x, y = origin_y + row step_y, where (0, 0) is the outer corner of the
// first pixel. Rotated and sheared rasters have none (opening one is an Error where a transform is needed).
struct GeoTransform {
  double origin_x = 0;
  double origin_y = 0;
  double step_x = 1;
  double step_y = -1;  // negative: north is up

  bool operator==(const GeoTransform&) const = default;
};

enum class SampleType : std::uint8_t { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };

std::string_view name_of(SampleType type);                // "u16"
std::string_view gdal_name_of(SampleType type);           // "UInt16"
std::optional<SampleType> sample_type(std::string_view);  // by that name, or GDAL's ("UInt16")
bool is_integer(SampleType type);
struct SampleRange {
  double lowest;
  double highest;
};
SampleRange range_of(SampleType type);
// Whether a value of this type can be `value`: NaN only in floats, no fractions and nothing out of range in integers.
bool holds(SampleType type, double value);
// What RasterReader::read makes of a sample `value`: rounded to f32, infinite where f32 ends. A nodata value is compared as
// read() delivers it.
float as_sample(double value);

struct RasterBand {
  std::string name;    // GDAL's description; may be empty
  std::string colour;  // GDAL's colour interpretation: "Red", "Gray", "Undefined", ...
  std::optional<double> nodata;
  // What the digital numbers mean: value = offset + scale number, in `unit`. Carried over, never applied.
  std::optional<double> scale;
  std::optional<double> offset;
  std::string unit;
  std::map<std::string, std::string> metadata;
};

using MetadataDomain = std::map<std::string, std::string>;

struct RasterInfo {
  std::string name;    // the path, or the paths, for messages
  std::string format;  // GDAL's driver, "GTiff"
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  SampleType type = SampleType::u16;  // of all bands; where they differ, the smallest type that holds them all
  int significant_bits = 0;           // NBITS, where less than the type has; 0: not said
  std::vector<RasterBand> bands;      // alpha bands are masks, not bands
  bool has_mask = false;              // a mask of the data set or an alpha band, apart from nodata values
  std::optional<GeoTransform> transform;
  bool rotated = false;  // it has a transform that GeoTransform cannot hold, or ground control points instead
  std::string crs;       // WKT, empty: none
  MetadataDomain metadata;
  std::int64_t block_rows = 0;  // of the first band
  std::int64_t block_cols = 0;
  int overviews = 0;        // smaller copies in the file
  std::string compression;  // "DEFLATE", empty: none
  bool cog = false;         // laid out for reading over a network
};

// Numbers that can be stored in a raster of this type and these significant bits.
SampleRange range_of(const RasterInfo& info);

// Readers and writers are each for one thread at a time; different ones may be used by different threads at once. All of them
// share a cache of decoded blocks, the only memory beside what the caller hands in that grows with a raster, apart from one
// block of each: a file that is compressed in one piece is decoded in one piece.
inline constexpr std::int64_t kRasterCache = std::int64_t{64} << 20U;  // bytes, unless set otherwise
void set_raster_cache(std::int64_t bytes);

class RasterReader {
 public:
  virtual ~RasterReader() = default;
  RasterReader() = default;
  RasterReader(const RasterReader&) = delete;
  RasterReader& operator=(const RasterReader&) = delete;

  virtual const RasterInfo& info() const = 0;
  // All bands of a window inside the raster as (rows, cols, bands), converted to f32 (exact up to 24 bits). Throws Error with
  // file, band and window where a block cannot be read.
  virtual void read(const Window& window, std::span<float> out) = 0;
  // 1 where the data set's mask or alpha says valid, 0 elsewhere: (rows, cols). All 1 where has_mask is false. Nodata values are
  // not looked at: they belong to bands and may be overridden.
  virtual void read_mask(const Window& window, std::span<std::uint8_t> out) = 0;
};

// Throws Error where the file is missing, is no raster, or has complex samples.
std::unique_ptr<RasterReader> open_raster(const std::filesystem::path& file);
// The bands of several files side by side, in that order. Throws Error where they differ in size, transform or CRS, naming both.
std::unique_ptr<RasterReader> open_raster(std::span<const std::filesystem::path> files);

enum class Compression : std::uint8_t { none, deflate, zstd, lzw };
enum class Layout : std::uint8_t { tiled, cog };

struct RasterFormat {
  Layout layout = Layout::tiled;
  Compression compression = Compression::deflate;  // with the predictor that suits the type
  bool overviews = false;                          // COG always has them
  std::int64_t block = 512;                        // a multiple of 16; COG: at least 128
  int threads = 0;                                 // of the compression; 0: all
};

class RasterWriter {
 public:
  virtual ~RasterWriter() = default;
  RasterWriter() = default;
  RasterWriter(const RasterWriter&) = delete;
  RasterWriter& operator=(const RasterWriter&) = delete;

  // Samples (rows, cols, bands) of the raster's type as numbers, already rounded and inside range_of(info): Error otherwise.
  // Windows that are whole blocks are compressed once; others may be read back and compressed again. What is never written
  // becomes nodata, or 0 where there is no nodata value.
  virtual void write(const Window& window, std::span<const float> samples) = 0;
  // The same samples as they are stored (data/raster/stored.h); that they are inside range_of(info) is the caller's word.
  virtual void write_stored(const Window& window, std::span<const std::byte> samples) = 0;
  // Writes what is left, overviews included, syncs and gives the file its name. Throws Error (a full disk shows here at the
  // latest). Without it nothing stands under the final name, and the temporary file is removed.
  virtual void finish() = 0;
};

// A GeoTIFF (BigTIFF where it needs to be) of info's size, type, bands, transform, CRS and metadata; info.name, format, mask and
// blocks are not looked at. Written under a temporary name in the same folder. Throws Error where the folder is missing or
// cannot be written to, and where GeoTIFF cannot hold what is asked for: it has one nodata value for all bands.
std::unique_ptr<RasterWriter> create_raster(const std::filesystem::path& file, const RasterInfo& info,
                                            const RasterFormat& format = {});

// "GDAL 3.6.2"; empty where this program was built without it or the module cannot be loaded.
std::string raster_library();
// The authority's name for a CRS, "EPSG:32635", or its title where it has none; empty for none.
std::string crs_name(const std::string& wkt);
bool same_crs(const std::string& a, const std::string& b);

}  // namespace cf

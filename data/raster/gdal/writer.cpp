#include "data/raster/gdal/writer.h"

#include <cpl_conv.h>
#include <cpl_string.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <system_error>

#include "data/raster/gdal/blocks.h"
#include "data/raster/gdal/dataset.h"
#include "data/raster/gdal/errors.h"
#include "data/raster/stored.h"
#include "framework/core/check.h"

namespace cf::gdal {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSmallestOverview = 256;  // the longer side of the last one is not above it

// A GDAL option of this thread as long as this object lives.
class LocalOption {
 public:
  LocalOption(const char* key, const std::string& value) : key_(key) { CPLSetThreadLocalConfigOption(key, value.c_str()); }
  ~LocalOption() { CPLSetThreadLocalConfigOption(key_, nullptr); }
  LocalOption(const LocalOption&) = delete;
  LocalOption& operator=(const LocalOption&) = delete;

 private:
  const char* key_;
};

// Files that GDAL needs on the way; gone with this object.
class Scratch {
 public:
  explicit Scratch(fs::path path) : path_(std::move(path)) {}
  ~Scratch() {
    std::error_code ignored;
    for (const char* suffix : {"", ".aux.xml", ".msk", ".ovr"}) fs::remove(path_.string() + suffix, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string str() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string threads_of(const RasterFormat& format) { return format.threads > 0 ? std::to_string(format.threads) : "ALL_CPUS"; }

// Empty: none.
std::string compression_of(const RasterFormat& format) {
  switch (format.compression) {
    case Compression::none: return {};
    case Compression::deflate: return "DEFLATE";
    case Compression::zstd: return "ZSTD";
    case Compression::lzw: return "LZW";
  }
  return {};
}

// Bits per sample where they are fewer than the type's and TIFF can pack them; 0: all.
int packed_bits(const RasterInfo& info) {
  const int bits = info.significant_bits;
  switch (info.type) {
    case SampleType::u8: return bits > 0 && bits < 8 ? bits : 0;
    case SampleType::u16: return bits > 8 && bits < 16 ? bits : 0;
    case SampleType::u32: return bits > 16 && bits < 32 ? bits : 0;
    default: return 0;
  }
}

// What neighbouring samples are compressed as: differences of integers, sorted bytes of floats. Packed bits cannot be predicted.
std::string predictor_of(const RasterInfo& info, const RasterFormat& format) {
  if (format.compression == Compression::none || packed_bits(info) != 0) return "1";
  return is_integer(info.type) ? "2" : "3";
}

bool is_colour_picture(const RasterInfo& info) {
  return info.bands.size() >= 3 && info.bands[0].colour == "Red" && info.bands[1].colour == "Green" &&
         info.bands[2].colour == "Blue";
}

// Whether bands are stored apart, so that whole blocks need not be put together from GDAL's cache, and who needs three bands of
// many reads three. Viewers of pictures expect pixels (bytes of three or four bands that colours are said of), and so do COGs.
bool bands_apart(const RasterInfo& info, const RasterFormat& format) {
  const bool picture = is_colour_picture(info) && info.bands.size() <= 4 && info.type == SampleType::u8;
  return !picture && format.layout != Layout::cog;
}

std::int64_t block_side(const RasterInfo& info, const RasterFormat& format) {
  return std::min(format.block, (std::max(info.rows, info.cols) + 15) / 16 * 16);
}

CPLStringList geotiff_options(const RasterInfo& info, const RasterFormat& format) {
  const std::string block = std::to_string(block_side(info, format));
  CPLStringList options;
  options.SetNameValue("INTERLEAVE", bands_apart(info, format) ? "BAND" : "PIXEL");
  options.SetNameValue("TILED", "YES");
  options.SetNameValue("BLOCKXSIZE", block.c_str());
  options.SetNameValue("BLOCKYSIZE", block.c_str());
  options.SetNameValue("BIGTIFF", "IF_SAFER");
  options.SetNameValue("NUM_THREADS", threads_of(format).c_str());
  // Said, because GDAL makes the fourth byte band an alpha band otherwise.
  options.SetNameValue("PHOTOMETRIC", is_colour_picture(info) ? "RGB" : "MINISBLACK");
  options.SetNameValue("ALPHA", "NO");
  if (as_signed_bytes(info.type)) options.SetNameValue("PIXELTYPE", "SIGNEDBYTE");
  const std::string compression = compression_of(format);
  if (!compression.empty()) {
    options.SetNameValue("COMPRESS", compression.c_str());
    options.SetNameValue("PREDICTOR", predictor_of(info, format).c_str());
  }
  if (packed_bits(info) != 0) options.SetNameValue("NBITS", std::to_string(packed_bits(info)).c_str());
  return options;
}

CPLStringList cog_options(const RasterInfo& info, const RasterFormat& format, const char* resampling) {
  const std::string compression = compression_of(format);
  CPLStringList options;
  options.SetNameValue("BLOCKSIZE", std::to_string(format.block).c_str());
  options.SetNameValue("BIGTIFF", "IF_SAFER");
  options.SetNameValue("NUM_THREADS", threads_of(format).c_str());
  options.SetNameValue("COMPRESS", compression.empty() ? "NONE" : compression.c_str());
  const bool predicted = predictor_of(info, format) != "1";
  options.SetNameValue("PREDICTOR", predicted ? "YES" : "NO");
  options.SetNameValue("OVERVIEW_PREDICTOR", predicted ? "YES" : "NO");
  options.SetNameValue("OVERVIEW_RESAMPLING", resampling);
  return options;
}

GDALDriver& driver_of(const char* name, const RasterFormat& format, const std::string& target) {
  GDALDriver* driver = GetGDALDriverManager()->GetDriverByName(name);
  check(driver != nullptr, "{}: GDAL {} cannot write it: it has no driver {}", target, GDALVersionInfo("RELEASE_NAME"), name);
  const char* options = driver->GetMetadataItem(GDAL_DMD_CREATIONOPTIONLIST);
  const std::string compression = compression_of(format);
  const bool known =
      compression.empty() || (options != nullptr && std::string_view(options).find(compression) != std::string_view::npos);
  check(known, "{}: GDAL {} was built without {}: choose another compression", target, GDALVersionInfo("RELEASE_NAME"),
        compression);
  return *driver;
}

void set_metadata(GDALMajorObject& object, const MetadataDomain& items) {
  for (const auto& [key, value] : items) {
    // Statistics are those of other samples.
    if (!key.starts_with("STATISTICS_")) object.SetMetadataItem(key.c_str(), value.c_str());
  }
}

void set_nodata(GDALRasterBand& band, double value) {
  if (band.GetRasterDataType() == GDT_Int64) {
    band.SetNoDataValueAsInt64(static_cast<std::int64_t>(value));
  } else if (band.GetRasterDataType() == GDT_UInt64) {
    band.SetNoDataValueAsUInt64(static_cast<std::uint64_t>(value));
  } else {
    band.SetNoDataValue(value);
  }
}

void set_band(GDALRasterBand& band, const RasterBand& from) {
  if (!from.name.empty()) band.SetDescription(from.name.c_str());
  if (!from.colour.empty()) band.SetColorInterpretation(GDALGetColorInterpretationByName(from.colour.c_str()));
  if (from.nodata) set_nodata(band, *from.nodata);
  if (from.scale) band.SetScale(*from.scale);
  if (from.offset) band.SetOffset(*from.offset);
  if (!from.unit.empty()) band.SetUnitType(from.unit.c_str());
  set_metadata(band, from.metadata);
}

void set_info(GDALDataset& dataset, const RasterInfo& info) {
  set_metadata(dataset, info.metadata);
  if (info.transform) {
    const GeoTransform& t = *info.transform;
    std::array<double, 6> values = {t.origin_x, t.step_x, 0, t.origin_y, 0, t.step_y};
    dataset.SetGeoTransform(values.data());
  }
  if (!info.crs.empty()) {
    const OGRSpatialReference crs = crs_of(info.crs);
    dataset.SetSpatialRef(&crs);
  }
  for (std::size_t i = 0; i < info.bands.size(); ++i) set_band(*dataset.GetRasterBand(static_cast<int>(i) + 1), info.bands[i]);
}

class Writer final : public StoredWriter {
 public:
  Writer(const fs::path& file, const RasterInfo& info, const RasterFormat& format)
      : file_(file),
        overview_(file.string() + ".ovr.tmp"),
        scratch_(file.string() + ".pixels"),
        info_(info),
        format_(format),
        blocks_(info, block_side(info, format)) {
    const Errors errors;
    RasterFormat first = format;
    // On the way to a COG, which is put in order at the end, speed counts more than size.
    if (is_cog()) first.compression = packed_bits(info) != 0 ? Compression::none : Compression::lzw;
    if (is_cog()) driver_of("COG", format, info.name);
    GDALDriver& driver = driver_of("GTiff", first, info.name);
    dataset_.reset(driver.Create(path().c_str(), static_cast<int>(info.cols), static_cast<int>(info.rows),
                                 static_cast<int>(info.bands.size()), gdal_type(info.type), geotiff_options(info, first).List()));
    if (dataset_ == nullptr) fail_write(errors);
    set_info(*dataset_, info);
    if (errors.any()) fail_write(errors);
  }

  ~Writer() override {
    if (dataset_ == nullptr) return;
    const Errors unheard;
    dataset_->MarkSuppressOnClose();  // a given up file need not be filled
    dataset_.reset();
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(const Window& w, std::span<const std::byte> samples) override {
    const Errors errors;
    const bool blocks = bands_apart(info_, format_) && blocks_.covers(w);
    const CPLErr status = blocks ? blocks_.write(*dataset_, w, samples) : write_window(w, samples);
    if (status != CE_None || errors.any()) fail_write(errors);
  }

  void finish() override {
    const Errors errors;
    const LocalOption no_sidecars("GDAL_PAM_ENABLED", "NO");
    const LocalOption threads("GDAL_NUM_THREADS", threads_of(format_));
    dataset_->FlushCache(true);
    if (errors.any()) fail_write(errors);
    if (is_cog()) {
      make_cog(errors);
    } else if (format_.overviews) {
      add_overviews(errors);
    }
    dataset_.reset();
    if (errors.any()) fail_write(errors);
  }

 private:
  // Through GDAL's cache of blocks, for what is no whole block and for pixels that are stored together.
  CPLErr write_window(const Window& w, std::span<const std::byte> samples) {
    const auto bands = static_cast<int>(info_.bands.size());
    const auto bytes = static_cast<GSpacing>(stored_bytes(info_.type));
    const GSpacing pixel = bytes * bands;
    // GDAL asks for writable memory whatever the direction.
    return dataset_->RasterIO(GF_Write, static_cast<int>(w.col), static_cast<int>(w.row), static_cast<int>(w.cols),
                              static_cast<int>(w.rows), const_cast<std::byte*>(samples.data()), static_cast<int>(w.cols),
                              static_cast<int>(w.rows), buffer_type(info_.type), bands, nullptr, pixel, pixel * w.cols, bytes,
                              nullptr);
  }
  bool is_cog() const { return format_.layout == Layout::cog; }
  std::string path() const { return is_cog() ? scratch_.str() : file_.string(); }
  // Means, but for types that GDAL takes for others.
  const char* resampling() const { return as_signed_bytes(info_.type) ? "NEAREST" : "AVERAGE"; }

  void add_overviews(const Errors& errors) {
    std::vector<int> factors;
    const std::int64_t longest = std::max(info_.rows, info_.cols);
    for (std::int64_t factor = 2; longest > kSmallestOverview * factor / 2; factor *= 2)
      factors.push_back(static_cast<int>(factor));
    if (factors.empty()) return;
    const CPLErr status = dataset_->BuildOverviews(resampling(), static_cast<int>(factors.size()), factors.data(), 0, nullptr,
                                                   GDALDummyProgress, nullptr);
    if (status != CE_None || errors.any()) fail_write(errors);
  }

  void make_cog(const Errors& errors) {
    const GDALDatasetUniquePtr copy(driver_of("COG", format_, info_.name)
                                        .CreateCopy(file_.string().c_str(), dataset_.get(), FALSE,
                                                    cog_options(info_, format_, resampling()).List(), GDALDummyProgress,
                                                    nullptr));
    if (copy == nullptr || errors.any()) fail_write(errors);
  }

  [[noreturn]] void fail_write(const Errors& errors) const {
    std::error_code error;
    const fs::path folder = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
    const fs::space_info space = fs::space(folder, error);
    constexpr std::uintmax_t kFull = std::uintmax_t{1} << 20U;
    const bool full = !error && space.available < kFull;
    fail("{}: cannot be written: {}{}", info_.name, errors.text(),
         full ? fmt::format(". The disk of {} is full ({} KiB left)", folder.string(), space.available / 1024) : "");
  }

  fs::path file_;
  Scratch overview_;  // GDAL's own, where it failed on the way to a COG
  Scratch scratch_;
  RasterInfo info_;
  RasterFormat format_;
  BlockWriter blocks_;
  GDALDatasetUniquePtr dataset_;  // closed before the files above are removed
};

}  // namespace

std::unique_ptr<StoredWriter> create_writer(const fs::path& file, const RasterInfo& info, const RasterFormat& format) {
  return std::make_unique<Writer>(file, info, format);
}

}  // namespace cf::gdal

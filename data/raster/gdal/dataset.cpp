#include "data/raster/gdal/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "data/raster/gdal/errors.h"
#include "framework/core/check.h"

namespace cf::gdal {
namespace {

[[noreturn]] void fail_unopened(const std::string& name, const std::string& reason) {
  std::error_code ignored;
  // Names such as /vsizip/a.zip/b.tif or NETCDF:a.nc:band are GDAL's business.
  const bool plain = !name.starts_with("/vsi") && name.find(':') == std::string::npos;
  check(!plain || std::filesystem::exists(name, ignored), "{}: no such file", name);
  check(!plain || !std::filesystem::is_directory(name, ignored), "{}: a folder, not a raster", name);
  fail(
      "{}: GDAL {} reads no raster from it: {}. A file that should be one is damaged, truncated or of a format that this GDAL "
      "lacks",
      name, GDALVersionInfo("RELEASE_NAME"), reason);
}

// A file of several rasters (netCDF, HDF) opens as none.
void check_has_bands(GDALDataset& dataset, const std::string& name) {
  if (dataset.GetRasterCount() > 0) return;
  char** const inner = dataset.GetMetadata("SUBDATASETS");
  const char* first = CSLFetchNameValue(inner, "SUBDATASET_1_NAME");
  check(first == nullptr, "{}: a container of {} rasters: name one of them, such as {}", name, CSLCount(inner) / 2,
        first == nullptr ? "" : first);
  fail("{}: a raster without bands", name);
}

// What is said of how the file stores its samples; empty: nothing.
std::string item_of(GDALMajorObject& object, const char* key) {
  const char* value = object.GetMetadataItem(key, "IMAGE_STRUCTURE");
  return value == nullptr ? std::string() : std::string(value);
}

bool is_signed_byte(GDALRasterBand& band) {
  return band.GetRasterDataType() == GDT_Byte && item_of(band, "PIXELTYPE") == "SIGNEDBYTE";
}

SampleType type_of(GDALRasterBand& band, const std::string& name) {
  if (is_signed_byte(band)) return SampleType::i8;
  const GDALDataType type = band.GetRasterDataType();
  const char* title = GDALGetDataTypeName(type);
  check(GDALDataTypeIsComplex(type) == 0,
        "{}: band {} has complex samples ({}), as radar data have; take their magnitude first: "
        "gdal_calc.py -A {} --calc=\"abs(A)\" --outfile=magnitude.tif",
        name, band.GetBand(), title, name);
  const auto known = sample_type(title);
  check(known.has_value(), "{}: band {} has samples of the unknown type {}", name, band.GetBand(), title);
  return *known;
}

// Whether every number of `inner` is one of `outer`.
bool contains(SampleType outer, SampleType inner) {
  if (outer == inner) return true;
  if (is_integer(inner) && !is_integer(outer)) {
    const double exact = std::ldexp(1.0, outer == SampleType::f32 ? 24 : 53);
    return range_of(inner).highest <= exact;
  }
  if (!is_integer(inner) && is_integer(outer)) return false;
  return range_of(outer).lowest <= range_of(inner).lowest && range_of(outer).highest >= range_of(inner).highest;
}

std::optional<double> nodata_of(GDALRasterBand& band) {
  int present = 0;
  double value = 0;
  if (band.GetRasterDataType() == GDT_Int64) {
    value = static_cast<double>(band.GetNoDataValueAsInt64(&present));
  } else if (band.GetRasterDataType() == GDT_UInt64) {
    value = static_cast<double>(band.GetNoDataValueAsUInt64(&present));
  } else {
    value = band.GetNoDataValue(&present);
  }
  return present != 0 ? std::optional(value) : std::nullopt;
}

MetadataDomain metadata_of(GDALMajorObject& object) {
  MetadataDomain result;
  for (char** line = object.GetMetadata(); line != nullptr && *line != nullptr; ++line) {
    const std::string text = *line;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) result[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return result;
}

RasterBand describe_band(GDALRasterBand& band) {
  RasterBand result;
  result.name = band.GetDescription();
  result.colour = GDALGetColorInterpretationName(band.GetColorInterpretation());
  result.nodata = nodata_of(band);
  int present = 0;
  const double scale = band.GetScale(&present);
  if (present != 0) result.scale = scale;
  const double offset = band.GetOffset(&present);
  if (present != 0) result.offset = offset;
  result.unit = band.GetUnitType();
  result.metadata = metadata_of(band);
  return result;
}

void describe_place(GDALDataset& dataset, RasterInfo& info) {
  std::array<double, 6> t{};
  if (dataset.GetGeoTransform(t.data()) == CE_None) {
    // Rounding leaves traces of a rotation that no pixel notices.
    const double rows = std::abs(t[2]) * static_cast<double>(info.rows);
    const double cols = std::abs(t[4]) * static_cast<double>(info.cols);
    info.rotated = rows > 1e-3 * std::abs(t[1]) || cols > 1e-3 * std::abs(t[5]);
    if (!info.rotated) info.transform = {t[0], t[3], t[1], t[5]};
  } else {
    info.rotated = dataset.GetGCPCount() > 0;
  }
  const OGRSpatialReference* crs = dataset.GetSpatialRef();
  if (crs == nullptr && dataset.GetGCPCount() > 0) crs = dataset.GetGCPSpatialRef();
  if (crs != nullptr) info.crs = wkt_of(*crs);
}

}  // namespace

SampleType common_type(SampleType a, SampleType b) {
  using enum SampleType;
  for (const SampleType type : {u8, i8, u16, i16, u32, i32, u64, i64, f32}) {
    if (contains(type, a) && contains(type, b)) return type;
  }
  return f64;
}

bool as_signed_bytes(SampleType type) { return type == SampleType::i8 && GDALGetDataTypeByName("Int8") == GDT_Unknown; }

GDALDataType gdal_type(SampleType type) {
  return as_signed_bytes(type) ? GDT_Byte : GDALGetDataTypeByName(std::string(gdal_name_of(type)).c_str());
}

Source open_source(const std::string& name) {
  const Errors errors;
  Source source;
  source.name = name;
  source.dataset.reset(GDALDataset::Open(name.c_str(), GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR));
  if (source.dataset == nullptr) fail_unopened(name, errors.text());
  GDALDataset& dataset = *source.dataset;
  check_has_bands(dataset, name);
  for (int i = 1; i <= dataset.GetRasterCount(); ++i) {
    GDALRasterBand& band = *dataset.GetRasterBand(i);
    if (band.GetColorInterpretation() == GCI_AlphaBand && !source.alpha) {
      source.alpha = i;
    } else {
      source.bands.push_back(i);
      source.signed_bytes = source.signed_bytes || is_signed_byte(band);
    }
  }
  check(!source.bands.empty(), "{}: its only band is marked as alpha, a mask without an image", name);
  const int flags = dataset.GetRasterBand(source.bands.front())->GetMaskFlags();
  source.masked = (flags & (GMF_ALL_VALID | GMF_ALPHA)) == 0 && flags != GMF_NODATA;
  return source;
}

RasterInfo describe(const Source& source) {
  const Errors errors;
  GDALDataset& dataset = *source.dataset;
  RasterInfo info;
  info.name = source.name;
  info.format = dataset.GetDriverName();
  info.rows = dataset.GetRasterYSize();
  info.cols = dataset.GetRasterXSize();
  info.has_mask = source.alpha.has_value() || source.masked;
  for (const int i : source.bands) {
    GDALRasterBand& band = *dataset.GetRasterBand(i);
    const SampleType type = type_of(band, source.name);
    info.type = info.bands.empty() ? type : common_type(info.type, type);
    info.bands.push_back(describe_band(band));
  }
  GDALRasterBand& first = *dataset.GetRasterBand(source.bands.front());
  const std::string bits = item_of(first, "NBITS");
  const int count = bits.empty() ? 0 : std::stoi(bits);
  if (count < GDALGetDataTypeSizeBits(first.GetRasterDataType())) info.significant_bits = count;
  int block_cols = 0;
  int block_rows = 0;
  first.GetBlockSize(&block_cols, &block_rows);
  info.block_rows = block_rows;
  info.block_cols = block_cols;
  info.overviews = first.GetOverviewCount();
  info.compression = item_of(dataset, "COMPRESSION");
  info.cog = item_of(dataset, "LAYOUT") == "COG";
  describe_place(dataset, info);
  info.metadata = metadata_of(dataset);
  return info;
}

}  // namespace cf::gdal

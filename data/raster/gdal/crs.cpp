#include <cpl_conv.h>

#include <array>
#include <memory>

#include "data/raster/gdal/dataset.h"
#include "data/raster/gdal/errors.h"
#include "framework/core/check.h"

namespace cf::gdal {

OGRSpatialReference crs_of(const std::string& wkt) {
  const Errors errors;
  OGRSpatialReference crs;
  crs.SetAxisMappingStrategy(OAMS_TRADITIONAL_GIS_ORDER);
  check(crs.importFromWkt(wkt.c_str()) == OGRERR_NONE, "'{}' is no coordinate reference system in WKT: {}", wkt.substr(0, 60),
        errors.text());
  return crs;
}

std::string wkt_of(const OGRSpatialReference& crs) {
  const Errors errors;
  const std::array<const char*, 2> options = {"FORMAT=WKT2_2018", nullptr};  // WKT 1 has no room for some
  char* text = nullptr;
  const bool done = crs.exportToWkt(&text, options.data()) == OGRERR_NONE;
  const std::unique_ptr<char, decltype(&CPLFree)> owner(text, &CPLFree);
  return done && text != nullptr ? std::string(text) : std::string();
}

std::string crs_name(const std::string& wkt) {
  const OGRSpatialReference crs = crs_of(wkt);
  const char* authority = crs.GetAuthorityName(nullptr);
  const char* code = crs.GetAuthorityCode(nullptr);
  if (authority != nullptr && code != nullptr) return std::string(authority) + ":" + code;
  const char* title = crs.GetName();
  return title == nullptr ? "a CRS without a name" : title;
}

bool same_crs(const std::string& a, const std::string& b) {
  const OGRSpatialReference first = crs_of(a);
  const OGRSpatialReference second = crs_of(b);
  const Errors errors;
  const std::array<const char*, 3> options = {"IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES",
                                              "CRITERION=EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS", nullptr};
  return first.IsSame(&second, options.data()) != 0;
}

}  // namespace cf::gdal

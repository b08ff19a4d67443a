// Opened files and what they say of themselves.
#pragma once

#include <gdal_priv.h>
#include <ogr_spatialref.h>

#include <optional>
#include <string>
#include <vector>

#include "data/raster/raster.h"

namespace cf::gdal {

// One file of a raster.
struct Source {
  std::string name;
  GDALDatasetUniquePtr dataset;
  std::vector<int> bands;     // GDAL's numbers of those that hold samples, from 1
  std::optional<int> alpha;   // the band that is a mask
  bool masked = false;        // has a mask of its own that is no alpha band
  bool signed_bytes = false;  // GDAL before 3.7 reads i8 as u8
};

// Throws Error where the file is missing, is no raster, or has complex samples.
Source open_source(const std::string& name);
// What the file says; the name is its path.
RasterInfo describe(const Source& source);

// The smallest type that holds the numbers of both; f64 where none holds them all.
SampleType common_type(SampleType a, SampleType b);

// True where the type is written as bytes that GDAL takes for unsigned.
bool as_signed_bytes(SampleType type);
GDALDataType gdal_type(SampleType type);

// Axes in the order of the geotransform, whatever the authority says. Throws Error on what is no CRS.
OGRSpatialReference crs_of(const std::string& wkt);
std::string wkt_of(const OGRSpatialReference& crs);
std::string crs_name(const std::string& wkt);
bool same_crs(const std::string& a, const std::string& b);

}  // namespace cf::gdal

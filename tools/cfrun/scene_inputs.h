// PAN and MS of a scene, opened, checked against each other and against the method, ready to be read part by part.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/raster/raster.h"
#include "data/scene/source.h"
#include "tools/cfrun/scene_method.h"
#include "tools/cfrun/scene_options.h"

namespace cf {

struct SceneInputs {
  std::unique_ptr<RasterReader> pan;
  std::unique_ptr<RasterReader> ms;
  std::vector<std::int64_t> ms_bands;  // from 0
  SceneAlignment alignment;
  NodataRule pan_nodata;
  NodataRule ms_nodata;
  double scale = 1;
  bool scaled = false;  // whether the scale means anything
  std::unique_ptr<SceneSource> source;
  std::vector<std::string> warnings;  // as they were printed
};

// Throws Error where a file cannot be read, they do not belong together or the method was not made for them.
SceneInputs open_inputs(const FuseOptions& options, const ChosenMethod& method);

// The output's description: MS's bands and metadata, PAN's grid.
RasterInfo describe_output(const FuseOptions& options, const ChosenMethod& method, SceneInputs& inputs);

// Prints a warning and keeps it for the report.
void warn(SceneInputs& inputs, const std::string& text);

}  // namespace cf

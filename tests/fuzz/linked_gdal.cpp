// The fuzzers link the module that the program loads, so that its code is instrumented.
#include "data/raster/module.h"

namespace cf {

const RasterModule& raster_module() { return *cf_raster_module(); }

}  // namespace cf

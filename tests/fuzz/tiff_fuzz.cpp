// Rasters, by way of GDAL: opening, the first window, its mask.
#include <algorithm>
#include <vector>

#include "data/raster/raster.h"
#include "tests/fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile input("input.tif");
  const auto& path = input.put({reinterpret_cast<const char*>(data), size});
  cf::fuzz::read(size, [&] {
    const auto raster = cf::open_raster(path);
    const cf::RasterInfo& info = raster->info();
    const cf::Window window{0, 0, std::min<std::int64_t>(info.rows, 16), std::min<std::int64_t>(info.cols, 16)};
    const std::size_t bands = info.bands.size();
    if (window.pixels() <= 0 || bands > 64) return;
    std::vector<float> samples(static_cast<std::size_t>(window.pixels()) * bands);
    raster->read(window, samples);
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(window.pixels()));
    raster->read_mask(window, mask);
  });
  return 0;
}

// Small files of HDF5, MATLAB and TIFF that the fuzzers begin with: make_data_seeds FOLDER makes FOLDER/<fuzzer>/...
#include "data/mat.h"
#include "data/raster/raster.h"
#include "tests/data/make_set.h"

int main(int count, char** words) {
  if (count != 2) return 2;
  const std::filesystem::path root = words[1];
  for (const char* fuzzer : {"hdf5", "mat", "tiff"}) std::filesystem::create_directories(root / fuzzer);
  const cf::test::SetSpec spec{.samples = 1, .bands = 1, .height = 1, .width = 1};
  cf::test::write_set<float>(root / "hdf5" / "plain", spec);
  cf::test::write_set<std::uint16_t>(root / "hdf5" / "packed", {.samples = 1, .bands = 1, .height = 1, .width = 1, .gzip = 4});
  cf::mat::write(root / "mat" / "set", {{"ms", {{1, 1}, {3}}}, {"pan", {{4, 4}, std::vector<double>(16, 5)}}});
  cf::RasterInfo info;
  info.rows = 4;
  info.cols = 5;
  info.bands.resize(2);
  info.transform = cf::GeoTransform{};
  for (const auto compression : {cf::Compression::none, cf::Compression::deflate, cf::Compression::lzw}) {
    cf::RasterFormat format;
    format.compression = compression;
    format.block = 16;
    format.threads = 1;
    const auto writer = cf::create_raster(root / "tiff" / std::to_string(static_cast<int>(compression)), info, format);
    writer->write({0, 0, 4, 5}, std::vector<float>(40, 7.0F));
    writer->finish();
  }
  return 0;
}

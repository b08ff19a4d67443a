// Rasters that cannot be read or written: what is said, and that nothing half-written stays.
#include <algorithm>

#include "tests/data/raster_support.h"
#include "tests/harness/small_disk.h"

namespace cf::test {
namespace {

namespace fs = std::filesystem;

void check_says(const std::string& message, const std::vector<std::string>& parts) {
  INFO(message);
  for (const std::string& part : parts) CHECK_MESSAGE(contains(message, part), part);
}

std::string open_error(const fs::path& file) {
  return error_of([&] { open_raster(file); });
}

TEST_CASE("raster errors: without GDAL it is said what to install") {
  if (!raster_library().empty()) return;
  const std::string message = open_error("a.tif");
  check_says(message, {"GDAL", "libgdal-dev"});
}

TEST_CASE("raster errors: missing files, folders, other files, truncated and empty ones") {
  if (!has_rasters()) return;
  const TempFolder folder;
  check_says(open_error(folder / "none.tif"), {"none.tif", "no such file"});
  check_says(open_error(folder.path()), {folder.path().string(), "folder"});
  write_text_file(folder / "note.txt", "no raster at all\n");
  check_says(open_error(folder / "note.txt"), {"note.txt", "reads no raster"});
  write_text_file(folder / "empty.tif", "");
  check_says(open_error(folder / "empty.tif"), {"empty.tif", "reads no raster"});
  write_raster(folder / "head.tif", raster_info(SampleType::u8, 20, 30, 1));
  fs::resize_file(folder / "head.tif", 100);
  check_says(open_error(folder / "head.tif"), {"head.tif", "truncated"});
}

TEST_CASE("raster errors: complex samples, alpha alone") {
  if (!has_rasters()) return;
  const TempFolder folder;
  write_raster(folder / "a.tif", raster_info(SampleType::u8, 20, 30, 1));
  write_text_file(folder / "radar.vrt", vrt(20, 30, vrt_band(1, "CFloat32", "a.tif", 1)));
  check_says(open_error(folder / "radar.vrt"), {"radar.vrt", "band 1", "complex", "CFloat32"});
  write_text_file(folder / "alpha.vrt", vrt(20, 30, vrt_band(1, "Byte", "a.tif", 1, "<ColorInterp>Alpha</ColorInterp>")));
  check_says(open_error(folder / "alpha.vrt"), {"alpha.vrt", "mask without an image"});
}

TEST_CASE("raster errors: files that are no one raster") {
  if (!has_rasters()) return;
  const TempFolder folder;
  const RasterInfo base = raster_info(SampleType::u8, 20, 30, 1);
  write_raster(folder / "a.tif", base);
  const auto joined = [&](const RasterInfo& other) {
    write_raster(folder / "b.tif", other);
    const std::array<fs::path, 2> files = {folder / "a.tif", folder / "b.tif"};
    return error_of([&] { open_raster(files); });
  };
  CHECK(joined(base).empty());
  RasterInfo other = raster_info(SampleType::u8, 20, 31, 1);
  check_says(joined(other), {"a.tif", "b.tif", "20 x 30", "20 x 31"});
  other = base;
  other.transform->origin_x += 1;
  check_says(joined(other), {"a.tif", "b.tif", "500000", "500001"});
  other.transform.reset();
  check_says(joined(other), {"no transform"});
  other = base;
  other.crs = R"(LOCAL_CS["site grid",UNIT["metre",1]])";
  check_says(joined(other), {"a.tif", "b.tif", "none", "site grid"});
  CHECK_FALSE(error_of([] { open_raster(std::span<const fs::path>()); }).empty());
}

TEST_CASE("raster errors: windows outside and rooms of the wrong size") {
  if (!has_rasters()) return;
  const TempFolder folder;
  const RasterInfo info = raster_info(SampleType::u8, 20, 30, 1);
  write_raster(folder / "a.tif", info);
  const auto reader = open_raster(folder / "a.tif");
  std::vector<float> out(4);
  for (const Window& w : {Window{19, 0, 2, 2}, Window{-1, 0, 2, 2}, Window{0, 29, 2, 2}, Window{0, 0, 0, 2}}) {
    check_says(error_of([&] { reader->read(w, out); }), {"a.tif", "do not lie inside 20 x 30"});
  }
  check_says(error_of([&] { reader->read({0, 0, 1, 2}, out); }), {"a.tif", "room for 4"});
  const auto writer = create_raster(folder / "b.tif", info);
  check_says(error_of([&] { writer->write({19, 0, 2, 2}, out); }), {"b.tif", "do not lie inside 20 x 30"});
  check_says(error_of([&] { writer->write({0, 0, 1, 2}, out); }), {"b.tif", "4 samples"});
}

// Damages a tile in the middle of a file of 4 x 4 tiles of 64 and reads it.
TEST_CASE("raster errors: a corrupt block is named, and the others are read") {
  if (!has_rasters()) return;
  const TempFolder folder;
  RasterInfo info = raster_info(SampleType::u16, 256, 256, 2);
  RasterFormat format;
  format.block = 64;
  format.threads = 1;
  write_raster(folder / "a.tif", info, format, 64);
  const auto size = static_cast<std::streamoff>(fs::file_size(folder / "a.tif"));
  {
    std::fstream file(folder / "a.tif", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(size / 2);
    file << std::string(300, '\x5a');
  }
  const auto reader = open_raster(folder / "a.tif");
  const std::string message = error_of([&] { read_window(*reader, whole(info)); });
  check_says(message, {"a.tif", "band 1", "rows ", "columns ", "damaged"});
  // The place that was named fails, at most another one that the damage reaches, and no others.
  int failed = 0;
  int named = 0;
  for (std::int64_t row = 0; row < 256; row += 64) {
    for (std::int64_t col = 0; col < 256; col += 64) {
      const Window window{row, col, 64, 64};
      const std::string place = fmt::format("rows {} to {}, columns {} to {}", row, row + 63, col, col + 63);
      std::vector<float> pixels;
      if (error_of([&] { pixels = read_window(*reader, window); }).empty()) {
        CHECK(pixels == raster_pixels(info, window));
      } else {
        ++failed;
        named += contains(message, place) ? 1 : 0;
      }
    }
  }
  CHECK(named == 1);
  CHECK(failed <= 2);
}

TEST_CASE("raster errors: a truncated file names the first part that is missing") {
  if (!has_rasters()) return;
  const TempFolder folder;
  const RasterInfo info = raster_info(SampleType::u16, 256, 256, 1);
  for (const Compression compression : {Compression::none, Compression::deflate}) {
    RasterFormat format;
    format.block = 64;
    format.compression = compression;
    format.threads = 1;
    write_raster(folder / "a.tif", info, format, 64);
    fs::resize_file(folder / "a.tif", fs::file_size(folder / "a.tif") * 2 / 3);
    const auto reader = open_raster(folder / "a.tif");
    CHECK(read_window(*reader, {0, 0, 64, 64}) == raster_pixels(info, {0, 0, 64, 64}));
    check_says(error_of([&] { read_window(*reader, whole(info)); }), {"a.tif", "band 1", "rows ", "truncated"});
  }
}

TEST_CASE("raster errors: what GeoTIFF or the type cannot hold") {
  if (!has_rasters()) return;
  const TempFolder folder;
  const auto refused = [&](const RasterInfo& info, const RasterFormat& format = {}) {
    return error_of([&] { create_raster(folder / "a.tif", info, format); });
  };
  RasterInfo info = raster_info(SampleType::u16, 20, 30, 2);
  info.bands[0].nodata = -9999;
  check_says(refused(info), {"a.tif", "nodata", "-9999", "u16"});
  info.bands[0].nodata = 1;
  info.bands[1].nodata = 2;
  check_says(refused(info), {"a.tif", "one nodata value"});
  RasterFormat format;
  format.block = 100;
  check_says(refused(raster_info(SampleType::u16, 20, 30, 2), format), {"a.tif", "100", "multiple of 16"});
  check_says(refused(raster_info(SampleType::u16, 0, 30, 2)), {"a.tif", "0 x 30"});
  info = raster_info(SampleType::u16, 20, 30, 2);
  info.crs = "nowhere";
  check_says(refused(info), {"nowhere", "reference system"});

  info = raster_info(SampleType::u16, 2, 2, 1);
  const auto writer = create_raster(folder / "b.tif", info);
  for (const float bad : {-1.0F, 65536.0F, 0.5F, std::numeric_limits<float>::quiet_NaN()}) {
    const std::vector<float> samples = {1, 2, 3, bad};
    check_says(error_of([&] { writer->write(whole(info), samples); }), {"b.tif", "row 1, column 1, band 1", "u16"});
  }
  info.significant_bits = 11;
  const auto packed = create_raster(folder / "c.tif", info);
  check_says(error_of([&] { packed->write(whole(info), std::vector<float>{2047, 2048, 0, 0}); }), {"c.tif", "2048", "to 2047"});
}

TEST_CASE("raster errors: nothing stands under the name before the end") {
  if (!has_rasters()) return;
  const TempFolder folder;
  const RasterInfo info = raster_info(SampleType::u16, 200, 200, 1);
  for (const Layout layout : {Layout::tiled, Layout::cog}) {
    RasterFormat format;
    format.layout = layout;
    {
      const auto writer = create_raster(folder / "a.tif", info, format);
      writer->write(whole(info), raster_pixels(info, whole(info)));
      CHECK_FALSE(fs::exists(folder / "a.tif"));
    }
    CHECK(folder.entries() == 0);
  }
}

TEST_CASE("raster errors: missing and read-only folders, a folder of that name") {
  if (!has_rasters()) return;
  const TempFolder folder;
  const RasterInfo info = raster_info(SampleType::u16, 20, 20, 1);
  check_says(error_of([&] { create_raster(folder / "none" / "a.tif", info); }), {"a.tif", "is not a folder"});
  fs::create_directory(folder / "a.tif");
  check_says(error_of([&] { create_raster(folder / "a.tif", info); }), {"a.tif", "a folder of that name"});
  const SmallDisk disk(folder / "disk", "size=1m");
  if (!disk.mounted()) return;
  disk.make_read_only();
  check_says(error_of([&] { create_raster(folder / "disk" / "a.tif", info); }), {"a.tif", "Read-only"});
}

// Whatever the size of the disk: either the raster is whole or an Error is thrown and nothing stays.
TEST_CASE("raster errors: a full disk leaves no file") {
  if (!has_rasters()) return;
  const TempFolder folder;
  RasterInfo info = raster_info(SampleType::f32, 300, 300, 2);
  int refused = 0;
  int written = 0;
  for (const Layout layout : {Layout::tiled, Layout::cog}) {
    for (const Compression compression : {Compression::none, Compression::deflate}) {
      for (int pages = 2; pages < 1100; pages += pages < 20 ? 1 : 61) {
        INFO(pages);
        const SmallDisk disk(folder / "disk", fmt::format("size={}k", 4 * pages).c_str());
        if (!disk.mounted()) return;
        RasterFormat format;
        format.layout = layout;
        format.overviews = true;
        format.block = 128;
        format.compression = compression;
        const fs::path file = folder / "disk" / "a.tif";
        const std::string message = error_of([&] { write_raster(file, info, format, 128); });
        if (message.empty()) {
          ++written;
          CHECK(read_window(*open_raster(file), whole(info)) == raster_pixels(info, whole(info)));
        } else {
          ++refused;
          check_says(message, {"a.tif"});
          CHECK(fs::is_empty(folder / "disk"));
        }
      }
    }
  }
  CHECK(refused > 20);
  CHECK(written > 10);
}

}  // namespace
}  // namespace cf::test

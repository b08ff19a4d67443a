// Rasters that are read and written well; raster_errors_test.cpp has those that are not.
#include <algorithm>

#include "tests/data/raster_support.h"

namespace cf::test {
namespace {

namespace fs = std::filesystem;

constexpr std::array<SampleType, 10> kTypes = {SampleType::u8,  SampleType::i8,  SampleType::u16, SampleType::i16,
                                               SampleType::u32, SampleType::i32, SampleType::u64, SampleType::i64,
                                               SampleType::f32, SampleType::f64};

constexpr const char* kUtm35 = R"wkt(PROJCRS["WGS 84 / UTM zone 35N",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",
  ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]]],PRIMEM["Greenwich",0,ANGLEUNIT["degree",0.0174532925199433]],
  ID["EPSG",4326]],CONVERSION["UTM zone 35N",METHOD["Transverse Mercator",ID["EPSG",9807]],
  PARAMETER["Latitude of natural origin",0,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8801]],
  PARAMETER["Longitude of natural origin",27,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8802]],
  PARAMETER["Scale factor at natural origin",0.9996,SCALEUNIT["unity",1],ID["EPSG",8805]],
  PARAMETER["False easting",500000,LENGTHUNIT["metre",1],ID["EPSG",8806]],
  PARAMETER["False northing",0,LENGTHUNIT["metre",1],ID["EPSG",8807]]],CS[Cartesian,2],AXIS["(E)",east,ORDER[1]],
  AXIS["(N)",north,ORDER[2]],LENGTHUNIT["metre",1],ID["EPSG",32635]])wkt";

std::string head_of(const fs::path& file, std::size_t bytes) {
  std::string text(bytes, '\0');
  std::ifstream(file, std::ios::binary).read(text.data(), static_cast<std::streamsize>(bytes));
  return text;
}

// What the type's nodata value is in these tests: at an end of its range, NaN in floats.
double nodata_for(SampleType type) {
  if (!is_integer(type)) return std::numeric_limits<double>::quiet_NaN();
  return range_of(type).lowest < 0 ? -100 : 255;
}

void check_same_info(const RasterInfo& found, const RasterInfo& written) {
  CHECK(found.rows == written.rows);
  CHECK(found.cols == written.cols);
  CHECK(found.type == written.type);
  CHECK(found.transform == written.transform);
  CHECK(found.significant_bits == written.significant_bits);
  REQUIRE(found.bands.size() == written.bands.size());
  for (std::size_t i = 0; i < found.bands.size(); ++i) {
    const RasterBand& a = found.bands[i];
    const RasterBand& b = written.bands[i];
    CHECK(a.name == b.name);
    CHECK(a.scale == b.scale);
    CHECK(a.offset == b.offset);
    CHECK(a.unit == b.unit);
    REQUIRE(a.nodata.has_value() == b.nodata.has_value());
    if (b.nodata) CHECK((*a.nodata == *b.nodata || (std::isnan(*a.nodata) && std::isnan(*b.nodata))));
  }
}

TEST_CASE("raster: types and what they hold") {
  for (const SampleType type : kTypes) {
    CHECK(sample_type(name_of(type)) == type);
    CHECK(sample_type(gdal_name_of(type)) == type);
    CHECK(holds(type, 100));
    CHECK(holds(type, std::numeric_limits<double>::quiet_NaN()) == !is_integer(type));
    CHECK(holds(type, 0.5) == !is_integer(type));
    CHECK(holds(type, range_of(type).lowest));
  }
  CHECK_FALSE(sample_type("CInt16").has_value());
  CHECK_FALSE(holds(SampleType::u16, -9999));
  CHECK(holds(SampleType::i16, -9999));
  CHECK(holds(SampleType::u16, 65535));
  CHECK_FALSE(holds(SampleType::u16, 65536));
  CHECK_FALSE(holds(SampleType::i64, 9223372036854775808.0));
  CHECK_FALSE(holds(SampleType::f32, 1e300));
  CHECK(std::isinf(as_sample(-1e300)));
}

TEST_CASE("raster: every type there and back, with nodata, in every compression and layout") {
  if (!has_rasters()) return;
  const TempFolder folder;
  for (const SampleType type : kTypes) {
    for (const Compression compression : {Compression::none, Compression::deflate, Compression::zstd, Compression::lzw}) {
      for (const Layout layout : {Layout::tiled, Layout::cog}) {
        INFO(name_of(type), " ", static_cast<int>(compression), " ", static_cast<int>(layout));
        RasterInfo info = raster_info(type, 300, 333, 3);
        for (RasterBand& band : info.bands) band.nodata = nodata_for(type);
        RasterFormat format;
        format.layout = layout;
        format.compression = compression;
        format.block = 128;
        write_raster(folder / "a.tif", info, format, 100);  // windows that are no blocks
        const auto reader = open_raster(folder / "a.tif");
        check_same_info(reader->info(), info);
        CHECK(reader->info().format == "GTiff");
        CHECK(reader->info().block_rows == 128);
        CHECK(reader->info().compression.empty() == (compression == Compression::none));
        CHECK(reader->info().cog == (layout == Layout::cog));
        CHECK(reader->info().overviews == (layout == Layout::cog ? 2 : 0));
        CHECK_FALSE(reader->info().has_mask);
        const Window window{37, 90, 200, 201};
        CHECK(read_window(*reader, whole(info)) == raster_pixels(info, whole(info)));
        CHECK(read_window(*reader, window) == raster_pixels(info, window));
        CHECK(folder.entries() == 1);
      }
    }
  }
}

TEST_CASE("raster: the ends of each range and values that are not numbers") {
  if (!has_rasters()) return;
  const TempFolder folder;
  for (const SampleType type : kTypes) {
    INFO(name_of(type));
    const RasterInfo info = raster_info(type, 1, 4, 1);
    const SampleRange range = range_of(type);
    const bool integer = is_integer(type);
    const std::vector<float> samples = {as_sample(range.lowest), as_sample(range.highest), 1,
                                        integer ? 0 : std::numeric_limits<float>::quiet_NaN()};
    const auto writer = create_raster(folder / "a.tif", info);
    writer->write(whole(info), samples);
    writer->finish();
    const std::vector<float> found = read_window(*open_raster(folder / "a.tif"), whole(info));
    CHECK(std::equal(found.begin(), found.begin() + 3, samples.begin()));
    CHECK((integer ? found[3] == 0 : std::isnan(found[3])));
  }
}

TEST_CASE("raster: names, colours, units, metadata, CRS and transform are carried over") {
  if (!has_rasters()) return;
  const TempFolder folder;
  for (const Layout layout : {Layout::tiled, Layout::cog}) {
    INFO(static_cast<int>(layout));
    RasterInfo info = raster_info(SampleType::u16, 40, 50, 4);
    info.crs = kUtm35;
    info.metadata = {{"SENSOR", "QB02"}, {"AREA_OR_POINT", "Point"}, {"TIFFTAG_COPYRIGHT", "nobody"}};
    const std::array<const char*, 4> colours = {"Blue", "Green", "Red", "Undefined"};
    const std::array<const char*, 4> names = {"B", "G", "R", "NIR"};
    for (std::size_t i = 0; i < 4; ++i) {
      info.bands[i].name = names[i];
      info.bands[i].colour = colours[i];
      info.bands[i].scale = 0.0001;
      info.bands[i].offset = -0.1;
      info.bands[i].unit = "reflectance";
      info.bands[i].metadata = {{"WAVELENGTH", std::to_string(480 + 80 * i)}, {"STATISTICS_MEAN", "1"}};
    }
    RasterFormat format;
    format.layout = layout;
    format.block = 128;
    write_raster(folder / "a.tif", info, format);
    const auto reader = open_raster(folder / "a.tif");
    check_same_info(reader->info(), info);
    CHECK(crs_name(reader->info().crs) == "EPSG:32635");
    CHECK(same_crs(reader->info().crs, kUtm35));
    for (const auto& [key, value] : info.metadata) CHECK(reader->info().metadata.at(key) == value);
    for (std::size_t i = 0; i < 4; ++i) {
      const RasterBand& band = reader->info().bands[i];
      CHECK(band.colour == colours[i]);
      CHECK(band.metadata.at("WAVELENGTH") == info.bands[i].metadata.at("WAVELENGTH"));
      CHECK(band.metadata.count("STATISTICS_MEAN") == 0);  // of other samples
    }
    CHECK(folder.entries() == 1);
  }
}

TEST_CASE("raster: four bands of bytes are four bands, and a picture is a picture") {
  if (!has_rasters()) return;
  const TempFolder folder;
  RasterInfo info = raster_info(SampleType::u8, 20, 20, 4);
  write_raster(folder / "a.tif", info);
  CHECK(open_raster(folder / "a.tif")->info().bands.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) info.bands[i].colour = std::array{"Red", "Green", "Blue"}[i];
  info.bands[3].colour = "Undefined";
  write_raster(folder / "a.tif", info);
  const auto reader = open_raster(folder / "a.tif");
  REQUIRE(reader->info().bands.size() == 4);
  CHECK(reader->info().bands[0].colour == "Red");
  CHECK(reader->info().bands[3].colour == "Undefined");
}

TEST_CASE("raster: significant bits are kept") {
  if (!has_rasters()) return;
  const TempFolder folder;
  for (const Layout layout : {Layout::tiled, Layout::cog}) {
    RasterInfo info = raster_info(SampleType::u16, 140, 150, 2);
    info.significant_bits = 11;
    CHECK(range_of(info).highest == 2047);
    RasterFormat format;
    format.layout = layout;
    write_raster(folder / "a.tif", info, format);
    const auto reader = open_raster(folder / "a.tif");
    check_same_info(reader->info(), info);
    CHECK(read_window(*reader, whole(info)) == raster_pixels(info, whole(info)));
  }
}

TEST_CASE("raster: overviews and BigTIFF") {
  if (!has_rasters()) return;
  const TempFolder folder;
  RasterFormat format;
  format.overviews = true;
  format.block = 256;
  const RasterInfo info = raster_info(SampleType::u16, 700, 1100, 2);
  write_raster(folder / "a.tif", info, format);
  const auto reader = open_raster(folder / "a.tif");
  CHECK(reader->info().overviews == 3);  // 550, 275, 138
  CHECK(read_window(*reader, whole(info)) == raster_pixels(info, whole(info)));
  CHECK(head_of(folder / "a.tif", 4) == std::string("II*\0", 4));

  const RasterInfo large = raster_info(SampleType::u8, 50000, 50000, 1);
  create_raster(folder / "large.tif", large)->finish();
  CHECK(head_of(folder / "large.tif", 4) == std::string("II+\0", 4));
  CHECK(fs::file_size(folder / "large.tif") < 100 << 20);
}

TEST_CASE("raster: what was never written is nodata, or 0 without one") {
  if (!has_rasters()) return;
  const TempFolder folder;
  for (const Layout layout : {Layout::tiled, Layout::cog}) {
    for (const bool named : {true, false}) {
      RasterInfo info = raster_info(SampleType::i16, 600, 600, 1);
      if (named) info.bands[0].nodata = -9999;
      RasterFormat format;
      format.layout = layout;
      format.block = 256;
      const auto writer = create_raster(folder / "a.tif", info, format);
      const Window window{10, 20, 30, 40};
      writer->write(window, raster_pixels(info, window));
      writer->finish();
      const auto reader = open_raster(folder / "a.tif");
      CHECK(read_window(*reader, window) == raster_pixels(info, window));
      for (const Window& other : {Window{9, 20, 1, 1}, Window{599, 599, 1, 1}}) {
        CHECK(read_window(*reader, other)[0] == (named ? -9999.0F : 0.0F));
      }
    }
  }
}

TEST_CASE("raster: several files are one raster, of the type that holds all") {
  if (!has_rasters()) return;
  const TempFolder folder;
  const RasterInfo first = raster_info(SampleType::u8, 30, 40, 2);
  const RasterInfo second = raster_info(SampleType::i16, 30, 40, 1);
  write_raster(folder / "a.tif", first);
  write_raster(folder / "b.tif", second);
  const std::array<fs::path, 2> files = {folder / "a.tif", folder / "b.tif"};
  const auto reader = open_raster(files);
  CHECK(reader->info().type == SampleType::i16);
  CHECK(reader->info().bands.size() == 3);
  CHECK(contains(reader->info().name, "b.tif"));
  const std::vector<float> found = read_window(*reader, whole(first));
  for (std::int64_t row = 0; row < 30; ++row) {
    for (std::int64_t col = 0; col < 40; ++col) {
      const auto at = static_cast<std::size_t>((row * 40 + col) * 3);
      REQUIRE(found[at] == raster_value(SampleType::u8, row, col, 0));
      REQUIRE(found[at + 1] == raster_value(SampleType::u8, row, col, 1));
      REQUIRE(found[at + 2] == raster_value(SampleType::i16, row, col, 0));
    }
  }
}

// A folder with data.tif, two bands of u8, and mask.tif, which is 0 in its first ten columns.
class Masked {
 public:
  Masked() {
    write_raster(folder_ / "data.tif", raster_info(SampleType::u8, 20, 30, 2));
    const RasterInfo info = raster_info(SampleType::u8, 20, 30, 1);
    std::vector<float> samples(600, 255);
    for (std::size_t i = 0; i < 600; ++i) samples[i] = i % 30 < 10 ? 0.0F : 255.0F;
    const auto writer = create_raster(folder_ / "mask.tif", info);
    writer->write(whole(info), samples);
    writer->finish();
  }
  fs::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempFolder folder_;
};

void check_masked(const fs::path& file) {
  const auto reader = open_raster(file);
  CHECK(reader->info().has_mask);
  CHECK(reader->info().bands.size() == 2);
  const Window window{3, 5, 4, 20};
  const std::vector<std::uint8_t> mask = read_mask(*reader, window);
  for (std::size_t i = 0; i < mask.size(); ++i) REQUIRE(mask[i] == (i % 20 >= 5 ? 1 : 0));
  CHECK(read_window(*reader, window) == raster_pixels(raster_info(SampleType::u8, 20, 30, 2), window));
}

TEST_CASE("raster: masks of the data set, alpha bands and masks of bands") {
  if (!has_rasters()) return;
  const Masked folder;
  const std::string bands = vrt_band(1, "Byte", "data.tif", 1) + vrt_band(2, "Byte", "data.tif", 2);
  const std::string mask = vrt_band(0, "Byte", "mask.tif", 1);
  const std::string anonymous = "<VRTRasterBand dataType=\"Byte\">" + mask.substr(mask.find('>') + 1);
  const std::string place = "<GeoTransform>500000, 2, 0, 4400000, 0, -2</GeoTransform>";
  write_text_file(folder / "mask.vrt", vrt(20, 30, place + bands + "<MaskBand>" + anonymous + "</MaskBand>"));
  check_masked(folder / "mask.vrt");
  write_text_file(folder / "alpha.vrt",
                  vrt(20, 30, bands + vrt_band(3, "Byte", "mask.tif", 1, "<ColorInterp>Alpha</ColorInterp>")));
  check_masked(folder / "alpha.vrt");
  // The alpha band in front.
  write_text_file(folder / "front.vrt", vrt(20, 30,
                                            vrt_band(1, "Byte", "mask.tif", 1, "<ColorInterp>Alpha</ColorInterp>") +
                                                vrt_band(2, "Byte", "data.tif", 1) + vrt_band(3, "Byte", "data.tif", 2)));
  check_masked(folder / "front.vrt");
  write_text_file(folder / "each.vrt", vrt(20, 30,
                                           vrt_band(1, "Byte", "data.tif", 1, "<MaskBand>" + anonymous + "</MaskBand>") +
                                               vrt_band(2, "Byte", "data.tif", 2)));
  check_masked(folder / "each.vrt");
  // Two files, one with a mask.
  const std::array<fs::path, 2> files = {folder / "data.tif", folder / "mask.vrt"};
  const auto reader = open_raster(files);
  CHECK(reader->info().has_mask);
  CHECK(read_mask(*reader, {0, 9, 1, 2}) == std::vector<std::uint8_t>{0, 1});
}

TEST_CASE("raster: without a mask all pixels are valid, whatever the nodata value") {
  if (!has_rasters()) return;
  const TempFolder folder;
  RasterInfo info = raster_info(SampleType::u8, 20, 30, 1);
  info.bands[0].nodata = 7;
  write_raster(folder / "a.tif", info);
  const auto reader = open_raster(folder / "a.tif");
  CHECK_FALSE(reader->info().has_mask);
  CHECK(read_mask(*reader, whole(info)) == std::vector<std::uint8_t>(600, 1));
}

TEST_CASE("raster: rotation, control points and no transform at all") {
  if (!has_rasters()) return;
  const TempFolder folder;
  RasterInfo info = raster_info(SampleType::u8, 20, 30, 1);
  info.transform.reset();
  write_raster(folder / "a.tif", info);
  const auto plain = open_raster(folder / "a.tif");
  CHECK_FALSE(plain->info().transform.has_value());
  CHECK_FALSE(plain->info().rotated);
  const auto opened = [&](const std::string& place) {
    write_text_file(folder / "a.vrt", vrt(20, 30, place + vrt_band(1, "Byte", "a.tif", 1)));
    return open_raster(folder / "a.vrt")->info();
  };
  const RasterInfo rotated = opened("<GeoTransform>500000, 2, 0.5, 4400000, 0.5, -2</GeoTransform>");
  CHECK(rotated.rotated);
  CHECK_FALSE(rotated.transform.has_value());
  const RasterInfo rounded = opened("<GeoTransform>500000, 2, 1e-17, 4400000, -1e-17, -2</GeoTransform>");
  CHECK_FALSE(rounded.rotated);
  CHECK(rounded.transform == GeoTransform{500000, 4400000, 2, -2});
  CHECK(opened(R"(<GCPList><GCP Id="1" Pixel="0" Line="0" X="1" Y="1"/></GCPList>)").rotated);
}

TEST_CASE("raster: names of reference systems") {
  if (!has_rasters()) return;
  CHECK(crs_name("").empty());
  CHECK(same_crs("", ""));
  CHECK_FALSE(same_crs("", kUtm35));
  CHECK(crs_name(R"(LOCAL_CS["site grid",UNIT["metre",1]])") == "site grid");
  CHECK_FALSE(same_crs(R"(LOCAL_CS["site grid",UNIT["metre",1]])", kUtm35));
  CHECK(contains(raster_library(), "GDAL "));
}

}  // namespace
}  // namespace cf::test

// cfrun fuse on what cannot be fused: exit code 2, a message that says what to do, nothing written.
#include <fstream>

#include "framework/io/files.h"
#include "tests/harness/small_disk.h"
#include "tests/system/scene_files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

Arguments fuse_with(const Arguments& more) {
  Arguments words = {"fuse", "--pan", "pan.tif", "--ms", "ms.tif", "-o", "out.tif"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}
const Arguments kExp = {"--method", "exp"};
Arguments network(const Arguments& more = {}) {
  Arguments words = {"--checkpoint", some_checkpoint().string()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void refused(const Workplace& place, const Arguments& more, const std::vector<std::string>& parts) {
  check_refused(place.run(fuse_with(more)), parts);
  for (const std::string& name : place.names()) CHECK_MESSAGE(!name.starts_with("out.tif"), name);
}

TEST_CASE("fuse refuses: files that are no rasters, or no longer whole") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  check_refused(place.run({"fuse", "--pan", "none.tif", "--ms", "ms.tif", "-o", "out.tif", "--method", "exp"}),
                {"none.tif: no such file"});
  check_refused(place.run({"fuse", "--pan", "pan.tif", "--ms", "small.json", "-o", "out.tif", "--method", "exp"}),
                {"small.json"});
  std::filesystem::resize_file(place / "ms.tif", std::filesystem::file_size(place / "ms.tif") * 2 / 3);
  refused(place, kExp, {"ms.tif"});
}

TEST_CASE("fuse refuses: a corrupt block in the middle, and says where") {
  if (!has_gdal()) return;
  const Workplace place;
  const SceneSpec spec = {.rows = 1024, .cols = 1024};
  write_scene(place.path(), spec);
  const Image pan = read_image(place / "pan.tif");
  write_raster(place / "pan.tif", scene_info(spec, true), [&](auto y, auto x, auto) { return pan.at(y, x, 0); }, {.block = 128});
  std::fstream file(place / "pan.tif", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(place / "pan.tif") / 2));
  for (int i = 0; i < 4000; ++i) file.put('\x5a');
  file.close();
  refused(place, {"--method", "brovey"}, {"pan.tif", "band 1", "rows "});
  refused(place, network({"--tile", "256"}), {"pan.tif", "band 1", "rows "});
}

TEST_CASE("fuse refuses: rasters without a place, or in different ones") {
  if (!has_gdal()) return;
  const Workplace place;
  const SceneSpec spec;
  write_scene(place.path(), spec);
  const auto ms_with = [&](auto&& change) {
    RasterInfo info = scene_info(spec, false);
    change(info);
    write_raster(place / "ms.tif", info, [](auto y, auto x, auto b) { return static_cast<float>(500 + 3 * y + x + b); });
  };
  ms_with([](RasterInfo& info) { info.transform.reset(); });
  refused(place, kExp, {"ms.tif", "no geotransform", "gdal_edit.py -a_ullr"});
  ms_with([](RasterInfo& info) { info.transform->origin_x += 5000; });
  refused(place, kExp, {"do not overlap", "ms.tif"});
  ms_with([](RasterInfo& info) { info.crs = utm(36); });
  refused(place, kExp, {"EPSG:32636", "EPSG:32635", "gdalwarp -t_srs EPSG:32635"});
  ms_with([](RasterInfo& info) { info.crs.clear(); });
  refused(place, kExp, {"no CRS", "gdal_edit.py -a_srs EPSG:32635"});
  ms_with([](RasterInfo& info) { info.transform->step_x = 1.73; });
  refused(place, kExp, {"not within 1 %", "--force"});
  check_outcome(place.run(fuse_with({"--method", "exp", "--force"})), 0, {});
  std::filesystem::remove(place / "out.tif");
  ms_with([](RasterInfo& info) { info.transform = GeoTransform{500000, 4500000, 0.25, -0.25}; });
  refused(place, kExp, {"MS is finer than PAN", "swapped"});

  ms_with([](RasterInfo&) {});
  write_file(
      place / "turned.vrt",
      "<VRTDataset rasterXSize=\"160\" rasterYSize=\"128\"><GeoTransform>500000, 0.4, 0.3, 4500000, 0.3, -0.4</GeoTransform>"
      "<VRTRasterBand dataType=\"UInt16\" band=\"1\"><SimpleSource><SourceFilename relativeToVRT=\"1\">pan.tif"
      "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>");
  check_refused(place.run({"fuse", "--pan", "turned.vrt", "--ms", "ms.tif", "-o", "out.tif", "--method", "exp"}),
                {"turned.vrt", "rotated", "gdalwarp"});
}

TEST_CASE("fuse refuses: MS files that do not go together") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  RasterInfo info = scene_info({}, false);
  info.rows -= 1;
  write_raster(place / "other.tif", info, [](auto, auto, auto) { return 500.0F; });
  check_refused(place.run({"fuse", "--pan", "pan.tif", "--ms", "ms.tif", "other.tif", "-o", "out.tif", "--method", "exp"}),
                {"ms.tif", "other.tif", "pixels"});
}

TEST_CASE("fuse refuses: what the network was not trained for") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.bands = 3});
  refused(place, network(), {"ms.tif: 3 bands, the checkpoint was trained on 4", "--bands"});
  check_refused(
      place.run({"fuse", "--pan", "ms.tif", "--ms", "pan.tif", "-o", "out.tif", "--checkpoint", some_checkpoint().string()}),
      {"PAN has 3 bands, the checkpoint was trained on 1", "swapped"});
  check_refused(place.run({"fuse", "--pan", "ms.tif", "--ms", "pan.tif", "-o", "out.tif", "--method", "exp"}),
                {"PAN has 3 bands"});
  write_scene(place.path(), {.ratio = 2});
  refused(place, network(), {"the scene's ratio is 2", "trained for 4", "--force"});
  check_outcome(place.run(fuse_with(network({"--force"}))), 0, {"trained for 4"});
  std::filesystem::remove(place / "out.tif");
  refused(place, network({"--bands", "1,2,3,5"}), {"no band 5"});
  // Values that the scale cannot belong to.
  write_scene(place.path(), {.full = 12});
  refused(place, network(), {"all values are tiny beside the scale 2047", "--bit-depth auto"});
  write_scene(place.path(), {.full = 60000});
  refused(place, network(), {"most values are above the scale 2047", "--scale 65535"});
  check_outcome(place.run(fuse_with(network({"--force"}))), 0, {"most values are above"});
  std::filesystem::remove(place / "out.tif");
  check_outcome(place.run(fuse_with(network({"--bit-depth", "16"}))), 0, {});
}

TEST_CASE("fuse refuses: options that make no sense") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  refused(place, {}, {"--checkpoint", "--method", "mtf-glp-fs"});
  refused(place, {"--method", "magic"}, {"--method magic", "brovey"});
  refused(place, {"--method", "cf2n"}, {"cf2n", "needs --checkpoint"});
  refused(place, network({"--method", "ssdiff"}), {"--method ssdiff", "holds the network cf2n"});
  refused(place, network({"--method", "gsa"}), {"gsa is no network"});
  refused(place, {"--method", "mtf-glp-fs", "--sensor", "hubble"}, {"hubble", "WV3"});
  refused(place, network({"--sensor", "wv3"}), {"--sensor wv3"});
  refused(place, {"--method", "gsa", "--weights", "1,2"}, {"--weights", "Brovey"});
  refused(place, {"--method", "brovey", "--weights", "1,2"}, {"weights"});
  refused(place, network({"--bit-depth", "9"}), {"--bit-depth 9", "auto"});
  refused(place, network({"--bit-depth", "11", "--scale", "5"}), {"leave one out"});
  refused(place, network({"--scale", "-5"}), {"--scale -5"});
  refused(place, {"--method", "exp", "--type", "u7"}, {"--type u7"});
  refused(place, {"--method", "exp", "--max-memory", "lots"}, {"--max-memory lots"});
  refused(place, network({"--max-memory", "1M"}), {"--max-memory", "MiB"});
  check_refused(place.run({"fuse", "--pan", "pan.tif", "--ms", "ms.tif", "-o", "out.tif", "--checkpoint", "none.cfk"}),
                {"none.cfk"});
  check_refused(place.run({"fuse", "--pan", "pan.tif", "--ms", "ms.tif", "-o", "out.tif", "--checkpoint", "pan.tif"}),
                {"pan.tif"});
}

TEST_CASE("fuse refuses: outputs that are inputs") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {});
  const std::string before = read_text(place / "pan.tif");
  const auto onto = [&](const std::string& name) {
    return place.run({"fuse", "--pan", "pan.tif", "--ms", "ms.tif", "-o", name, "--method", "exp"});
  };
  check_refused(onto("pan.tif"), {"pan.tif: is read"});
  check_refused(onto("./ms.tif"), {"ms.tif: is read"});
  std::filesystem::create_symlink("pan.tif", place / "link.tif");
  check_refused(onto("link.tif"), {"link.tif: is read"});
  check_refused(place.run(fuse_with({"--method", "exp", "--json", "pan.tif"})), {"pan.tif: is read"});
  CHECK(read_text(place / "pan.tif") == before);
}

TEST_CASE("fuse refuses: folders that are missing, read-only or full") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 512});
  const auto into = [&](const std::string& name, const RunOptions& options = {}) {
    return place.run({"fuse", "--pan", "pan.tif", "--ms", "ms.tif", "-o", name, "--method", "exp", "--compress", "none"},
                     options);
  };
  check_refused(into("missing/out.tif"), {"missing/out.tif"});
  write_file(place / "out.tif", "what stood there");
  check_refused(into("out.tif", {.file_limit = 500000}), {"out.tif"});
  CHECK(read_text(place / "out.tif") == "what stood there");
  CHECK(place.names() == std::vector<std::string>{"ms.tif", "out.tif", "pan.tif", "small.json", "train.h5"});
  // A network's parts stay for --resume, if there is room for any.
  Arguments words = fuse_with(network({"--compress", "none", "--tile", "64"}));
  check_refused(place.run(words, {.file_limit = 500000}), {"out.tif"});
  CHECK(read_text(place / "out.tif") == "what stood there");
  words.push_back("--resume");
  check_outcome(place.run(words), 0, {"tiles are there"});
  CHECK(read_image(place / "out.tif").rows == 512);

  const SmallDisk disk(place / "disk", "size=600000");
  if (!disk.mounted()) return;
  check_refused(into("disk/out.tif"), {"disk/out.tif"});
  CHECK(std::filesystem::is_empty(place / "disk"));
  disk.make_read_only();
  check_refused(into("disk/out.tif"), {"disk/out.tif", "Read-only"});
}

}  // namespace
}  // namespace cf::test

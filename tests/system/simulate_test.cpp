// cfrun simulate: from two rasters to sets that train, test and info take, and what it refuses.
#include "framework/io/files.h"
#include "tests/system/scene_files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

Arguments simulate_with(const Arguments& more = {}) {
  Arguments words = {"simulate", "--pan", "pan.tif", "--ms", "ms.tif", "--sensor", "qb", "--out", "sets"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void refused(const Workplace& place, const Arguments& more, const std::vector<std::string>& parts) {
  check_refused(place.run(simulate_with(more)), parts);
  CHECK(!std::filesystem::exists(place / "sets/train.h5"));
  CHECK(!std::filesystem::exists(place / "sets/cf2n.json"));
}

// Small patches and few of them, so that training takes no time.
const Arguments kSmall = {"--patch", "32", "--overlap", "0"};

Arguments with(Arguments words, const Arguments& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST_CASE("simulate: the sets train, test and describe well") {
  if (!has_gdal()) return;
  for (const SceneSpec& spec :
       {SceneSpec{.rows = 512, .cols = 640},
        SceneSpec{.rows = 256, .cols = 384, .ratio = 2, .bands = 3, .type = SampleType::f32, .shift = 1}}) {
    const Workplace place;
    write_scene(place.path(), spec);
    const Arguments sensor = {"--sensor", spec.bands == 4 ? "qb" : "landsat8", "--scale", "2047"};
    Arguments words = {"simulate", "--pan", "pan.tif", "--ms", "ms.tif", "--out", "sets"};
    const Outcome outcome = place.run(with(with(words, sensor), kSmall));
    check_outcome(outcome, 0, {});
    CHECK(contains(outcome.out, "next: cfrun train sets/cf2n.json"));
    CHECK(place.names("sets") ==
          std::vector<std::string>{"cf2n.json", "manifest.json", "test_full.h5", "test_reduced.h5", "train.h5", "valid.h5"});
    for (const std::string name : {"train.h5", "valid.h5", "test_reduced.h5", "test_full.h5"}) {
      CAPTURE(name);
      const Outcome info = place.run({"info", "sets/" + name, "--scale", "2047"});
      check_outcome(info, 0, {});
      CHECK_MESSAGE(!contains(info.out, "warning"), info.out);
    }
    const ordered_json manifest = read_json(place / "sets/manifest.json");
    CHECK(manifest.at("ratio") == spec.ratio);
    CHECK(manifest.at("train").at("windows").size() == manifest.at("train").at("samples"));
    CHECK(manifest.at("pan").at("files").at(0).at("xxh3").get<std::string>().size() == 16);
    CHECK(manifest.at("type").get<std::string>().starts_with(spec.type == SampleType::f32 ? "float32" : "uint16"));
    const Arguments small_net = {"--set", "model.cf2n.channels=4", "--set", "model.cf2n.stages=1",
                                 "--set", "train.max_steps=2",     "--set", "schedule.warmup_steps=0"};
    check_outcome(place.run(with({"train", "sets/cf2n.json", "--out", "run"}, small_net)), 0, {});
    const Outcome test = place.run({"test", "--checkpoint", "run/last.cfk", "--out", "tested", "--no-pictures", "--baselines"});
    check_outcome(test, 0, {});
    for (const std::string name : {"EXP", "Brovey", "GSA", "BT-H", "MTF-GLP-FS", "HQNR", "ERGAS"})
      CHECK(contains(test.out, name));
    const ordered_json reduced = read_json(place / "tested/test_reduced/metrics.json");
    CHECK(reduced.at("GSA").at("mean").at("ERGAS") < reduced.at("EXP").at("mean").at("ERGAS"));
    CHECK(read_json(place / "tested/test_full/metrics.json").at("MTF-GLP-FS").at("mean").at("HQNR").is_number());
  }
}

TEST_CASE("simulate: the same seed gives the same bytes") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 640});
  check_outcome(place.run(simulate_with(kSmall)), 0, {});
  const std::string first = read_text(place / "sets/train.h5");
  check_outcome(place.run(simulate_with(with(kSmall, {"--threads", "2"}))), 0, {});
  CHECK(read_text(place / "sets/train.h5") == first);
}

TEST_CASE("simulate: pixels without data are in no patch, and counted") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 640, .nodata = 0, .holes = true});
  const Outcome outcome = place.run(simulate_with(kSmall));
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "left out for pixels without data"));
  const ordered_json manifest = read_json(place / "sets/manifest.json");
  CHECK(manifest.at("train").at("skipped") > 0);
  const Outcome info = place.run({"info", "sets/train.h5", "--scale", "2047"});
  CHECK(!contains(info.out, "[0, "));  // no sample holds the nodata value
}

TEST_CASE("simulate refuses: what it cannot read or does not know") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 640});
  check_refused(place.run({"simulate", "--pan", "none.tif", "--ms", "ms.tif", "--sensor", "qb", "--out", "sets"}), {"none.tif"});
  check_refused(place.run({"simulate", "--pan", "pan.tif", "--ms", "small.json", "--sensor", "qb", "--out", "sets"}),
                {"small.json"});
  check_refused(place.run({"simulate", "--pan", "pan.tif", "--ms", "ms.tif", "--sensor", "spot", "--out", "sets"}),
                {"sensor 'spot' is not known"});
  check_refused(place.run({"simulate", "--pan", "pan.tif", "--ms", "ms.tif", "--sensor", "wv3", "--out", "sets"}),
                {"has 8 bands, the image 4"});
  check_refused(place.run({"simulate", "--pan", "ms.tif", "--ms", "pan.tif", "--sensor", "qb", "--out", "sets"}), {"swapped"});
  CHECK(!std::filesystem::exists(place / "sets"));
}

TEST_CASE("simulate refuses: options that make no sense here") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 640});
  refused(place, {"--gnyq", "0.3,0.3"}, {"2 gains for 4 bands"});
  refused(place, {"--gnyq", "1.3"}, {"1.3", "between 0 and 1"});
  refused(place, {"--pan-gnyq", "2"}, {"--pan-gnyq 2"});
  refused(place, {"--ratio", "2"}, {"--ratio 2", "the ratio is 4"});
  refused(place, {"--split", "0.8,0.2"}, {"three"});
  refused(place, {"--split", "0,0.5,0.5"}, {"above 0 for training"});
  refused(place, {"--patch", "34"}, {"multiple of 4"});
  refused(place, {"--patch", "128"}, {"128 x 160 MS pixels", "--patch"});
  refused(place, {"--patch", "32", "--overlap", "32"}, {"overlap of 32"});
  refused(place, {"--patch", "16"}, {"expected 32 or more"});
  refused(place, with(kSmall, {"--scale", "1000000"}), {"1e+06"});
  refused(place, with(kSmall, {"--bit-depth", "8"}), {"255"});
  refused(place, with(kSmall, {"--scale", "2047", "--bit-depth", "11"}), {"leave one out"});
  refused(place, with(kSmall, {"--nodata", "zero"}), {"--nodata zero"});
}

TEST_CASE("simulate refuses: rasters that do not belong together") {
  if (!has_gdal()) return;
  const Workplace place;
  const SceneSpec spec = {.rows = 512, .cols = 640};
  write_scene(place.path(), spec);
  const auto rewrite_ms = [&](auto&& change) {
    RasterInfo info = scene_info(spec, false);
    change(info);
    write_raster(place / "ms.tif", info, [](auto y, auto x, auto) { return static_cast<float>(500 + (x + y) % 100); });
  };
  rewrite_ms([](RasterInfo& info) { info.transform->origin_x += 1e6; });
  refused(place, kSmall, {"do not overlap"});
  rewrite_ms([](RasterInfo& info) { info.crs = utm(36); });
  refused(place, kSmall, {"gdalwarp", "EPSG:32635"});
  rewrite_ms([](RasterInfo& info) { info.transform->step_x *= 1.1; });
  refused(place, kSmall, {"whole number"});
  rewrite_ms([](RasterInfo& info) { info.transform.reset(); });
  refused(place, kSmall, {"no geotransform"});
}

TEST_CASE("simulate: a folder that cannot be made, a disk that is full") {
  if (!has_gdal()) return;
  const Workplace place;
  write_scene(place.path(), {.rows = 512, .cols = 640});
  write_file(place / "sets", "in the way");
  check_refused(place.run(simulate_with(kSmall)), {"sets"});
  std::filesystem::remove(place / "sets");
  const Outcome full = place.run(simulate_with(kSmall), {.file_limit = 100000});
  check_refused(full, {"sets/train.h5"});
  CHECK(place.names("sets").empty());
}

}  // namespace
}  // namespace cf::test

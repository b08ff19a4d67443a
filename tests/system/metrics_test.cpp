// cfrun metrics: rasters against a reference, and against their PAN and MS.
#include "framework/io/files.h"
#include "tests/system/scene_files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

// A scene, what EXP and GSA make of it, and a reference that differs from it by one.
class MeasuredScene {
 public:
  explicit MeasuredScene(const SceneSpec& spec = {.rows = 256, .cols = 320}) {
    write_scene(place.path(), spec);
    for (const std::string method : {"exp", "gsa"}) {
      const Outcome outcome =
          place.run({"fuse", "--method", method, "--pan", "pan.tif", "--ms", "ms.tif", "-o", method + ".tif"});
      check(outcome.code == 0, "fusing failed: {}", outcome.err);
    }
    const auto fused = open_raster(place / "gsa.tif");
    const Image image = read_image(place / "gsa.tif");
    write_raster(place / "reference.tif", fused->info(), [&](auto y, auto x, auto b) { return image.at(y, x, b) + 1; });
  }
  Outcome metrics(const std::string& fused, const Arguments& more) const {
    Arguments words = {"metrics", fused};
    words.insert(words.end(), more.begin(), more.end());
    return place.run(words);
  }

  Workplace place;
};

const Arguments kScene = {"--pan", "pan.tif", "--ms", "ms.tif", "--sensor", "qb"};

TEST_CASE("metrics: against a reference") {
  if (!has_gdal()) return;
  const MeasuredScene scene;
  const Outcome outcome =
      scene.metrics("gsa.tif", {"--reference", "reference.tif", "--bit-depth", "11", "--json", "figures.json"});
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "conventions: metrics=toolbox"));
  const ordered_json figures = read_json(scene.place / "figures.json");
  CHECK(figures.at("metrics").at("RMSE") == 1.0);
  CHECK(figures.at("metrics").at("PSNR_pool") == doctest::Approx(20 * std::log10(2047)));
  CHECK(figures.at("pixels") == 256 * 320);
  // Tiles do not matter.
  check_outcome(
      scene.metrics("gsa.tif", {"--reference", "reference.tif", "--bit-depth", "11", "--tile", "64", "--json", "tiles.json"}), 0,
      {});
  for (const auto& [name, value] : figures.at("metrics").items()) {
    CHECK(read_json(scene.place / "tiles.json").at("metrics").at(name).get<double>() ==
          doctest::Approx(value.get<double>()).epsilon(1e-9));
  }
}

TEST_CASE("metrics: against PAN and MS, by what is known of EXP") {
  if (!has_gdal()) return;
  const MeasuredScene scene({.rows = 256, .cols = 320, .shift = 1});
  const auto figures_of = [&](const std::string& fused, const Arguments& more) {
    Arguments words = kScene;
    words.insert(words.end(), {"--json", "figures.json"});
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = scene.metrics(fused, words);
    check_outcome(outcome, 0, {});
    CHECK(contains(outcome.out, "D_lambda_K"));
    CHECK(contains(outcome.out, more.empty() ? "phase=centred" : "phase=toolbox"));
    return read_json(scene.place / "figures.json").at("metrics");
  };
  // EXP is LMS itself, rounded: no spectral distortion, where LMS is put as it was for fusing.
  const ordered_json exp = figures_of("exp.tif", {});
  CHECK(exp.at("D_lambda") < 1e-3);
  CHECK(exp.at("D_s") > 0.01);
  const ordered_json gsa = figures_of("gsa.tif", {});
  CHECK(gsa.at("D_lambda") > 2 * exp.at("D_lambda").get<double>());
  const double hqnr = (1 - gsa.at("D_lambda_K").get<double>()) * (1 - gsa.at("D_s").get<double>());
  CHECK(gsa.at("HQNR").get<double>() == doctest::Approx(hqnr));
  CHECK(figures_of("exp.tif", {"--phase", "toolbox"}).at("D_lambda") > exp.at("D_lambda"));
}

TEST_CASE("metrics: pixels without data are left out and counted") {
  if (!has_gdal()) return;
  const MeasuredScene scene({.rows = 256, .cols = 320, .nodata = 0, .holes = true});
  const Outcome outcome = scene.metrics("exp.tif", kScene);
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "pixels without data left out"));
}

TEST_CASE("metrics refuses what cannot be compared") {
  if (!has_gdal()) return;
  const MeasuredScene scene;
  check_refused(scene.metrics("none.tif", {"--reference", "reference.tif"}), {"none.tif"});
  check_refused(scene.metrics("gsa.tif", {}), {"--reference", "--pan"});
  check_refused(scene.metrics("gsa.tif", {"--pan", "pan.tif"}), {"--ms is missing"});
  check_refused(scene.metrics("gsa.tif", {"--reference", "reference.tif", "--pan", "pan.tif", "--ms", "ms.tif"}), {"either"});
  check_refused(scene.metrics("gsa.tif", {"--reference", "pan.tif"}), {"4 bands"});
  check_refused(scene.metrics("ms.tif", {"--pan", "pan.tif", "--ms", "ms.tif", "--sensor", "qb"}),
                {"does not lie on PAN's pixels"});
  check_refused(scene.metrics("gsa.tif", {"--pan", "pan.tif", "--ms", "ms.tif", "--sensor", "wv2"}),
                {"has 8 bands, the image 4"});
  check_refused(scene.metrics("gsa.tif", {"--pan", "pan.tif", "--ms", "ms.tif", "--sensor", "spot"}), {"'spot' is not known"});
  check_refused(scene.metrics("gsa.tif", {"--reference", "reference.tif", "--crop", "200"}), {"crop of 200"});
}

}  // namespace
}  // namespace cf::test

// Hyperspectral sets, and triplets of radar, cloudy and clear images: trained, tested, refused.
#include <fstream>

#include "framework/io/files.h"
#include "tests/data/make_triplets.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

// Configured for a sensor, on its folder.
ordered_json experiment_for(const std::string& sensor, const std::string& train) {
  ordered_json json = small_experiment();
  json["data"] = {{"dir", "."}, {"sensor", sensor}, {"train", train}, {"test", train}};
  return json;
}

// small.json becomes an experiment on train.h5 with `bands` bands of the sensor "hs".
void write_spectral(const Workplace& place, std::int64_t bands) {
  write_set<float>(place / "train.h5", {.samples = 4, .bands = bands, .height = 8, .width = 8});
  ordered_json json = experiment_for("hs", "train.h5");
  json["data"]["bands"] = bands;
  json["data"]["scale"] = 2047;
  write_json(place / "small.json", json);
}

void write_radar_experiment(const Workplace& place) {
  for (const int patch : {30, 31, 32}) write_triplet(place / "set", 1, patch);
  write_json(place / "small.json", experiment_for("sar", "set"));
}

std::vector<std::string> names_of(const ordered_json& metrics) {
  std::vector<std::string> names;
  for (const auto& [name, value] : metrics.items()) names.push_back(name);
  return names;
}

TEST_CASE("many bands: training and test of 102 bands, metrics of hyperspectral sets in their order") {
  const Workplace place;
  write_spectral(place, 102);
  check_outcome(place.train("run", {"train.max_steps=2"}), 0, {});
  check_outcome(place.run({"test", "--checkpoint", "run/last.cfk", "--out", "results"}), 0, {});
  const ordered_json metrics = read_json(place / "results/metrics.json");
  CHECK(names_of(metrics["network"]["mean"]) == std::vector<std::string>{"PSNR", "SAM", "ERGAS", "CC", "SSIM", "Q2n"});
  CHECK(metrics["conventions"].get<std::string>().starts_with("metrics=hyperspectral"));
  CHECK(std::filesystem::exists(place / "results/000_fused.png"));
}

TEST_CASE("many bands: one band, and an odd number, through training and test") {
  for (const std::int64_t bands : {1, 13}) {
    const Workplace place;
    write_spectral(place, bands);
    check_outcome(place.train("run", {"train.max_steps=1"}), 0, {});
    check_outcome(place.run({"test", "--checkpoint", "run/last.cfk", "--out", "results"}), 0, {});
    CHECK(std::filesystem::exists(place / "results/fused.h5"));
  }
}

TEST_CASE("many bands: picture bands by number and by wavelength, and those that are not there") {
  const Workplace place;
  write_spectral(place, 102);
  const auto refused = [&](const Arguments& overrides, const std::vector<std::string>& words) {
    check_refused(place.train("run", overrides), words);
    CHECK(!std::filesystem::exists(place / "run"));
  };
  refused({"data.rgb_nm=[640,550,1600]"}, {"data.rgb_nm", "no band at 1600 nm", "band 102 at 930 nm", "between 430 and 930"});
  refused({"data.rgb=[1,2,103]"}, {"data.rgb", "no band 103", "have 102"});
  refused({"data.rgb=[1,2]"}, {"data.rgb", "expected three"});
  refused({"data.rgb=[1,2,3]", "data.rgb_nm=[640,550,460]"}, {"leave one out"});
  refused({"data.wavelengths=[430,440]"}, {"2 wavelengths for 102 bands"});
  refused({"data.sensor=wdc", "data.bands=102", "data.rgb_nm=[640,550,460]"}, {"no wavelengths are known", "data.wavelengths"});
  check_outcome(place.train("run", {"data.rgb_nm=[640,550,460]", "train.max_steps=1"}), 0, {});
  // The same three bands by number give the same pictures, others do not.
  const auto picture = [&](const std::string& out, const std::string& choice) {
    check_outcome(place.run({"test", "--checkpoint", "run/last.cfk", "--out", out, "--set", "data.rgb_nm=[]", "--set", choice}),
                  0, {});
    return read_text(place / (out + "/000_lms.png"));
  };
  check_outcome(place.run({"test", "--checkpoint", "run/last.cfk", "--out", "by_nm"}), 0, {});
  CHECK(read_text(place / "by_nm/000_lms.png") == picture("by_number", "data.rgb=[43,25,7]"));
  CHECK(read_text(place / "by_nm/000_lms.png") != picture("other", "data.rgb=[102,25,7]"));
}

TEST_CASE("many bands: a set with another number of bands than its preset") {
  const Workplace place;
  write_json(place / "small.json", experiment_for("pavia", "train.h5"));
  check_refused(place.train("run"), {"train.h5 has 4 bands", "asks for 102", "data.sensor", "docs/data.md"});
}

TEST_CASE("many bands: summary estimates the memory of training before it runs") {
  const Workplace place;
  write_spectral(place, 102);
  const Outcome outcome = place.run({"summary", "small.json"});
  check_outcome(outcome, 0, {});
  for (const char* part : {"memory of cfrun train, estimated: batches of 2 patches of 32 x 32", "one step", "training set, held",
                           "together", "memory of fusing 32 x 32"}) {
    CHECK_MESSAGE(contains(outcome.out, part), outcome.out);
  }
  const Outcome absent = place.run({"summary", "small.json", "--set", "data.train=absent.h5"});
  check_outcome(absent, 0, {});
  CHECK(contains(absent.out, "absent.h5 is not there"));
}

TEST_CASE("radar and optical: training, test and metrics inside clouds") {
  if (no_gdal()) return;
  const Workplace place;
  write_radar_experiment(place);
  check_outcome(place.train("run", {"train.max_steps=2"}), 0, {});
  check_outcome(place.run({"test", "--checkpoint", "run/last.cfk", "--out", "results"}), 0, {});
  const ordered_json metrics = read_json(place / "results/metrics.json");
  CHECK(names_of(metrics["EXP"]["mean"]) ==
        std::vector<std::string>{"PSNR", "SAM", "RMSE", "SSIM", "PSNR_cloud", "SAM_cloud", "RMSE_cloud", "SSIM_cloud", "cloudy"});
  CHECK(metrics["network"]["images"].size() == 3);
  const Outcome info = place.run({"info", "set"});
  check_outcome(info, 0, {});
  CHECK(contains(info.out, "3 samples, 13 bands, PAN of 2, ratio 1"));
}

TEST_CASE("radar and optical: faults of a set are refused before anything is written") {
  if (no_gdal()) return;
  const Workplace place;
  write_radar_experiment(place);
  const auto refused = [&](const std::vector<std::string>& words) {
    check_refused(place.train("run"), words);
    CHECK(!std::filesystem::exists(place / "run"));
  };
  std::filesystem::remove(file_of(place / "set", "s2_cloudy", 1, 31));
  refused({"triplet ROIs1158_spring_1_p31 has no s2_cloudy image"});
  write_image(file_of(place / "set", "s2_cloudy", 1, 31), {.origin_x = 400100}, cloudy_value);
  refused({"ROIs1158_spring_1_p31", "the grids differ", "(400100,"});
  write_image(file_of(place / "set", "s2_cloudy", 1, 31), {.bands = 12}, cloudy_value);
  refused({"has 12 bands", "13", "docs/data.md"});
  write_triplet(place / "set", 1, 31);
  write_image(file_of(place / "set", "s1", 1, 31), {.bands = 2, .type = SampleType::f32}, [](auto, auto) { return -9999.0F; });
  refused({"ROIs1158_spring_s1_1_p31.tif", "VV holds -9999", "no backscatter in dB"});
  write_file(file_of(place / "set", "s1", 1, 31), "no image");
  refused({"ROIs1158_spring_s1_1_p31.tif"});
}

}  // namespace
}  // namespace cf::test

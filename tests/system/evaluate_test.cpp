// cfrun test: the names and values that scripts rely on.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "data/mat.h"
#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const SetSpec kImages = {.samples = 2, .height = 16, .width = 16};

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<float> values_in(const std::filesystem::path& file, const char* name, const std::vector<std::int64_t>& shape) {
  const hdf5::Array array = hdf5::File(file).open(name);
  REQUIRE(array.info().shape == shape);
  std::vector<float> values(static_cast<std::size_t>(array.info().numel()));
  array.read<float>(values);
  return values;
}

// A network whose weights are all zero: nothing is added to lms.
void write_idle_checkpoint(const std::filesystem::path& path) {
  Checkpoint checkpoint = read_checkpoint(some_checkpoint());
  for (auto& [name, tensor] : checkpoint.tensors) tensor = Tensor::zeros(tensor.shape(), tensor.dtype());
  write_checkpoint(path, checkpoint);
}

Outcome test_file(const Workplace& place, const std::string& data, const Arguments& more = {}) {
  Arguments arguments = {"test", "--checkpoint", "net.cfk", "--data", data, "--out", "results"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return place.run(arguments);
}

TEST_CASE("test: files and metrics at reduced resolution") {
  const Workplace place;
  write_idle_checkpoint(place / "net.cfk");
  write_set<float>(place / "images.h5", kImages);
  const Outcome outcome = test_file(place, "images.h5");
  check_outcome(outcome, 0, {});
  for (const char* part : {"images.h5: reduced resolution, 2 images", "SAM", "EXP", "conventions: metrics=toolbox"}) {
    CHECK(contains(outcome.out, part));
  }
  const auto names = place.names("results");
  for (const char* name : {"metrics.json", "metrics.csv", "fused.h5", "000_fused.png", "000_lms.png", "000_pan.png", "000_gt.png",
                           "000_error.png", "000_detail.png", "001_fused.png"}) {
    CHECK_MESSAGE(has(names, name), name);
  }
  const ordered_json metrics = read_json(place / "results/metrics.json");
  REQUIRE(metrics.at("network").at("images").size() == 2);
  for (const char* name : {"SAM", "ERGAS", "Q2n", "Q", "SCC", "PSNR_band", "PSNR_pool", "SSIM", "CC", "RMSE"}) {
    CHECK_MESSAGE(metrics["network"]["mean"].contains(name), name);
    CHECK(metrics["EXP"]["std"].contains(name));
  }
  CHECK(metrics.at("conventions").get<std::string>().starts_with("metrics=toolbox"));
  // The mean is that of the images.
  const auto rmse = [&](std::size_t i) { return metrics["network"]["images"][i].at("RMSE").get<double>(); };
  CHECK(metrics["network"]["mean"]["RMSE"].get<double>() == doctest::Approx((rmse(0) + rmse(1)) / 2));
  CHECK(contains(read_text(place / "results/metrics.csv"), "\nimage,method,SAM,ERGAS,Q2n,"));
}

TEST_CASE("test: fused.h5 and .mat hold DN; an idle network gives lms back") {
  const Workplace place;
  write_idle_checkpoint(place / "net.cfk");
  write_set<float>(place / "images.h5", kImages);
  check_outcome(test_file(place, "images.h5", {"--no-pictures"}), 0, {});
  const auto fused = values_in(place / "results/fused.h5", "sr", {2, 4, 64, 64});
  const auto lms = values_in(place / "images.h5", "lms", {2, 4, 64, 64});
  float largest = 0;
  for (std::size_t i = 0; i < lms.size(); ++i) largest = std::max(largest, std::abs(fused[i] - lms[i]));
  CHECK(largest < 2e-3F);  // f32 of values up to 1450, scaled down and up again
  CHECK(hdf5::File(place / "results/fused.h5").open("sr").info().type == "float32");
  const auto names = place.names("results");
  CHECK(!has(names, "000_fused.png"));
  REQUIRE(has(names, "output_mulExm_1.mat") == mat::has_v5());
  if (!mat::has_v5()) return;
  const mat::Array image = mat::read(place / "results/output_mulExm_1.mat", "sr");
  CHECK(image.shape == std::vector<std::int64_t>{64, 64, 4});
  // Column-major: row 2, column 3, band 1 of image 1.
  CHECK(image.values[2 + 64 * (3 + 64 * 1)] == doctest::Approx(lms[((4 + 1) * 64 + 2) * 64 + 3]));
}

TEST_CASE("test: averaged weights are what is tested") {
  const Workplace place;
  check_outcome(place.train("run", {"train.max_steps=3", "optimizer.ema=0.9", "optimizer.lr=0.05"}), 0, {});
  write_set<float>(place / "images.h5", {.samples = 1, .height = 16, .width = 16});
  Checkpoint plain = read_checkpoint(place / "run/last.cfk");
  std::erase_if(plain.tensors, [](const auto& entry) { return entry.first == "ema.shadow"; });
  write_checkpoint(place / "plain.cfk", plain);
  std::vector<std::string> results;
  for (const std::string checkpoint : {"run/last.cfk", "plain.cfk"}) {
    check_outcome(place.run({"test", "--checkpoint", checkpoint, "--data", "images.h5", "--out", checkpoint + ".out"}), 0, {});
    results.push_back(read_text(place / (checkpoint + ".out/metrics.json")));
  }
  CHECK(results[0] != results[1]);
}

TEST_CASE("test: full resolution, crop, clip, the repository's own metrics") {
  const Workplace place;
  write_idle_checkpoint(place / "net.cfk");
  write_set<float>(place / "full.h5", {.samples = 1, .height = 16, .width = 16, .gt = false});
  write_set<float>(place / "images.h5", kImages);
  check_outcome(test_file(place, "full.h5"), 0, {});
  const ordered_json full = read_json(place / "results/metrics.json");
  for (const char* name : {"D_lambda", "D_s", "QNR", "D_lambda_K", "HQNR"}) CHECK(full["network"]["mean"].contains(name));
  CHECK(full.at("kind") == "full resolution");
  CHECK(!has(place.names("results"), "000_gt.png"));

  const Outcome own = test_file(place, "images.h5", {"--metrics", "cf2n", "--no-pictures"});
  check_outcome(own, 0, {});
  CHECK(contains(own.out, "metrics=cf2n"));
  const Outcome cropped = test_file(place, "images.h5", {"--crop", "8", "--clip", "--no-pictures"});
  check_outcome(cropped, 0, {});
  CHECK(!contains(cropped.out, "crop=none"));
  CHECK(!contains(cropped.out, "clip=none"));
  check_refused(test_file(place, "images.h5", {"--metrics", "mine"}), {"mine"});
}

TEST_CASE("test: the best checkpoint of the newest run and its own files, by default") {
  const Workplace place;
  write_set<float>(place / "valid.h5", {.samples = 1, .height = 16, .width = 16});
  write_set<float>(place / "images.h5", kImages);
  write_set<float>(place / "full.h5", {.samples = 1, .height = 16, .width = 16, .gt = false});
  for (const std::string name : {"older", "newer"}) {
    check_outcome(
        place.run({"train", "small.json", "--out", "runs/" + name, "--set", "train.max_steps=1", "--set", "data.valid=valid.h5",
                   "--set", "train.validate_every=1", "--set", "data.test=images.h5", "--set", "data.test_full=full.h5"}),
        0, {});
  }
  using namespace std::chrono_literals;
  const auto best = place / "runs/older/best.cfk";
  std::filesystem::last_write_time(best, std::filesystem::last_write_time(best) - 1h);
  const Outcome outcome = place.run({"test", "--no-pictures"});
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "runs/newer/best.cfk"));
  CHECK(std::filesystem::exists(place / "runs/newer/test/images/metrics.json"));
  CHECK(std::filesystem::exists(place / "runs/newer/test/full/fused.h5"));
  CHECK(!std::filesystem::exists(place / "runs/older/test"));

  // With --data, files that the configuration names need not be there.
  std::filesystem::rename(place / "images.h5", place / "moved.h5");
  for (const char* name : {"train.h5", "valid.h5", "full.h5"}) std::filesystem::remove(place / name);
  check_outcome(place.run({"test", "--data", "moved.h5", "--no-pictures"}), 0, {});
  CHECK(std::filesystem::exists(place / "runs/newer/test/metrics.json"));
  check_refused(place.run({"test", "--no-pictures"}), {"images.h5 does not exist", "docs/data.md"});
}

TEST_CASE("test: a configuration without test sets asks for one") {
  const Workplace place;
  check_refused(place.run({"test", "--checkpoint", some_checkpoint().string()}), {"data.test", "--data"});
}

}  // namespace
}  // namespace cf::test

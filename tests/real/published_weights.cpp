// A published FusionNet, imported and tested by the program, gives the published figures and the stored image.
//
// The files are expected in ../shared beside the checkout; without them the test is skipped (exit code 77).
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "data/hdf5.h"
#include "framework/io/json.h"
#include "tests/harness/temp_folder.h"
#include "tests/system/program.h"

using namespace cf;

namespace {

constexpr int kSkip = 77;
constexpr double kScale = 2047;
constexpr double kPixels = 1e-5;  // of the scale

struct Figure {
  const char* metric;
  double value;  // of an independent implementation, to four digits
};
constexpr Figure kFigures[] = {{"SAM", 4.1655}, {"ERGAS", 4.6757}, {"Q2n", 0.8848}};

void run(const std::filesystem::path& folder, const test::Arguments& arguments) {
  const test::Outcome outcome = test::run(folder, arguments);
  check(outcome.code == 0, "cfrun {} failed: {}", arguments[0], outcome.err);
}

std::vector<double> images(const std::filesystem::path& file) {
  const hdf5::Array array = hdf5::File(file).open("sr");
  std::vector<double> values(static_cast<std::size_t>(array.info().numel()));
  array.read<double>(values);
  return values;
}

bool figures_agree(const ordered_json& mean) {
  bool agree = true;
  for (const auto& [metric, value] : kFigures) {
    const double got = mean.at(metric).get<double>();
    const bool ok = std::abs(got - value) <= 0.5e-4;
    fmt::print("{} {} {:.4f}, expected {:.4f}\n", ok ? "ok   " : "WRONG", metric, got, value);
    agree = agree && ok;
  }
  return agree;
}

bool images_agree(const std::vector<double>& got, const std::vector<double>& want) {
  check(got.size() == want.size() && !got.empty(), "{} pixels, {} stored", got.size(), want.size());
  double worst = 0;
  bool ok = true;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(got[i] - want[i]) / kScale;
    ok = ok && error <= kPixels;  // written so that NaN fails
    worst = std::max(worst, error);
  }
  fmt::print("{} pixels differ from the stored image by at most {:.2e} of the scale\n", ok ? "ok   " : "WRONG", worst);
  return ok;
}

int check_published() {
  const auto shared = std::filesystem::path(CF_SOURCE_DIR) / ".." / "shared";
  const auto weights = shared / "weights" / "wv3_fusionnet.pth";
  const auto set = shared / "data" / "test_wv3_rr.h5";
  if (!std::filesystem::exists(weights) || !std::filesystem::exists(set)) {
    fmt::print("skipped: no {} or {}\n", weights.string(), set.string());
    return kSkip;
  }
  const test::TempFolder folder;
  run(folder.path(), {"convert", weights.string(), "fn.cfk", "--model", "fusionnet", "--bands", "8"});
  run(folder.path(), {"test", "--checkpoint", "fn.cfk", "--data", set.string(), "--out", "out", "--no-pictures"});
  const bool figures = figures_agree(read_json(folder / "out/metrics.json").at("network").at("mean"));
  const bool pixels =
      images_agree(images(folder / "out/fused.h5"), images(shared / "weights" / "wv3_fusionnet_on_test_wv3_rr.h5"));
  return figures && pixels ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return check_published();
  } catch (const std::exception& e) {
    fmt::print("error: {}\n", e.what());
    return 1;
  }
}

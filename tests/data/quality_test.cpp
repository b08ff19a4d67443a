#include "data/quality/quality.h"

#include <doctest/doctest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/quality/cf2n.h"
#include "data/quality/full.h"
#include "data/quality/q2n.h"
#include "data/quality/reduced.h"
#include "data/quality/uiqi.h"
#include "framework/core/parallel.h"
#include "tests/data/scene.h"

using namespace cf;

namespace {

nlohmann::json golden(const char* name) {
  std::ifstream file(std::string(CF_SOURCE_DIR) + "/tests/data/golden/" + name);
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

void check_close(double value, const nlohmann::json& expected, double tolerance = 1e-8) {
  CHECK(std::abs(value - expected.get<double>()) <= tolerance * std::abs(expected.get<double>()));
}

Planes constant(std::int64_t n, std::int64_t bands, double value) {
  Planes image(n, n, bands);
  for (double& v : image.data) v = value;
  return image;
}

// Names in metrics.json and in a MetricList.
const std::vector<std::pair<const char*, const char*>> kReducedNames = {{"SAM", "SAM"},
                                                                        {"ERGAS", "ERGAS"},
                                                                        {"Q2n", "Q2n"},
                                                                        {"Qavg", "Q"},
                                                                        {"SCC", "SCC"},
                                                                        {"PSNR_band", "PSNR_band"},
                                                                        {"PSNR_pool", "PSNR_pool"},
                                                                        {"SSIM", "SSIM"}};
const std::vector<std::pair<const char*, const char*>> kFullNames = {
    {"Dlambda", "D_lambda"}, {"Ds", "D_s"}, {"QNR", "QNR"}, {"DlambdaK", "D_lambda_K"}, {"HQNR", "HQNR"}};

}  // namespace

TEST_CASE("metrics of the toolbox give every golden value") {
  const auto all_expected = golden("metrics.json");
  for (const auto& item : all_expected.items()) {
    const std::string name = item.key();
    const auto& expected = item.value();
    CAPTURE(name);
    const std::string sensor = name.substr(0, name.find('_'));
    const std::int64_t bands = std::stol(name.substr(name.find("_B") + 2));
    const std::int64_t n = std::stol(name.substr(name.find("_n") + 2));
    const test::Scene s = test::closed_form_scene(n, bands);
    QualityOptions options;
    options.sensor = sensor;
    options.substitute_sensor = false;
    const MetricList reduced = evaluate_reduced(to_tensor(s.gt), to_tensor(s.fused), options);
    for (const auto& names : kReducedNames) {
      CAPTURE(names.first);
      check_close(metric(reduced, names.second), expected[names.first]);
    }
    if (!expected.contains("HQNR")) continue;
    const Planes ms = imresize(s.gt, 0.25);
    const Planes lms = upsample_lms(ms, 4);
    const MetricList full = evaluate_full(to_tensor(s.fused), to_tensor(ms), to_tensor(lms), to_tensor(s.pan), options);
    for (const auto& names : kFullNames) {
      CAPTURE(names.first);
      check_close(metric(full, names.second), expected[names.first]);
    }
    const Planes filtered = mtf_filter(s.fused, mtf_gains(sensor, bands), 4);
    check_close(ms.at(0, 0, 0), expected["ms_0_0"]);
    check_close(ms.at(5, 7, bands - 1), expected["ms_5_7"]);
    check_close(lms.at(0, 0, 0), expected["lms_0_0"]);
    check_close(lms.at(33, 50, bands - 1), expected["lms_33_50"]);
    check_close(filtered.at(0, 0, 0), expected["mtf_0_0"]);
    check_close(filtered.at(40, 41, bands - 1), expected["mtf_40_41"]);
  }
}

TEST_CASE("hyperspectral metrics of 1 to 191 bands give every golden value") {
  const auto all_expected = golden("bands.json");
  REQUIRE(all_expected.size() == 5);
  for (const auto& item : all_expected.items()) {
    const std::string name = item.key();
    CAPTURE(name);
    const test::Scene s = test::closed_form_scene(std::stol(name.substr(name.find("_n") + 2)), std::stol(name.substr(1)));
    QualityOptions options;
    options.variant = QualityOptions::Variant::hyperspectral;
    const MetricList list = evaluate_reduced(to_tensor(s.gt), to_tensor(s.fused), options);
    REQUIRE(list.size() == item.value().size());
    std::size_t at = 0;
    for (const char* metric_name : {"PSNR", "SAM", "ERGAS", "CC", "SSIM", "Q2n"}) {
      CAPTURE(metric_name);
      CHECK(list[at].first == metric_name);
      const double expected = item.value()[metric_name].get<double>();
      // The angle of one rounding is 1e-6 degrees, which is all there is of one band.
      CHECK(std::abs(list[at].second - expected) <= (list[at].first == "SAM" ? 3e-6 : 0) + 1e-8 * expected);
      ++at;
    }
  }
}

TEST_CASE("images that hold shares of the scale have the metrics of their digital numbers") {
  const test::Scene s = test::closed_form_scene(64, 3);
  const Planes& g = s.gt;
  const auto divided = [](Planes image) {
    for (double& v : image.data) v /= 65535;
    return to_tensor(image);
  };
  QualityOptions in_dn;
  in_dn.peak = 65535;
  QualityOptions in_shares;
  in_shares.peak = 1;
  const MetricList a = evaluate_reduced(to_tensor(g), to_tensor(s.fused), in_dn);
  const MetricList b = evaluate_reduced(divided(g), divided(s.fused), in_shares);
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(a[i].first);
    const double unit = a[i].first == "RMSE" ? 65535 : 1;
    CHECK(b[i].second * unit == doctest::Approx(a[i].second).epsilon(1e-9));
  }
  CHECK(conventions(in_shares).find("65535 levels") != std::string::npos);
  const Planes ms = imresize(g, 0.25);
  const Planes lms = upsample_lms(ms, 4);
  const MetricList c = evaluate_full(to_tensor(s.fused), to_tensor(ms), to_tensor(lms), to_tensor(s.pan), in_dn);
  const MetricList d = evaluate_full(divided(s.fused), divided(ms), divided(lms), divided(s.pan), in_shares);
  for (std::size_t i = 0; i < c.size(); ++i) CHECK(d[i].second == doctest::Approx(c[i].second).epsilon(1e-9));
}

TEST_CASE("the CF2N repository's metrics give every golden value") {
  const auto all_expected = golden("variants.json");
  for (const auto& item : all_expected.items()) {
    const std::string name = item.key();
    const auto& expected = item.value();
    if (name[0] != 'B') continue;
    CAPTURE(name);
    const std::int64_t bands = std::stol(name.substr(1));
    const test::Scene s = test::closed_form_scene(std::stol(name.substr(name.find("_n") + 2)), bands);
    const Planes ms = imresize(s.gt, 0.25);
    const Planes lms = upsample_lms(ms, 4);
    Planes gt = s.gt;
    if (bands == 4) {  // the golden script blanks a corner of this one: pixels of zero norm
      for (int i = 0; i < 5 * 7 * 4; ++i) gt.at(i / 28, i / 4 % 7, i % 4) = 0;
    }
    QualityOptions options;
    options.variant = QualityOptions::Variant::cf2n;
    MetricList all = evaluate_reduced(to_tensor(gt), to_tensor(s.fused), options);
    const MetricList full = evaluate_full(to_tensor(s.fused), to_tensor(ms), to_tensor(lms), to_tensor(s.pan), options);
    all.insert(all.end(), full.begin(), full.end());
    REQUIRE(all.size() == expected.size());
    for (const auto& one : all) {
      CAPTURE(one.first);
      check_close(one.second, expected[one.first], 1e-10);
    }
  }
}

TEST_CASE("a perfect fusion scores perfectly under both conventions") {
  const Tensor gt = to_tensor(test::closed_form_scene(64, 5).gt);
  const auto infinity = std::numeric_limits<double>::infinity();
  const MetricList toolbox = evaluate_reduced(gt, gt, {});
  const std::vector<double> perfect = {0, 0, 1, 1, 1, infinity, infinity, 1, 1, 0};
  for (std::size_t i = 0; i < perfect.size(); ++i) {
    CAPTURE(toolbox[i].first);
    if (perfect[i] == infinity) {
      CHECK(toolbox[i].second == infinity);
    } else {
      // An angle of one rounding is acos(1 - 1e-16), about 1e-6 degrees.
      CHECK(std::abs(toolbox[i].second - perfect[i]) < (toolbox[i].first == "SAM" ? 3e-6 : 1e-10));
    }
  }
  QualityOptions options;
  options.variant = QualityOptions::Variant::cf2n;
  const MetricList cf2n = evaluate_reduced(gt, gt, options);
  for (const char* name : {"SSIM", "SCC", "UIQC", "CC"}) CHECK(std::abs(metric(cf2n, name) - 1) < 1e-10);
  CHECK(metric(cf2n, "RMSE") == 0);
}

TEST_CASE("hypercomplex units anticommute, square to -1 and have a multiplicative norm up to 8 components") {
  for (std::int64_t i = 1; i < 8; ++i) {
    for (std::int64_t j = 1; j < 8; ++j) {
      CHECK(quality::unit_product_sign(i, j, 8) == (i == j ? -1 : -quality::unit_product_sign(j, i, 8)));
    }
  }
  for (const std::int64_t n : {2, 4, 8}) {
    std::vector<double> x, y, product(static_cast<std::size_t>(n), 0.0);
    double nx = 0, ny = 0, np = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      x.push_back(std::sin(3.0 * static_cast<double>(i) + 1));
      y.push_back(std::cos(5.0 * static_cast<double>(i) + 2));
      nx += x.back() * x.back();
      ny += y.back() * y.back();
    }
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        product[static_cast<std::size_t>(i ^ j)] +=
            quality::unit_product_sign(i, j, n) * x[static_cast<std::size_t>(i)] * y[static_cast<std::size_t>(j)];
      }
    }
    for (const double v : product) np += v * v;
    CHECK(np == doctest::Approx(nx * ny).epsilon(1e-13));
  }
}

TEST_CASE("Q2n: mirrored padding, added zero bands, flat blocks") {
  const test::Scene s = test::closed_form_scene(40, 3);
  // Padding by hand to 64 x 64 with a half-sample mirror and a fourth band of zeros gives the same.
  Planes g(64, 64, 4);
  Planes f(64, 64, 4);
  for (int i = 0; i < 64 * 64 * 3; ++i) {
    const int y = i / 192, x = i / 3 % 64;
    const int my = y < 40 ? y : 79 - y, mx = x < 40 ? x : 79 - x;
    g.at(y, x, i % 3) = s.gt.at(my, mx, i % 3);
    f.at(y, x, i % 3) = s.fused.at(my, mx, i % 3);
  }
  CHECK(quality::q2n(s.gt, s.fused) == doctest::Approx(quality::q2n(g, f)).epsilon(1e-13));
  // Both flat: the bias term alone, which is 1 for equal images.
  CHECK(quality::q2n(constant(32, 4, 700), constant(32, 4, 700)) == 1);
  CHECK(quality::q2n(constant(32, 4, 0), constant(32, 4, 0)) == 1);
  CHECK(quality::q2n(constant(32, 4, 0), constant(32, 4, 1)) == doctest::Approx(0.8).epsilon(1e-12));  // 2 1 2 / (1 + 4)
  // Values are rounded to uint16: below 0.5 nothing remains.
  CHECK(quality::q2n(constant(32, 1, 0), constant(32, 1, 0.4)) == 1);
}

TEST_CASE("UIQI: flat windows follow Wang, blocks beyond the last whole one do not count") {
  const Planes two = constant(40, 2, 2);
  const Planes four = constant(40, 2, 4);
  CHECK(quality::q_sliding(two, four, 32) == doctest::Approx(0.8).epsilon(1e-12));
  CHECK(quality::q_sliding(constant(40, 2, 0), constant(40, 2, 0), 32) == 1);
  CHECK(quality::q_blocks(two, 0, four, 1, 32) == doctest::Approx(0.8).epsilon(1e-12));
  CHECK(quality::q_blocks(constant(40, 1, 0), 0, constant(40, 1, 0), 0, 32) == 1);
  const test::Scene s = test::closed_form_scene(70, 2);
  CHECK(quality::q_blocks(s.gt, 0, s.fused, 1, 32) ==
        quality::q_blocks(s.gt.crop(0, 0, 64, 64), 0, s.fused.crop(0, 0, 64, 64), 1, 32));
}

TEST_CASE("constant and empty pixels") {
  Planes g = constant(40, 3, 10);
  const Planes f = constant(40, 3, 20);
  CHECK(quality::sam(g, f) < 1e-5);
  CHECK(quality::ergas(g, f, 4) == doctest::Approx(25));
  CHECK(quality::rmse(g, f) == doctest::Approx(10));
  CHECK(std::isnan(quality::cc(g, f)));
  // A zero pixel is left out by the toolbox's SAM and counted as 0 by the other.
  Planes turned = test::closed_form_scene(40, 3).fused;
  g = test::closed_form_scene(40, 3).gt;
  const double before = quality::sam(g, turned);
  for (int y = 0; y < 20; ++y) {
    for (int x = 0; x < 40; ++x) {
      for (int b = 0; b < 3; ++b) turned.at(y, x, b) = 0;
    }
  }
  CHECK(quality::sam(g, turned) != doctest::Approx(before / 2).epsilon(0.1));
  CHECK(quality::cf2n::sam(g, turned) == doctest::Approx(quality::sam(g, turned) / 2).epsilon(1e-12));
  CHECK(std::isnan(quality::sam(constant(4, 3, 0), constant(4, 3, 0))));
  CHECK(quality::cf2n::sam(constant(4, 3, 0), constant(4, 3, 0)) == 0);
}

TEST_CASE("crop is the toolbox's asymmetric slice, clip is to 0 .. 2^L") {
  const test::Scene s = test::closed_form_scene(100, 4);
  QualityOptions options;
  options.crop = 21;
  const MetricList cropped = evaluate_reduced(to_tensor(s.gt), to_tensor(s.fused), options);
  const MetricList by_hand = evaluate_reduced(to_tensor(s.gt.crop(20, 20, 59, 59)), to_tensor(s.fused.crop(20, 20, 59, 59)), {});
  CHECK(cropped == by_hand);
  Planes wild = s.fused;
  wild.at(3, 4, 1) = -50;
  wild.at(5, 6, 2) = 9000;
  Planes tame = wild;
  tame.at(3, 4, 1) = 0;
  tame.at(5, 6, 2) = 2048;
  options = {};
  options.clip = true;
  CHECK(evaluate_reduced(to_tensor(s.gt), to_tensor(wild), options) == evaluate_reduced(to_tensor(s.gt), to_tensor(tame), {}));
  options.clip = false;
  CHECK(evaluate_reduced(to_tensor(s.gt), to_tensor(wild), options) != evaluate_reduced(to_tensor(s.gt), to_tensor(tame), {}));
  options.crop = 50;
  CHECK_THROWS_WITH_AS(evaluate_reduced(to_tensor(s.gt), to_tensor(wild), options), doctest::Contains("leaves nothing"), Error);
}

TEST_CASE("full resolution: LMS itself has no D_lambda, other ratios and PAN of several bands work") {
  for (const std::int64_t ratio : {2, 3, 4, 6}) {
    CAPTURE(ratio);
    const test::Scene s = test::closed_form_scene(96, 3);
    const Planes ms = imresize(s.gt, 1.0 / static_cast<double>(ratio));
    const Planes lms = upsample_lms(ms, ratio);
    Planes pan(96, 96, 2);
    for (int i = 0; i < 96 * 96; ++i) {
      pan.band(0)[i] = s.pan.band(0)[i] - 11;
      pan.band(1)[i] = s.pan.band(0)[i] + 11;
    }
    QualityOptions options;
    options.ratio = ratio;
    const MetricList list = evaluate_full(to_tensor(lms), to_tensor(ms), to_tensor(lms), to_tensor(pan), options);
    CHECK(metric(list, "D_lambda") == 0);
    CHECK(metric(list, "D_s") > 0);
    CHECK(metric(list, "D_s") == doctest::Approx(quality::d_s(lms, lms, s.pan, ratio)).epsilon(1e-9));
    CHECK(metric(list, "HQNR") == (1 - metric(list, "D_lambda_K")) * (1 - metric(list, "D_s")));
  }
}

TEST_CASE("the MTF of IKONOS stands in for QB and GF2 unless told otherwise, and the conventions say so") {
  const test::Scene s = test::closed_form_scene(64, 4);
  const Tensor fused = to_tensor(s.fused), ms = to_tensor(imresize(s.gt, 0.25)), lms = interp23tap(ms, 4), pan = to_tensor(s.pan);
  const auto dk = [&](const char* sensor, bool substitute) {
    QualityOptions options;
    options.sensor = sensor;
    options.substitute_sensor = substitute;
    return metric(evaluate_full(fused, ms, lms, pan, options), "D_lambda_K");
  };
  CHECK(dk("qb", true) == dk("ikonos", true));
  CHECK(dk("gf2", true) == dk("ikonos", false));
  CHECK(dk("qb", false) != dk("ikonos", false));
  CHECK(dk("gf2", false) == dk("none", false));
  QualityOptions options;
  options.sensor = "qb";
  CHECK(conventions(options).find("mtf=IKONOS (for QB)") != std::string::npos);
  options.substitute_sensor = false;
  options.crop = 21;
  options.clip = true;
  for (const char* part : {"mtf=QB", "crop=21", "clip=0..2048", "sam=nonzero-mean", "ergas=gt-mean", "q2n=32/32 uint16 mirror",
                           "scc=sobel-global-zero", "psnr=band,pool", "ssim=gauss11", "fr=hqnr(K, no decimation"}) {
    CAPTURE(part);
    CHECK(conventions(options).find(part) != std::string::npos);
  }
  options.variant = QualityOptions::Variant::cf2n;
  CHECK(conventions(options).find("ergas=fused-mean") != std::string::npos);
}

TEST_CASE("pyr_down reflects about the outermost pixel and keeps every second one") {
  Planes row(1, 5, 1);
  row.data = {1, 2, 4, 8, 16};
  const Planes half = quality::cf2n::pyr_down(row);
  REQUIRE(half.rows == 1);
  REQUIRE(half.cols == 3);
  CHECK(half.data[0] == (6 * 1 + 2 * 4 * 2 + 2 * 4) / 16.0);
  CHECK(half.data[1] == (1 + 4 * 2 + 6 * 4 + 4 * 8 + 16) / 16.0);
  CHECK(half.data[2] == (6 * 16 + 2 * 4 * 8 + 2 * 4) / 16.0);
}

TEST_CASE("metrics do not depend on the thread count") {
  const test::Scene s = test::closed_form_scene(100, 5);
  const int threads = max_threads();
  std::vector<MetricList> lists;
  for (const int n : {1, 3}) {
    set_threads(n);
    lists.push_back(evaluate_reduced(to_tensor(s.gt), to_tensor(s.fused), {}));
    lists.push_back(evaluate_full(to_tensor(s.fused), to_tensor(imresize(s.gt, 0.25)), to_tensor(s.gt), to_tensor(s.pan), {}));
  }
  set_threads(threads);
  CHECK(lists[0] == lists[2]);
  CHECK(lists[1] == lists[3]);
}

TEST_CASE("metrics say what is wrong with their input") {
  const Tensor a = Tensor::full({64, 64, 4}, 5, DType::f64);
  const Tensor small = Tensor::full({16, 16, 4}, 5, DType::f64);
  const Tensor pan = Tensor::full({64, 64}, 5, DType::f64);
  CHECK_THROWS_WITH_AS(evaluate_reduced(a, small, {}), doctest::Contains("64 x 64 x 4 and 16 x 16 x 4"), Error);
  CHECK_THROWS_WITH_AS(evaluate_reduced(small, small, {}), doctest::Contains("smaller than the window"), Error);
  CHECK_THROWS_WITH_AS(evaluate_reduced(Tensor(), a, {}), doctest::Contains("ground truth"), Error);
  CHECK_THROWS_WITH_AS(evaluate_full(a, small, small, pan, {}), doctest::Contains("LMS"), Error);
  CHECK_THROWS_WITH_AS(evaluate_full(a, a, a, pan, {}), doctest::Contains("the ratio 4"), Error);
  CHECK_THROWS_WITH_AS(evaluate_full(a, small, a, Tensor::full({32, 64}, 5, DType::f64), {}), doctest::Contains("PAN"), Error);
  QualityOptions options;
  options.sensor = "wv3";
  CHECK_THROWS_WITH_AS(evaluate_full(a, small, a, pan, options), doctest::Contains("WV3 has 8 bands"), Error);
  options.sensor = "landsat9000";
  CHECK_THROWS_WITH_AS(evaluate_full(a, small, a, pan, options), doctest::Contains("not known"), Error);
  options = {};
  options.variant = QualityOptions::Variant::cf2n;
  options.ratio = 3;
  const Tensor third = Tensor::full({20, 20, 4}, 5, DType::f64);
  const Tensor sixty = Tensor::full({60, 60, 4}, 5, DType::f64);
  CHECK_THROWS_WITH_AS(evaluate_full(sixty, third, sixty, Tensor::full({60, 60}, 5, DType::f64), options),
                       doctest::Contains("halving"), Error);
  CHECK_THROWS_WITH_AS(metric({{"SAM", 1.0}}, "QNR"), doctest::Contains("SAM"), Error);
}

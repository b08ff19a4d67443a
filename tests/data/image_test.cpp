#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "tests/data/scene.h"

using namespace cf;

namespace {

nlohmann::json golden(const char* name) {
  std::ifstream file(std::string(CF_SOURCE_DIR) + "/tests/data/golden/" + name);
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

// 7 x 9 x 2, neither smooth nor symmetric.
Planes small_image() {
  Planes image(7, 9, 2);
  for (int i = 0; i < 126; ++i) {
    image.at(i / 18, i / 2 % 9, i % 2) = std::pow(i, 1.1) + 10 * std::sin(i);
  }
  return image;
}

// First and last value, sum, sum of squares.
void check_probe(const Planes& image, const nlohmann::json& expected) {
  const auto near = [](double v) { return doctest::Approx(v).epsilon(1e-11); };
  CHECK(image.data.front() == near(expected[0]));
  CHECK(image.data.back() == near(expected[1]));
  CHECK(std::accumulate(image.data.begin(), image.data.end(), 0.0) == near(expected[2]));
  CHECK(std::inner_product(image.data.begin(), image.data.end(), image.data.begin(), 0.0) == near(expected[3]));
}

double largest_difference(const Planes& a, const Planes& b) {
  REQUIRE(a.same_size(b));
  double largest = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
  return largest;
}

}  // namespace

TEST_CASE("imresize, interp23tap and the MTF filter give the golden values") {
  const auto expected = golden("variants.json");
  for (const auto& item : expected["imresize"].items()) {
    const std::string scale = item.key();
    CAPTURE(scale);
    check_probe(imresize(small_image(), std::stod(scale)), item.value());
  }
  for (const auto& item : expected["interp23"].items()) {
    const std::string ratio = item.key();
    CAPTURE(ratio);
    check_probe(interp23tap(small_image(), std::stol(ratio)), item.value());
  }
  const Planes scene = test::closed_form_scene(128, 2).gt;
  for (const auto& item : expected["mtf"].items()) {
    const std::string name = item.key();
    CAPTURE(name);
    const std::vector<double> gain = {std::stod(name)};
    check_probe(mtf_filter(scene, gain, std::stol(name.substr(name.find('_') + 1))), item.value());
  }
}

TEST_CASE("imresize keeps constants, folds at the borders and rounds its size up") {
  Planes flat(10, 7, 1);
  for (double& v : flat.data) v = 3.25;
  for (const double scale : {0.25, 1.0 / 3, 0.9, 1.0, 2.0, 3.0, 6.0}) {
    CAPTURE(scale);
    const Planes out = imresize(flat, scale);
    CHECK(out.rows == static_cast<std::int64_t>(std::ceil(10 * scale - 1e-9)));
    CHECK(out.cols == static_cast<std::int64_t>(std::ceil(7 * scale - 1e-9)));
    for (const double v : out.data) CHECK(v == doctest::Approx(3.25).epsilon(1e-14));
  }
  CHECK(imresize(Planes(510, 6, 1), 1.0 / 3).rows == 170);
  CHECK(largest_difference(imresize(small_image(), 1.0), small_image()) < 1e-12);
  CHECK_THROWS_AS(imresize(flat, 0.0), Error);
}

TEST_CASE("interp23tap places sample i on 4 i + 2, repeats the plane circularly and takes powers of two only") {
  const Planes image = small_image();
  const Planes up = interp23tap(image, 4);
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 9; ++x) CHECK(up.at(4 * y + 2, 4 * x + 2, 1) == doctest::Approx(image.at(y, x, 1)).epsilon(1e-12));
  }
  // A circular shift of the input is a circular shift of the output.
  Planes shifted(7, 9, 2);
  for (int i = 0; i < 126; ++i) shifted.at((i / 18 + 2) % 7, (i / 2 % 9 + 5) % 9, i % 2) = image.at(i / 18, i / 2 % 9, i % 2);
  const Planes shifted_up = interp23tap(shifted, 4);
  for (int y = 0; y < 28; ++y) {
    for (int x = 0; x < 36; ++x) {
      CHECK(shifted_up.at((y + 8) % 28, (x + 20) % 36, 0) == doctest::Approx(up.at(y, x, 0)).epsilon(1e-12));
    }
  }
  CHECK_THROWS_WITH_AS(interp23tap(image, 3), doctest::Contains("power of two"), Error);
}

TEST_CASE("upsample_lms takes the 23-tap filter for powers of two and centred bicubic otherwise") {
  const Planes image = small_image();
  CHECK(largest_difference(upsample_lms(image, 8), interp23tap(image, 8)) == 0);
  CHECK(largest_difference(upsample_lms(image, 3), imresize(image, 3)) == 0);
  CHECK(upsample_lms(image, 6).rows == 42);
  CHECK(largest_difference(upsample_lms(image, 1), image) == 0);
  // Centred: at an odd ratio the middle pixel of three is the sample itself.
  CHECK(upsample_lms(image, 3).at(3 * 4 + 1, 3 * 5 + 1, 0) == doctest::Approx(image.at(4, 5, 0)).epsilon(1e-12));
  CHECK_THROWS_AS(upsample_lms(image, 0), Error);
}

TEST_CASE("the MTF kernel has the published sums, is symmetric and is zero beyond its circle") {
  const std::vector<std::pair<double, double>> sums = {{0.34, 0.998869}, {0.30, 0.998740}, {0.325, 0.998823}, {0.36, 0.998928},
                                                       {0.29, 0.998705}, {0.15, 0.998024}, {0.14, 0.997953},  {0.11, 0.997705}};
  for (const auto& [gain, sum] : sums) {
    const auto k = mtf_kernel(gain, 4);
    REQUIRE(k.size() == 41 * 41);
    CHECK(std::abs(std::accumulate(k.begin(), k.end(), 0.0) - sum) < 5e-7);
    CHECK(k[0] == 0);
    for (std::size_t v = 0; v < 41; ++v) {
      for (std::size_t u = 0; u < 41; ++u) CHECK(k[v * 41 + u] == k[(40 - u) * 41 + v]);
    }
  }
  CHECK_THROWS_AS(mtf_kernel(1.0, 4), Error);
  CHECK_THROWS_AS(mtf_kernel(0.3, 1), Error);
}

TEST_CASE("a decimated MTF filter gives every step-th pixel of the whole one") {
  const Planes scene = test::closed_form_scene(37, 2).gt;
  const std::vector<double> gains = {0.3, 0.22};
  const Planes whole = mtf_filter(scene, gains, 4);
  const Planes some = mtf_filter(scene, gains, 4, {4, 2});
  REQUIRE(some.rows == 9);
  for (int y = 0; y < 9; ++y) {
    for (int x = 0; x < 9; ++x) CHECK(some.at(y, x, 1) == whole.at(4 * y + 2, 4 * x + 2, 1));
  }
  CHECK_THROWS_AS(mtf_filter(scene, std::vector<double>{0.3, 0.3, 0.3}, 4), Error);
}

TEST_CASE("sensors are known by their data sets' names and their tables checked against the bands") {
  CHECK(canonical_sensor("quickbird") == "QB");
  CHECK(canonical_sensor("WorldView-3") == "WV3");
  CHECK(mtf_gains("wv2", 8)[7] == 0.27);
  CHECK(mtf_gains("gf2", 4) == std::vector<double>(4, 0.30));
  CHECK(mtf_pan_gain("ge1") == 0.16);
  CHECK_THROWS_WITH_AS(mtf_gains("wv3", 4), doctest::Contains("8 bands"), Error);
  CHECK_THROWS_WITH_AS(mtf_gains("wv5", 8), doctest::Contains("WV3"), Error);
}

TEST_CASE("planes and tensors hold the same image") {
  const Planes image = small_image();
  const Tensor t = to_tensor(image);
  CHECK(t.shape() == Shape{7, 9, 2});
  CHECK(t.span<double>()[2 * 9 * 3 + 2 * 4 + 1] == image.at(3, 4, 1));
  CHECK(largest_difference(to_planes(t, "image"), image) == 0);
  CHECK(to_planes(Tensor::full({4, 5}, 7, DType::u16), "PAN").at(3, 4, 0) == 7);
  CHECK_THROWS_WITH_AS(to_planes(Tensor::zeros({2, 3, 4, 5}), "the image"), doctest::Contains("(H, W, B)"), Error);
}

#include "data/simulate.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/quality/reduced.h"
#include "tests/data/scene.h"

using namespace cf;

TEST_CASE("Wald's protocol: MS is the ground truth, filtered and decimated at phase 2 of 4; PAN is resized; LMS comes back") {
  const test::Scene s = test::closed_form_scene(128, 4);
  const Planes ms = s.gt.crop(0, 0, 32, 32);
  const auto gains = mtf_gains("qb", 4);
  const ReducedSet set = simulate_wald(ms, s.pan, gains, 4, false);
  CHECK(set.gt.data == ms.data);
  const Planes filtered = mtf_filter(ms, gains, 4);
  REQUIRE(set.ms.rows == 8);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) CHECK(set.ms.at(y, x, 3) == filtered.at(4 * y + 2, 4 * x + 2, 3));
  }
  CHECK(set.pan.data == imresize(s.pan, 0.25).data);
  CHECK(set.lms.data == interp23tap(set.ms, 4).data);
  const ReducedSet rounded = simulate_wald(ms, s.pan, gains, 4, true);
  for (std::size_t i = 0; i < rounded.ms.data.size(); ++i) CHECK(rounded.ms.data[i] == std::round(set.ms.data[i]));
  CHECK(rounded.lms.data == interp23tap(rounded.ms, 4).data);
}

TEST_CASE("LMS lies on the ground truth, not beside it, for ratios of every kind") {
  // A smooth bump: the interpolated one is best where nothing is shifted.
  for (const std::int64_t ratio : {2, 3, 4, 6, 8}) {
    CAPTURE(ratio);
    const std::int64_t n = 24 * ratio;
    Planes ms(n, n, 1);
    for (std::int64_t i = 0; i < n * n; ++i) {
      const auto w = 2 * std::numbers::pi / static_cast<double>(n);
      ms.data[static_cast<std::size_t>(i)] =
          500 + 100 * std::sin(3 * w * static_cast<double>(i / n)) + 100 * std::cos(2 * w * static_cast<double>(i % n));
    }
    const Planes lms = simulate_wald(ms, Planes(n * ratio, n * ratio, 1), std::vector<double>{0.3}, ratio, false).lms;
    const std::int64_t side = n - 10 * ratio;
    const Planes truth = ms.crop(5 * ratio, 5 * ratio, side, side);
    const double here = quality::rmse(truth, lms.crop(5 * ratio, 5 * ratio, side, side));
    CHECK(here < 8);  // what the filter takes from a wave this long
    for (const std::int64_t step : {-1, 1}) {
      CHECK(here < quality::rmse(truth, lms.crop(5 * ratio + step, 5 * ratio, side, side)));
      CHECK(here < quality::rmse(truth, lms.crop(5 * ratio, 5 * ratio + step, side, side)));
    }
  }
}

TEST_CASE("degrading says what does not fit") {
  const std::vector<double> gain = {0.3};
  CHECK_THROWS_WITH_AS(degrade_ms(Planes(30, 32, 1), gain, 4), doctest::Contains("30 x 32 is no multiple"), Error);
  CHECK_THROWS_WITH_AS(degrade_pan(Planes(32, 30, 1), 4), doctest::Contains("no multiple"), Error);
  CHECK_THROWS_WITH_AS(degrade_pan(Planes(32, 32, 1), 1), doctest::Contains("ratio is 1"), Error);
  CHECK_THROWS_WITH_AS(simulate_wald(Planes(32, 32, 1), Planes(64, 64, 1), gain, 4, false), doctest::Contains("PAN is 64 x 64"),
                       Error);
}

#include "models/ssdiff/sampler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "framework/core/check.h"
#include "framework/ops/elementwise.h"
#include "models/ssdiff/diffusion.h"
#include "tests/models/helpers.h"

using namespace cf;

namespace {

const NoiseSchedule& cosine() {
  static const NoiseSchedule kSchedule({});
  return kSchedule;
}

// Standard normal data: the best estimate of x_0 is sqrt(signal) x, and x stays what it is along the exact path.
double gaussian_error(const std::string& sampler, std::int64_t steps, Spacing spacing) {
  const auto plan = plan_sampling(cosine(), {.name = sampler, .steps = steps, .spacing = spacing});
  Sampling sampling;
  sampling.estimate = [](const Tensor& x, const SamplerStep& step) {
    return ops::affine(x, std::sqrt(cosine().signal(step.t)), 0);
  };
  return std::abs(sample(plan, Tensor::full({1, 1, 1, 1}, 1, DType::f64), sampling).item() - 1);
}

// The slope of -log(error) over log(steps), by least squares.
double order_of(const std::string& sampler, Spacing spacing) {
  const std::vector<std::int64_t> counts = {20, 25, 40, 50, 100};
  const auto n = static_cast<double>(counts.size());
  double sx = 0;
  double sy = 0;
  double sxx = 0;
  double sxy = 0;
  for (const std::int64_t count : counts) {
    const double x = std::log(static_cast<double>(count));
    const double y = -std::log(gaussian_error(sampler, count, spacing));
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  }
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

}  // namespace

TEST_CASE("the cosine schedule has the published values") {
  const auto& s = cosine();
  CHECK(s.steps() == 1000);
  CHECK(s.signal(0) == doctest::Approx(0.9999587).epsilon(1e-7));
  const std::vector<double> hundreds = {.971576, .897763, .785632, .645988, .492285, .339333, .201869, .093138, .023616};
  for (std::size_t i = 0; i < hundreds.size(); ++i) {
    CHECK(std::abs(s.signal(static_cast<std::int64_t>(100 * (i + 1))) - hundreds[i]) < 5e-7);
  }
  CHECK(s.signal(999) == doctest::Approx(2.43e-9).epsilon(2e-3));
}

TEST_CASE("the linear schedule has Ho et al.'s ends and falls") {
  const NoiseSchedule s({.schedule = ScheduleKind::linear});
  CHECK(s.betas().front() == doctest::Approx(1e-4));
  CHECK(s.betas().back() == doctest::Approx(0.02));
  CHECK(std::is_sorted(s.signals().rbegin(), s.signals().rend()));
  CHECK(s.signal(999) == doctest::Approx(4.04e-5).epsilon(2e-2));
  CHECK_THROWS_AS(NoiseSchedule({.steps = 1}), Error);
}

TEST_CASE("spacing: trailing takes any number of steps, leading what a stride gives") {
  CHECK(visited_steps(1000, 1, Spacing::trailing) == std::vector<std::int64_t>{999});
  CHECK(visited_steps(1000, 3, Spacing::trailing) == std::vector<std::int64_t>{999, 666, 332});
  CHECK(visited_steps(1000, 1, Spacing::leading) == std::vector<std::int64_t>{0});
  CHECK(visited_steps(1000, 2, Spacing::leading) == std::vector<std::int64_t>{500, 0});
  CHECK(visited_steps(1000, 10, Spacing::leading).front() == 900);
  for (std::int64_t n = 1; n <= 1000; ++n) {
    const auto steps = visited_steps(1000, n, Spacing::trailing);
    REQUIRE(steps.size() == static_cast<std::size_t>(n));
    REQUIRE(steps.front() == 999);
    REQUIRE(steps.back() >= 0);
    REQUIRE(std::adjacent_find(steps.begin(), steps.end(), std::less_equal<>()) == steps.end());
  }
  CHECK_THROWS_WITH_AS(visited_steps(1000, 60, Spacing::leading), doctest::Contains("no stride visits 60 of 1000"), Error);
  CHECK_THROWS_AS(visited_steps(1000, 0, Spacing::trailing), Error);
  CHECK_THROWS_AS(visited_steps(1000, 1001, Spacing::trailing), Error);
}

TEST_CASE("on Gaussian data DDIM converges at order 1, DPM-Solver++(2M) at order 2") {
  const double ddim = order_of("ddim", Spacing::leading);
  CHECK(ddim > 0.9);
  CHECK(ddim < 1.1);
  const double dpm = order_of("dpmpp2m", Spacing::leading);
  CHECK(dpm > 1.8);
  CHECK(dpm < 2.5);
}

// There the first step leads from a signal of 2e-9, over most of the range of lambda, which costs the second order's last bit.
TEST_CASE("trailing steps start from pure noise and err less than leading ones") {
  CHECK(order_of("ddim", Spacing::trailing) == doctest::Approx(1).epsilon(0.1));
  CHECK(order_of("dpmpp2m", Spacing::trailing) > 1.7);
  for (const std::int64_t steps : {20, 50}) {
    CHECK(gaussian_error("dpmpp2m", steps, Spacing::trailing) < 0.2 * gaussian_error("dpmpp2m", steps, Spacing::leading));
    CHECK(gaussian_error("dpmpp2m", steps, Spacing::trailing) < 0.1 * gaussian_error("ddim", steps, Spacing::trailing));
  }
}

TEST_CASE("an oracle of the residual gives the ground truth back, in one step and in ten, in both spaces") {
  const Tensor lms = test::random_image({1, 4, 4, 3}, 1, DType::f64);
  const Tensor gt = test::random_image({1, 4, 4, 3}, 2, DType::f64);
  for (const std::string& name : sampler_names()) {
    for (const SamplerSpace space : {SamplerSpace::residual, SamplerSpace::image}) {
      for (const Spacing spacing : {Spacing::trailing, Spacing::leading}) {
        for (const std::int64_t steps : {1, 10}) {
          CAPTURE(name);
          CAPTURE(steps);
          const auto plan = plan_sampling(cosine(), {.name = name, .steps = steps, .spacing = spacing, .space = space});
          Sampling sampling;
          sampling.estimate = [&](const Tensor&, const SamplerStep&) { return limited_estimate(ops::sub(gt, lms), lms, space); };
          const Tensor x = sample(plan, noise_field(1, 0, {0, 0, 4, 4}, 3, DType::f64), sampling);
          const auto got = image_of(x, lms, space).to_vector<double>();
          const auto want = gt.to_vector<double>();
          for (std::size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - want[i]) < 1e-15);
        }
      }
    }
  }
}

TEST_CASE("samplers tell the network the step of the process, or their own") {
  const auto times = [](SamplerTime time) {
    std::vector<double> list;
    for (const SamplerStep& s : plan_sampling(cosine(), {.steps = 4, .spacing = Spacing::leading, .time = time}))
      list.push_back(s.time);
    return list;
  };
  CHECK(times(SamplerTime::original) == std::vector<double>{750, 500, 250, 0});
  CHECK(times(SamplerTime::index) == std::vector<double>{3, 2, 1, 0});
  CHECK(plan_sampling(cosine(), {.name = "single", .steps = 10}).size() == 1);
}

TEST_CASE("noise enters DDIM as eta says, and not its last step") {
  const auto plan = plan_sampling(cosine(), {.steps = 5, .eta = 1});
  for (std::size_t j = 0; j + 1 < plan.size(); ++j) CHECK(plan[j].update.noise > 0);
  CHECK(plan.back().update.noise == 0);
  CHECK(plan.back().update.x0 == 1);
  // With eta = 1 the update is the posterior of the process: its variance is (1 - a') / (1 - a) (1 - a / a').
  const double here = cosine().signal(plan[1].t);
  const double next = cosine().signal(plan[2].t);
  CHECK(plan[1].update.noise * plan[1].update.noise == doctest::Approx((1 - next) / (1 - here) * (1 - here / next)));
  Sampling without;
  without.estimate = [](const Tensor& x, const SamplerStep&) { return x; };
  CHECK_THROWS_WITH_AS(sample(plan, Tensor::full({1}, 1, DType::f64), without), doctest::Contains("wants noise"), Error);
  CHECK_THROWS_WITH_AS(plan_sampling(cosine(), {.eta = -1}), doctest::Contains("eta"), Error);
  CHECK_THROWS_WITH_AS(plan_sampling(cosine(), {.eta = 40}), doctest::Contains("more noise"), Error);
  CHECK_THROWS_WITH_AS(plan_sampling(cosine(), {.name = "euler"}), doctest::Contains("ddim, dpmpp2m, single"), Error);
}

TEST_CASE("noise is a function of seed, draw and place") {
  const Philox rng = make_rng(4, RngStream::noise, 2);
  std::vector<double> block(10001);
  fill_normal(rng, 3, block);
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{4999}, block.size() - 1})
    CHECK(block[i] == rng.normal(3 + i));

  const auto large = noise_field(4, 0, {0, 0, 9, 8}, 3, DType::f64).to_vector<double>();
  const auto small = noise_field(4, 0, {0, 0, 5, 7}, 3, DType::f64).to_vector<double>();
  for (std::size_t row = 0; row < 5; ++row) {
    for (std::size_t i = 0; i < 21; ++i) CHECK(small[row * 21 + i] == large[row * 24 + i]);
  }
  const auto part = noise_field(4, 0, {3, 5, 2, 3}, 3, DType::f64).to_vector<double>();
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t i = 0; i < 9; ++i) CHECK(part[row * 9 + i] == large[((3 + row) * 8 + 5) * 3 + i]);
  }
  CHECK(noise_field(4, 1, {0, 0, 9, 8}, 3, DType::f64).to_vector<double>() != large);
  CHECK(noise_field(5, 0, {0, 0, 9, 8}, 3, DType::f64).to_vector<double>() != large);
}

TEST_CASE("a training step draws uniform steps and standard noise, sample by sample") {
  const Shape shape = {6, 4, 4, 2};
  const DiffusionDraw all = draw_diffusion(cosine(), shape, 7, 12, 0);
  const DiffusionDraw rest = draw_diffusion(cosine(), {2, 4, 4, 2}, 7, 12, 4);
  CHECK(std::equal(rest.steps.begin(), rest.steps.end(), all.steps.begin() + 4));
  const auto noise = all.noise.to_vector<float>();
  const auto tail = rest.noise.to_vector<float>();
  CHECK(std::equal(tail.begin(), tail.end(), noise.begin() + 4 * 32));
  CHECK(draw_diffusion(cosine(), shape, 7, 13, 0).steps != all.steps);
  CHECK(draw_diffusion(cosine(), shape, 8, 12, 0).steps != all.steps);
  const auto t = static_cast<std::int64_t>(all.steps[2]);
  CHECK(all.signal_root.to_vector<float>()[2] == doctest::Approx(std::sqrt(cosine().signal(t))));
  CHECK(all.noise_root.to_vector<float>()[2] == doctest::Approx(std::sqrt(1 - cosine().signal(t))));

  double sum = 0;
  double squares = 0;
  double mean_step = 0;
  const DiffusionDraw many = draw_diffusion(cosine(), {2000, 4, 4, 1}, 1, 0, 0);
  for (const float v : many.noise.to_vector<float>()) {
    sum += v;
    squares += v * v;
  }
  for (const double step : many.steps) mean_step += step / 2000;
  CHECK(std::abs(sum / 32000) < 0.03);
  CHECK(std::abs(squares / 32000 - 1) < 0.04);
  CHECK(std::abs(mean_step - 499.5) < 30);
}

TEST_CASE("an exponent makes training visit clean steps more often, and all steps still") {
  DiffusionConfig config;
  config.step_exponent = 3;
  const NoiseSchedule schedule(config);
  CHECK(schedule.step_at(0) == 0);
  CHECK(schedule.step_at(0.5) == 125);
  CHECK(schedule.step_at(std::nextafter(1.0, 0.0)) == 999);
  CHECK(cosine().step_at(0.5) == 500);
  CHECK(cosine().step_at(std::nextafter(1.0, 0.0)) == 999);

  // P(step < 20) = (20 / 1000)^(1/3) = 0.271; three standard deviations of 2000 draws are 0.03.
  const DiffusionDraw many = draw_diffusion(schedule, {2000, 4, 4, 1}, 1, 0, 0);
  const auto clean = std::count_if(many.steps.begin(), many.steps.end(), [](double t) { return t < 20; });
  CHECK(std::abs(static_cast<double>(clean) / 2000 - 0.271) < 0.03);
}

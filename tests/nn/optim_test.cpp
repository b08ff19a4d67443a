#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "framework/core/parallel.h"
#include "framework/core/rng.h"
#include "framework/optim/clip.h"
#include "framework/optim/ema.h"
#include "framework/optim/optimizer.h"
#include "framework/optim/schedule.h"
#include "kernels/table.h"

using namespace cf;

namespace {

Tensor f64(const std::vector<double>& values) { return Tensor::from({static_cast<std::int64_t>(values.size())}, values); }

Tensor noise(std::int64_t n, std::uint64_t salt) {
  const Philox rng = make_rng(5, RngStream::test, salt);
  std::vector<double> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = rng.normal(i);
  return f64(values);
}

// NaN where an element is.
double largest_difference(const Tensor& a, const Tensor& b) {
  const auto x = a.to(DType::f64).to_vector<double>();
  const auto y = b.to(DType::f64).to_vector<double>();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = std::abs(x[i] - y[i]);
    if (std::isnan(d)) return d;
    largest = std::max(largest, d);
  }
  return largest;
}

// Those that work on host memory.
std::vector<Backend> all_backends() {
  std::vector<Backend> all = {Backend::reference, Backend::cpu};
  if (cuda_is_emulated()) all.push_back(Backend::cuda);
  return all;
}
const std::vector<OptimizerOptions> kAllOptimizers = {AdamOptions{.weight_decay = 0.1}, AdamWOptions{.weight_decay = 0.1},
                                                      SgdOptions{.momentum = 0.9, .weight_decay = 0.1},
                                                      RmspropOptions{.alpha = 0.9, .weight_decay = 0.1}};

// Weights after `steps` updates from the same start with the same gradients.
Tensor trained(const OptimizerOptions& options, DType dtype, Backend backend, int steps) {
  const UseKernels use(backend);
  const std::int64_t n = 1003;  // leaves a SIMD tail
  const Tensor params = noise(n, 0).to(dtype);
  const Tensor grads = Tensor::zeros({n}, dtype);
  Optimizer optimizer(options, params, grads);
  for (int i = 0; i < steps; ++i) {
    grads.copy_from(noise(n, static_cast<std::uint64_t>(i) + 1).to(dtype));
    optimizer.step(1e-2);
  }
  return params;
}

struct Stepped {
  Tensor params, shadow, state;
};

// Three steps with clipping and averages in f32: by apply() alone, or by the kernels for clipping and averages around it.
Stepped stepped(const OptimizerOptions& options, double max_norm, bool apart) {
  const std::int64_t n = 1003;
  const Tensor params = noise(n, 0).to(DType::f32);
  const Tensor grads = Tensor::zeros({n});
  const GradNorm norm(grads);
  const OptimKernels& kernels = kernels_for({}).optim;
  Ema ema(params, 0.9);
  Optimizer optimizer(options, params, grads);
  for (int i = 0; i < 3; ++i) {
    grads.copy_from(noise(n, static_cast<std::uint64_t>(i) + 1).to(DType::f32));
    norm.measure();
    if (!apart) {
      optimizer.step(1e-2, {.norm = &norm, .max_norm = max_norm, .ema = &ema});
      continue;
    }
    if (max_norm > 0) kernels.clip(max_norm, norm.squared().cview(), grads.view());
    optimizer.step(1e-2);
    const Tensor values = f64({0, 0, 0, ema.next_decay()});
    kernels.ema(values.cview(), ema.shadow().view(), params.cview());
  }
  return {params, ema.shadow(), optimizer.state().back().second};
}

}  // namespace

TEST_CASE("the bias correction makes Adam's first step lr * sign(g)") {
  const Tensor p = f64({1, -2, 3});
  const Tensor g = f64({0.5, -1e-3, 20});
  Optimizer adam(AdamOptions{.eps = 0}, p, g);
  adam.step(0.1);
  CHECK(largest_difference(p, f64({0.9, -1.9, 2.9})) < 1e-15);
  CHECK(adam.steps() == 1);
}

TEST_CASE("Adam's second step by hand") {
  const Tensor p = f64({1});
  const Tensor g = f64({2});
  Optimizer adam(AdamOptions{.beta1 = 0.5, .beta2 = 0.75, .eps = 0.25}, p, g);
  adam.step(0.1);  // m = 1, v = 1, corrected 2 and 4: p = 1 - 0.1 * 2 / 2.25
  g.span<double>()[0] = -1;
  adam.step(0.1);  // m = 0, v = 1
  CHECK(p.item() == doctest::Approx(1 - 0.2 / 2.25).epsilon(1e-14));
  CHECK(adam.state()[0].first == "adam.m");
  CHECK(adam.state()[0].second.item() == doctest::Approx(0));
  CHECK(adam.state()[1].first == "adam.v");
  CHECK(adam.state()[1].second.item() == doctest::Approx(1).epsilon(1e-14));
}

TEST_CASE("weight decay: in the gradient for Adam, beside it for AdamW") {
  const Tensor g = f64({0});
  const Tensor coupled = f64({2});
  const Tensor decoupled = f64({2});
  Optimizer(AdamOptions{.eps = 0, .weight_decay = 0.1}, coupled, g).step(0.01);
  Optimizer(AdamWOptions{.weight_decay = 0.1}, decoupled, g).step(0.01);
  CHECK(coupled.item() == doctest::Approx(1.99).epsilon(1e-14));
  CHECK(decoupled.item() == doctest::Approx(2 * (1 - 0.001)).epsilon(1e-14));
}

TEST_CASE("SGD with momentum and RMSprop by hand") {
  const Tensor g = f64({1});
  const Tensor p = f64({0});
  Optimizer sgd(SgdOptions{.momentum = 0.5}, p, g);
  sgd.step(0.1);  // v = 1
  sgd.step(0.1);  // v = 1.5
  CHECK(p.item() == doctest::Approx(-0.25).epsilon(1e-14));
  CHECK(sgd.state()[0].second.item() == doctest::Approx(1.5).epsilon(1e-14));

  const Tensor q = f64({0});
  Optimizer rmsprop(RmspropOptions{.alpha = 0.75, .eps = 0.5}, q, g);
  rmsprop.step(0.1);  // square = 0.25
  CHECK(q.item() == doctest::Approx(-0.1).epsilon(1e-14));
}

TEST_CASE("every backend takes the steps of f64") {
  for (const OptimizerOptions& options : kAllOptimizers) {
    CAPTURE(options.index());
    const Tensor exact = trained(options, DType::f64, Backend::reference, 5);
    // Weights of order 1 that are rounded at 6e-8 in each of five steps.
    for (const Backend backend : all_backends()) {
      CAPTURE(kernel_table(backend).name);
      CHECK(largest_difference(trained(options, DType::f32, backend, 5), exact) < 2e-6);
    }
  }
}

TEST_CASE("a restored optimizer goes on as if it had not stopped") {
  const Tensor g = noise(37, 9);
  const Tensor p = noise(37, 8);
  Optimizer straight(AdamOptions{}, p, g);
  for (int i = 0; i < 3; ++i) straight.step(1e-2);
  const Tensor copy = p.clone();
  Optimizer resumed(AdamOptions{}, copy, g);
  for (std::size_t i = 0; i < 2; ++i) resumed.state()[i].second.copy_from(straight.state()[i].second);
  resumed.set_steps(straight.steps());
  straight.step(1e-2);
  resumed.step(1e-2);
  CHECK(p.to_vector<double>() == copy.to_vector<double>());
}

TEST_CASE("options out of range are refused") {
  const Tensor p = f64({1});
  CHECK_THROWS_WITH_AS(Optimizer(AdamOptions{.beta1 = 1}, p, p), doctest::Contains("beta1"), Error);
  CHECK_THROWS_WITH_AS(Optimizer(AdamWOptions{.eps = -1}, p, p), doctest::Contains("eps"), Error);
  CHECK_THROWS_WITH_AS(Optimizer(SgdOptions{.momentum = -0.1}, p, p), doctest::Contains("momentum"), Error);
  CHECK_THROWS_WITH_AS(Optimizer(RmspropOptions{.weight_decay = -1}, p, p), doctest::Contains("weight_decay"), Error);
  CHECK_THROWS_WITH_AS(Optimizer(SgdOptions{}, p, f64({1, 2})), doctest::Contains("gradients"), Error);
}

TEST_CASE("schedules") {
  using Kind = ScheduleOptions::Kind;
  CHECK(Schedule({.lr = 0.5}).lr_at(1000) == 0.5);

  const Schedule multistep({.kind = Kind::multistep, .lr = 1, .milestones = {10, 20}, .gamma = 0.5});
  CHECK(multistep.lr_at(9) == 1);
  CHECK(multistep.lr_at(10) == 0.5);
  CHECK(multistep.lr_at(20) == 0.25);

  const Schedule cosine({.kind = Kind::cosine, .lr = 1, .min_lr = 0.2, .steps = 100});
  CHECK(cosine.lr_at(0) == 1);
  CHECK(cosine.lr_at(25) == doctest::Approx(0.2 + 0.4 * (1 + std::numbers::sqrt2 / 2)));
  CHECK(cosine.lr_at(50) == doctest::Approx(0.6));
  CHECK(cosine.lr_at(100) == doctest::Approx(0.2));
  CHECK(cosine.lr_at(150) == doctest::Approx(0.2));

  const Schedule linear({.kind = Kind::linear, .lr = 1, .steps = 14, .warmup = 4});
  const double expected[] = {0.2, 0.4, 0.6, 0.8, 1, 0.9};
  for (int step = 0; step < 6; ++step) CHECK(linear.lr_at(step) == doctest::Approx(expected[step]));
  CHECK(linear.lr_at(14) == 0);
  CHECK(linear.lr_at(20) == 0);
}

TEST_CASE("impossible schedules are refused") {
  using Kind = ScheduleOptions::Kind;
  CHECK_THROWS_AS(Schedule({.lr = 0}), Error);
  CHECK_THROWS_AS(Schedule({.lr = std::numeric_limits<double>::quiet_NaN()}), Error);
  CHECK_THROWS_AS(Schedule({.lr = 1, .min_lr = 2}), Error);
  CHECK_THROWS_WITH_AS(Schedule({.kind = Kind::cosine}), doctest::Contains("steps"), Error);
  CHECK_THROWS_AS(Schedule({.kind = Kind::linear, .steps = 5, .warmup = 5}), Error);
  CHECK_THROWS_AS(Schedule({.kind = Kind::multistep, .milestones = {20, 10}}), Error);
}

TEST_CASE("the norm of the gradients, and steps that clip by it") {
  const Tensor g = f64({3, 4});
  const GradNorm norm(g);
  norm.measure();
  CHECK(norm.value() == 5);
  const auto moved = [&](double max_norm) {
    const Tensor p = f64({0, 0});
    Optimizer(SgdOptions{}, p, g).step(1, {.norm = &norm, .max_norm = max_norm});
    return p;
  };
  CHECK(moved(10).to_vector<double>() == std::vector<double>{-3, -4});
  CHECK(moved(0).to_vector<double>() == std::vector<double>{-3, -4});
  CHECK(largest_difference(moved(1), f64({-0.6, -0.8})) < 1e-15);
  CHECK(g.to_vector<double>() == std::vector<double>{3, 4});
  Optimizer optimizer(SgdOptions{}, g.clone(), g);
  CHECK_THROWS_WITH_AS(optimizer.step(1, {.norm = &norm, .max_norm = -1}), doctest::Contains("negative"), Error);
  CHECK_THROWS_WITH_AS(optimizer.step(1, {.max_norm = 1}), doctest::Contains("needs the norm"), Error);
}

TEST_CASE("the norm does not depend on the thread count") {
  const Tensor g = noise(200003, 3).to(DType::f32);
  const GradNorm norm(g);
  const auto measured = [&] {
    norm.measure();
    return norm.value();
  };
  const int threads = max_threads();
  set_threads(1);
  const double alone = measured();
  set_threads(3);
  CHECK(measured() == alone);
  set_threads(threads);
  const UseKernels use(Backend::reference);
  CHECK(measured() == doctest::Approx(alone).epsilon(1e-7));
}

TEST_CASE("clip, update and average in one pass are those in three") {
  for (const Backend backend : all_backends()) {
    CAPTURE(kernel_table(backend).name);
    const UseKernels use(backend);
    for (const OptimizerOptions& options : kAllOptimizers) {
      CAPTURE(options.index());
      for (const double max_norm : {0.0, 1.5, 1e6}) {
        CAPTURE(max_norm);
        const Stepped one = stepped(options, max_norm, false);
        const Stepped three = stepped(options, max_norm, true);
        CHECK(largest_difference(one.params, three.params) == 0);
        CHECK(largest_difference(one.shadow, three.shadow) == 0);
        CHECK(largest_difference(one.state, three.state) == 0);
      }
    }
  }
}

TEST_CASE("a gradient that is not finite changes nothing") {
  for (const Backend backend : all_backends()) {
    CAPTURE(kernel_table(backend).name);
    const UseKernels use(backend);
    for (const OptimizerOptions& options : kAllOptimizers) {
      CAPTURE(options.index());
      for (const double wrong : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
        const Tensor p = noise(37, 1).to(DType::f32);
        const Tensor before = p.clone();
        const Tensor g = noise(37, 2).to(DType::f32);
        g.span<float>()[36] = static_cast<float>(wrong);
        Ema ema(p, 0.5);
        const GradNorm norm(g);
        norm.measure();
        CHECK(!std::isfinite(norm.value()));
        Optimizer optimizer(options, p, g);
        optimizer.step(0.1, {.norm = &norm, .max_norm = 1, .ema = &ema});
        CHECK(largest_difference(p, before) == 0);
        CHECK(largest_difference(ema.shadow(), before) == 0);
        for (const auto& [name, state] : optimizer.state()) CHECK(largest_difference(state, Tensor::zeros({37})) == 0);
      }
    }
  }
}

TEST_CASE("what rests keeps parameters and state, the rest is as ever, the average goes on") {
  for (const OptimizerOptions& options : kAllOptimizers) {
    const std::int64_t n = 100;
    const std::vector<FlatRange> resting = {{0, 16}, {48, 64}, {64, 65}, {99, 100}};
    const auto rests = [&](std::size_t i) {
      const auto at = static_cast<std::int64_t>(i);
      return std::any_of(resting.begin(), resting.end(), [&](const FlatRange& r) { return at >= r.begin && at < r.end; });
    };
    const Tensor all = noise(n, 0);
    const Tensor some = noise(n, 0);
    const Tensor grads = noise(n, 1);
    Optimizer every(options, all, grads);
    Optimizer active(options, some, grads);
    Ema average(some, 0.9);
    // The first step moves everything, so that there is a state that could go on moving weights.
    every.step(0.1);
    active.step(0.1, {.ema = &average});
    const auto before = some.to_vector<double>();
    const auto state = active.state()[0].second.to_vector<double>();
    const auto shadow = average.shadow().to_vector<double>();
    every.step(0.1);
    active.step(0.1, {.ema = &average, .resting = resting});
    for (std::size_t i = 0; i < before.size(); ++i) {
      CHECK((some.to_vector<double>()[i] == before[i]) == rests(i));
      CHECK((active.state()[0].second.to_vector<double>()[i] == state[i]) == rests(i));
      if (!rests(i)) CHECK(some.to_vector<double>()[i] == all.to_vector<double>()[i]);
      const double decay = 3.0 / 12;  // of the second update
      CHECK(average.shadow().to_vector<double>()[i] ==
            doctest::Approx(decay * shadow[i] + (1 - decay) * some.to_vector<double>()[i]));
    }
    CHECK_THROWS_AS(active.step(0.1, {.ema = &average, .resting = std::vector<FlatRange>{{90, 101}}}), Error);
  }
}

TEST_CASE("the moving average warms up") {
  const Tensor p = f64({1, 2});
  const Tensor g = f64({-2, -2});
  Ema ema(p, 0.5);
  Optimizer optimizer(SgdOptions{}, p, g);
  optimizer.step(1, {.ema = &ema});  // p = 3, 4; d = 2/11
  CHECK(largest_difference(ema.shadow(), f64({3 - 4.0 / 11, 4 - 4.0 / 11})) < 1e-15);
  ema.set_updates(1000);
  optimizer.step(0, {.ema = &ema});  // d = 0.5
  CHECK(largest_difference(ema.shadow(), f64({3 - 2.0 / 11, 4 - 2.0 / 11})) < 1e-15);
  CHECK(ema.updates() == 1001);
  CHECK_THROWS_AS(Ema(p, 1), Error);
  optimizer.prepare(1);
  CHECK_THROWS_WITH_AS(optimizer.apply({.ema = &ema}), doctest::Contains("another average"), Error);
}

// Batch normalisation of a batch that lies on several ranks or in micro-batches: the whole batch's, forward and backward.
#include <doctest/doctest.h>

#include <cmath>

#include "framework/autograd/engine.h"
#include "framework/nn/layers.h"
#include "framework/ops/batch_reducer.h"
#include "framework/ops/loss.h"
#include "framework/ops/norm.h"
#include "framework/train/batch_gradient.h"
#include "framework/train/lanes.h"
#include "tests/harness/temp_folder.h"
#include "tests/harness/thread_group.h"

#ifdef CF_EMULATED
#include "kernels/cuda/emulator/fake_gpu.h"
#endif

namespace cf::test {
namespace {

constexpr std::int64_t kSamples = 8;
constexpr std::int64_t kChannels = 3;

class Reducer final : public ops::BatchReducer {
 public:
  explicit Reducer(ProcessGroup& group) : group_(group) {}
  std::int64_t parts() const override { return group_.size(); }
  void sum(const Tensor& values) override { group_.sum(values); }
  bool moves_statistics() const override { return true; }

 private:
  ProcessGroup& group_;
};

// Irregular numbers around `centre`, samples first ... first + count - 1 of a set.
Tensor images(DType dtype, std::int64_t first, std::int64_t count, double centre, double phase = 0) {
  std::vector<double> values;
  const std::int64_t size = 4 * 5 * kChannels;
  for (std::int64_t i = first * size; i < (first + count) * size; ++i) {
    values.push_back(centre + std::sin(phase + 0.37 * static_cast<double>(i) + 0.01 * static_cast<double>(i % 17 * i % 23)));
  }
  return Tensor::from({count, 4, 5, kChannels}, values).to(dtype);
}

struct Result {
  std::vector<double> y, dx, dweight, dbias, mean, var;
};

std::vector<double> numbers(const Tensor& t) { return t.to(DType::f64).to_vector<double>(); }

// Normalises a part of the batch and walks back from a gradient that differs everywhere.
Result normalised(DType dtype, double centre, std::int64_t first, std::int64_t count) {
  const Tensor x = images(dtype, first, count, centre);
  const Tensor weight = Tensor::from({kChannels}, std::vector<double>{1.5, -0.5, 0.25}).to(dtype);
  const Tensor bias = Tensor::from({kChannels}, std::vector<double>{0.5, 0, -1}).to(dtype);
  for (const Tensor& t : {x, weight, bias}) t.set_requires_grad();
  const ops::BatchNormState state = {Tensor::zeros({kChannels}, dtype), Tensor::full({kChannels}, 1, dtype)};
  const Tensor y = ops::batch_norm(x, weight, bias, state, true);
  backward(y, images(dtype, first, count, 0.2, 1.7));
  return {numbers(y), numbers(x.grad()), numbers(weight.grad()), numbers(bias.grad()), numbers(state.mean), numbers(state.var)};
}

void append(std::vector<double>& all, const std::vector<double>& part) { all.insert(all.end(), part.begin(), part.end()); }
void add(std::vector<double>& sum, const std::vector<double>& term) {
  sum.resize(term.size());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += term[i];
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(b[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return difference / largest;
}

void check_split(DType dtype, double centre, int ranks, double tolerance) {
  CAPTURE(ranks);
  const Result whole = normalised(dtype, centre, 0, kSamples);
  std::vector<Result> parts(static_cast<std::size_t>(ranks));
  run_ranks(ranks, [&](ProcessGroup& group) {
    Reducer reducer(group);
    const ops::UseBatchReducer use(&reducer);
    const std::int64_t count = kSamples / ranks;
    parts[static_cast<std::size_t>(group.rank())] = normalised(dtype, centre, group.rank() * count, count);
  });
  Result all;
  for (const Result& part : parts) {
    append(all.y, part.y);
    append(all.dx, part.dx);
    add(all.dweight, part.dweight);
    add(all.dbias, part.dbias);
    CHECK(part.mean == parts[0].mean);
    CHECK(part.var == parts[0].var);
  }
  CHECK(distance(all.y, whole.y) < tolerance);
  CHECK(distance(all.dx, whole.dx) < tolerance);
  CHECK(distance(all.dweight, whole.dweight) < tolerance);
  CHECK(distance(all.dbias, whole.dbias) < tolerance);
  CHECK(distance(parts[0].mean, whole.mean) < tolerance);
  CHECK(distance(parts[0].var, whole.var) < tolerance);
}

TEST_CASE("batch_norm over ranks is that of the whole batch, which gradcheck checks") {
  for (const int ranks : {1, 2, 4, 8}) check_split(DType::f64, 0.5, ranks, 1e-12);
  for (const int ranks : {2, 4}) check_split(DType::f32, 0.5, ranks, 3e-6);
}

TEST_CASE("batch_norm over ranks: a mean far from zero takes nothing from the variance") {
  for (const int ranks : {2, 4}) {
    check_split(DType::f64, 1e6, ranks, 1e-8);  // of 1e-16 * 1e6, the input's own rounding
    check_split(DType::f32, 100, ranks, 1e-3);
  }
}

TEST_CASE("batch_norm over ranks: a part may be of one value per channel, the batch may not") {
  run_ranks(2, [](ProcessGroup& group) {
    Reducer reducer(group);
    const ops::UseBatchReducer use(&reducer);
    const Tensor one = Tensor::full({1, 1, 1, 1}, group.rank() == 0 ? 1 : 3);
    const ops::BatchNormState state = {Tensor::zeros({1}), Tensor::full({1}, 1)};
    const Tensor y = ops::batch_norm(one, Tensor::full({1}, 1), Tensor::zeros({1}), state, true, 1, 0);
    CHECK(y.item() == doctest::Approx(group.rank() == 0 ? -1 : 1));
    CHECK(state.mean.item() == doctest::Approx(2));
    CHECK(state.var.item() == doctest::Approx(2));  // unbiased
  });
}

TEST_CASE("batch_norm over ranks: not where the statistics are given, and not without a guard") {
  run_ranks(2, [](ProcessGroup& group) {
    Reducer reducer(group);
    const Tensor x = images(DType::f32, group.rank(), 1, 0);
    const Tensor ones = Tensor::full({kChannels}, 1);
    const Tensor zeros = Tensor::zeros({kChannels});
    const ops::BatchNormState state = {zeros.clone(), ones.clone()};
    if (group.rank() == 0) {  // would wait for the other
      const ops::UseBatchReducer use(&reducer);
      ops::batch_norm(x, ones, zeros, state, false);
    } else {
      ops::batch_norm(x, ones, zeros, state, true);
    }
    group.barrier();
  });
}

// A layer with batch normalisation in the middle, and a second behind it.
struct Network {
  explicit Network(Device device = {})
      : params(DType::f32, device),
        first(Scope(params, 3).child("a"), kChannels, kChannels),
        second(Scope(params, 3).child("b"), kChannels) {
    params.pack();
  }
  Tensor loss(std::int64_t begin, std::int64_t count) const {
    const Tensor x = first(images(DType::f32, begin, count, 0.1).to(params.device()));
    return ops::mse_loss(second(x, true), images(DType::f32, begin, count, 0.3, 0.9).to(params.device()));
  }

  struct Inner {
    Inner(const Scope& scope, std::int64_t in, std::int64_t out)
        : linear(scope.child("linear"), in, out), norm(scope.child("norm"), out) {}
    Tensor operator()(const Tensor& x) const { return norm(linear(x), true); }
    Linear linear;
    BatchNorm norm;
  };

  ParamStore params;
  Inner first;
  BatchNorm second;
};

struct Step {
  std::vector<double> gradient, statistics;
  double loss = 0;
};

// One step of all ranks, whose parts are `parts` each.
std::vector<Step> steps_of_ranks(int ranks, BatchGradientOptions options) {
  std::vector<Step> all(static_cast<std::size_t>(ranks));
  options.sync_batch_norm = true;
  run_ranks(ranks, [&](ProcessGroup& group) {
    const Network network;
    const auto gradient = make_batch_gradient(network.params, group, options);
    const std::int64_t count = kSamples / (ranks * options.parts);
    Tensor losses;
    for (int again = 0; again < 2; ++again) {
      losses = gradient->compute(
          [&](std::int64_t part) { return network.loss((group.rank() * options.parts + part) * count, count); });
      gradient->reduce();
    }
    CHECK(losses.numel() == options.parts);
    all[static_cast<std::size_t>(group.rank())] = {numbers(network.params.flat_grad()), numbers(network.params.flat_buffers()),
                                                   losses.to(DType::f64).to_vector<double>()[0]};
  });
  return all;
}

TEST_CASE("batch_norm over ranks and micro-batches: the gradient of the whole batch") {
  const Step whole = steps_of_ranks(1, {})[0];
  for (const int ranks : {2, 4}) {
    for (const Step& step : steps_of_ranks(ranks, {.bucket_bytes = 1})) {
      CHECK(distance(step.gradient, whole.gradient) < 1e-5);
      CHECK(distance(step.statistics, whole.statistics) < 1e-6);
    }
  }
  const Step lanes = steps_of_ranks(1, {.parts = 8, .fixed_order = true})[0];
  CHECK(distance(lanes.gradient, whole.gradient) < 1e-5);
  CHECK(distance(lanes.statistics, whole.statistics) < 1e-6);
}

TEST_CASE("batch_norm in a fixed order: the same bits whatever the number of ranks") {
  for (const std::int64_t parts : {8, 4}) {  // of all ranks
    const Step alone = steps_of_ranks(1, {.parts = parts, .fixed_order = true})[0];
    for (const int ranks : {2, 4}) {
      CAPTURE(ranks);
      for (const Step& step : steps_of_ranks(ranks, {.parts = parts / ranks, .fixed_order = true})) {
        CHECK(step.gradient == alone.gradient);
        CHECK(step.statistics == alone.statistics);
      }
    }
  }
}

#ifdef CF_EMULATED
TEST_CASE("batch_norm in a fixed order: on a device") {
  const emulator::FakeGpu gpu;
  const auto group = single_group();
  std::vector<std::vector<double>> gradients;
  for (const Device device : {Device{}, Device{Device::Kind::cuda, 0}}) {
    const Network network(device);
    const auto gradient = make_batch_gradient(network.params, *group, {.parts = 4, .fixed_order = true, .sync_batch_norm = true});
    gradient->compute([&](std::int64_t part) { return network.loss(2 * part, 2); });
    gradient->reduce();
    gradients.push_back(numbers(network.params.flat_grad().to(Device{})));
  }
  CHECK(distance(gradients[1], gradients[0]) < 1e-5);
}
#endif

TEST_CASE("lanes: what one throws ends the others, and the next round works") {
  const Network network;
  const auto group = single_group();
  const auto gradient = make_batch_gradient(network.params, *group, {.parts = 4, .fixed_order = true, .sync_batch_norm = true});
  for (const std::int64_t bad : {0, 2, 3}) {
    CAPTURE(bad);
    const std::string error = error_of([&] {
      gradient->compute([&](std::int64_t part) {
        check(part != bad, "part {} is bad", part);
        return network.loss(2 * part, 2);
      });
    });
    CHECK(error == "part " + std::to_string(bad) + " is bad");
    CHECK(gradient->compute([&](std::int64_t part) { return network.loss(2 * part, 2); }).numel() == 4);
  }
}

TEST_CASE("lanes: in turns, and equally often") {
  std::vector<std::string> notes;
  Lanes lanes(3, [&](std::int64_t lane) { notes.push_back("turn " + std::to_string(lane)); });
  const auto meet = [&](std::int64_t lane) { lanes.meet(lane, [&] { notes.emplace_back("together"); }); };
  lanes.run([&](std::int64_t lane) {
    notes.push_back("begin " + std::to_string(lane));
    meet(lane);
    notes.push_back("end " + std::to_string(lane));
  });
  CHECK(notes == std::vector<std::string>{"turn 0", "begin 0", "turn 1", "begin 1", "turn 2", "begin 2", "together", "turn 0",
                                          "end 0", "turn 1", "end 1", "turn 2", "end 2"});
  for (const std::int64_t extra : {0, 1, 2}) {
    CAPTURE(extra);
    const std::string error = error_of([&] {
      lanes.run([&](std::int64_t lane) {
        meet(lane);
        if (lane == extra) meet(lane);
      });
    });
    CHECK(contains(error, "lanes: one"));
  }
  lanes.run(meet);
}

}  // namespace
}  // namespace cf::test

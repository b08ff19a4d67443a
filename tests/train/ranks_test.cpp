// The training loop over ranks, which are threads here: one run, whatever their number.
#include <doctest/doctest.h>

#include <cmath>
#include <csignal>
#include <limits>
#include <numeric>

#include "framework/core/device_services.h"
#include "framework/io/checkpoint.h"
#include "framework/nn/layers.h"
#include "framework/ops/activation.h"
#include "tests/harness/thread_group.h"
#include "tests/train/tiny_task.h"

#ifdef CF_EMULATED
#include "kernels/cuda/emulator/fake_gpu.h"
#endif

namespace cf::test {
namespace {

constexpr std::int64_t kBatch = 8;
constexpr std::int64_t kWidth = 6;

// Two layers on batches of eight samples, of which each rank has its share, in parts.
class SharedTask final : public TrainTask {
 public:
  SharedTask(ProcessGroup& ranks, std::int64_t parts)
      : ranks_(ranks),
        parts_(parts),
        first_(Scope(params, 5).child("a"), kWidth, 9),
        second_(Scope(params, 5).child("b"), 9, kWidth) {
    params.pack();
  }

  std::int64_t parts() const override { return parts_; }
  void load(std::int64_t step) override { step_ = step; }
  Tensor loss(std::int64_t part) override {
    const std::int64_t samples = kBatch / (ranks_.size() * parts_);
    const std::int64_t first = step_ * kBatch + (ranks_.rank() * parts_ + part) * samples;
    const Tensor x = images(first, samples, 0.1);
    return ops::mse_loss(second_(ops::tanh(first_(x))), images(first, samples, 0.9));
  }
  std::string describe_batch(std::int64_t step, int rank) const override { return fmt::format("{}/{}", step, rank); }
  Validation validate() override {
    const std::vector<float> weights = numbers();
    return {.metrics = {{"sum", std::accumulate(weights.begin(), weights.end(), 0.0)}}, .score = "sum", .images = {}};
  }

  std::vector<float> numbers() const { return params.flat().to_vector<float>(); }

  ParamStore params;
  std::int64_t bad_sample = -1;  // whose input holds NaN

 private:
  Tensor images(std::int64_t first, std::int64_t count, double phase) const {
    std::vector<float> values;
    for (std::int64_t i = first * kWidth; i < (first + count) * kWidth; ++i) {
      const bool bad = i / kWidth == bad_sample;
      values.push_back(bad ? std::numeric_limits<float>::quiet_NaN()
                           : static_cast<float>(std::sin(phase + 0.7 * static_cast<double>(i % 401))));
    }
    return Tensor::from({count, kWidth}, values);
  }

  ProcessGroup& ranks_;
  std::int64_t parts_;
  std::int64_t step_ = 0;
  Linear first_;
  Linear second_;
};

struct Settings {
  int ranks = 1;
  std::int64_t parts = 1;  // of each rank
  TrainerOptions options = {.max_steps = 12, .steps_per_epoch = 4};
  std::filesystem::path resume = {};
  std::int64_t bad_sample = -1;
};

struct Run {
  std::vector<float> weights;
  std::vector<double> losses, norms;
};

std::vector<double> logged(const std::filesystem::path& dir, const char* key) {
  std::vector<double> values;
  std::istringstream text(read_text(dir / "log.jsonl"));
  for (std::string line; std::getline(text, line);) {
    if (const auto parsed = ordered_json::parse(line); parsed.contains("loss")) values.push_back(parsed.at(key).get<double>());
  }
  return values;
}

// Trains in `dir`, which rank 0 writes to; the weights of all ranks are equal.
Run train(const std::filesystem::path& dir, const Settings& s) {
  std::vector<std::vector<float>> weights(static_cast<std::size_t>(s.ranks));
  run_ranks(s.ranks, [&](ProcessGroup& group) {
    SharedTask task(group, s.parts);
    task.bad_sample = s.bad_sample;
    Optimizer optimizer(AdamOptions{}, task.params.flat(), task.params.flat_grad());
    Ema ema(task.params.flat(), 0.9);
    const Schedule schedule({.kind = ScheduleOptions::Kind::cosine, .lr = 0.01, .steps = 50});
    std::unique_ptr<RunFolder> folder;
    if (group.rank() == 0) folder = std::make_unique<RunFolder>(dir, !s.resume.empty());
    if (folder != nullptr) folder->write_config(ordered_json::object());
    Trainer trainer({task, task.params, optimizer, schedule, &ema, folder.get(), ordered_json::object(), group}, s.options);
    if (!s.resume.empty()) trainer.resume(s.resume);
    const TrainOutcome outcome = trainer.run();
    CHECK(outcome.steps == s.options.max_steps);
    weights[static_cast<std::size_t>(group.rank())] = task.numbers();
  });
  for (const auto& of_rank : weights) CHECK(of_rank == weights[0]);
  return {weights[0], logged(dir, "loss"), logged(dir, "grad_norm")};
}

void check_near(const Run& a, const Run& b, double tolerance) {
  REQUIRE(a.losses.size() == b.losses.size());
  for (std::size_t i = 0; i < a.losses.size(); ++i) {
    CHECK(a.losses[i] == doctest::Approx(b.losses[i]).epsilon(tolerance));
    CHECK(a.norms[i] == doctest::Approx(b.norms[i]).epsilon(tolerance));
  }
  for (std::size_t i = 0; i < a.weights.size(); ++i) CHECK(std::abs(a.weights[i] - b.weights[i]) < tolerance);
}

TEST_CASE("ranks: one batch, one run, whatever their number") {
  const TempFolder folder;
  const Run alone = train(folder / "1", {});
  CHECK(alone.losses.size() == 12);
  for (const int ranks : {2, 4, 8}) {
    CAPTURE(ranks);
    Settings settings{.ranks = ranks};
    settings.options.gradient.bucket_bytes = 64;
    const Run overlapped = train(folder / std::to_string(ranks), settings);
    check_near(overlapped, alone, 1e-5);
    settings.options.gradient.overlap = false;
    settings.options.log_every = 3;
    const Run apart = train(folder / ("apart" + std::to_string(ranks)), settings);
    CHECK(apart.weights == overlapped.weights);
    CHECK(apart.losses == overlapped.losses);
    CHECK(apart.norms == overlapped.norms);
  }
  check_near(train(folder / "parts", {.ranks = 2, .parts = 2}), alone, 1e-5);
}

TEST_CASE("ranks: in a fixed order the same bits, whatever their number") {
  const TempFolder folder;
  Settings settings{.ranks = 1, .parts = 8};
  settings.options.gradient.fixed_order = true;
  const Run alone = train(folder / "1", settings);
  check_near(alone, train(folder / "whole", {}), 1e-5);
  for (const int ranks : {2, 4, 8}) {
    settings.ranks = ranks;
    settings.parts = 8 / ranks;
    const Run shared = train(folder / std::to_string(ranks), settings);
    CHECK(shared.weights == alone.weights);
    CHECK(shared.losses == alone.losses);
    CHECK(shared.norms == alone.norms);
  }
}

TEST_CASE("ranks: a checkpoint goes on on another number of them") {
  const TempFolder folder;
  Settings settings{.ranks = 1, .parts = 8};
  settings.options.gradient.fixed_order = true;
  const Run straight = train(folder / "straight", settings);
  Settings half = settings;
  half.ranks = 2;
  half.parts = 4;
  half.options.max_steps = 6;
  train(folder / "half", half);
  const auto meta = read_checkpoint_header(folder / "half" / "last.cfk").meta;
  CHECK(!contains(meta.dump(), "rank"));
  for (const int ranks : {1, 2, 4}) {
    CAPTURE(ranks);
    settings.ranks = ranks;
    settings.parts = 8 / ranks;
    settings.resume = folder / "half" / "last.cfk";
    const Run rest = train(folder / ("rest" + std::to_string(ranks)), settings);
    CHECK(rest.weights == straight.weights);
    CHECK(rest.losses == std::vector<double>(straight.losses.begin() + 6, straight.losses.end()));
  }
}

TEST_CASE("ranks: all stop at a loss that is not finite, and name the rank") {
  for (const std::int64_t parts : {1, 2}) {
    for (const bool fixed : {false, true}) {
      const TempFolder folder;
      // The third step's sixth sample: of rank 2 of 4, or 1 of 2.
      Settings settings{.ranks = 4 / static_cast<int>(parts), .parts = parts, .bad_sample = 2 * kBatch + 5};
      settings.options.gradient.fixed_order = fixed;
      settings.options.log_every = 5;
      const std::string error = error_of([&] { train(folder / "run", settings); });
      const int rank = parts == 1 ? 2 : 1;
      CHECK(contains(error, fmt::format("the loss is nan at step 3 on rank {} (samples 2/{});", rank, rank)));
      CHECK(logged(folder / "run", "loss").size() == 2);
      CHECK(!std::filesystem::exists(folder / "run" / "last.cfk"));
    }
  }
}

StepLog::Values values(std::vector<double> losses, double norm, double own) { return {std::move(losses), norm, own}; }

TEST_CASE("ranks: what they tell each other of their steps") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  run_ranks(4, [&](ProcessGroup& group) {
    const double r = group.rank();
    const bool second = group.rank() == 2;
    // Whole; a loss that is not; a gradient that is not; a sum of finite gradients that overflows.
    const RankReports all = exchange(group, {},
                                     {values({r, r + 4}, 5, r), values({0, second ? kNaN : 1}, kNaN, second ? kNaN : 1),
                                      values({1, 1}, kNaN, second ? INFINITY : 1), values({1, 1}, INFINITY, 1)},
                                     second ? SIGTERM : 0);
    CHECK(all.signal == SIGTERM);
    REQUIRE(all.steps.size() == 4);
    CHECK(all.steps[0].loss == 3.5);
    CHECK(all.steps[0].norm == 5);
    CHECK(all.steps[0].broken.empty());
    CHECK(std::isnan(all.steps[1].loss));
    CHECK(all.steps[1].broken == std::vector<int>{2});
    CHECK(all.steps[2].loss == 1);
    CHECK(all.steps[2].broken == std::vector<int>{2});
    CHECK(all.steps[3].broken == std::vector<int>{0, 1, 2, 3});
    CHECK(exchange(group, {}, {values({1, 1}, 1, 1)}, 0).signal == 0);
  });
}

#ifdef CF_EMULATED
// A rank whose only companion does the same: sums are twice what it brings.
class MirrorGroup final : public ProcessGroup {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::string backend() const override { return "mirror"; }
  void sum(const Tensor& values) override {
    CHECK(!services_of(kGpu).recording(0));
    dispatch_float(values.dtype(), "mirror", [&](auto zero) {
      const Tensor host = values.to(Device{});
      for (auto& v : host.span<decltype(zero)>()) v *= 2;
      values.copy_from(host);
    });
  }
  std::unique_ptr<PendingSum> begin_sum(const Tensor& values) override {
    sum(values);
    return inner_->begin_sum(values);
  }
  void tree_sum(const Tensor& values) override { sum(values); }
  void broadcast(const Tensor&, int) override {}
  std::string broadcast_text(const std::string& text, int) override { return text; }
  std::vector<std::string> all_gather_text(const std::string& text) override { return {text, text}; }
  void barrier() override {}

 private:
  std::unique_ptr<ProcessGroup> inner_ = single_group();
};

TEST_CASE("ranks: captured steps leave the sum outside of the recording") {
  const emulator::FakeGpu gpu;
  TrainerOptions options{.max_steps = 12, .steps_per_epoch = 4};
  TinyRun alone(kGpu, options);
  alone.trainer().run();
  for (const bool capture : {false, true}) {
    for (const bool fixed : {false, true}) {
      CAPTURE(capture);
      CAPTURE(fixed);
      options.capture = capture;
      options.gradient.fixed_order = fixed;
      TinyRun mirrored(kGpu, options, std::make_unique<MirrorGroup>());
      mirrored.trainer().run();
      CHECK(mirrored.weights() == alone.weights());
      CHECK(mirrored.averages() == alone.averages());
      CHECK(mirrored.steps().back().at("loss") == alone.steps().back().at("loss"));
    }
  }
  options.gradient.sync_batch_norm = true;
  CHECK(contains(error_of([&] { TinyRun(kGpu, options, std::make_unique<MirrorGroup>()); }), "train.sync_batch_norm=false"));
}
#endif

}  // namespace
}  // namespace cf::test

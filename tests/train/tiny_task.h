// A training task of one layer whose batches are functions of the step, on any device.
#pragma once

#include <cmath>
#include <vector>

#include "framework/io/files.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/loss.h"
#include "framework/train/trainer.h"
#include "tests/harness/temp_folder.h"

namespace cf::test {

constexpr Device kGpu{Device::Kind::cuda, 0};

class TinyTask final : public TrainTask {
 public:
  TinyTask(const ParamStore& store, Device device)
      : w_(store.at("w")), x_(Tensor::zeros({kSamples, kWidth}, DType::f32, device)), y_(x_.clone()) {}

  void load(std::int64_t step) override {
    x_.copy_from(images(step, 1, step == bad_step));
    y_.copy_from(images(step, 2, false));
  }
  Tensor loss(std::int64_t) override { return ops::mse_loss(ops::mul(x_, w_), y_); }
  std::string describe_batch(std::int64_t step, int) const override { return "number " + std::to_string(step); }
  Validation validate() override {
    // Memory of many sizes, written to, so that a captured step would notice if some of it were its own.
    std::vector<Tensor> rubbish;
    for (std::int64_t n = 1; n < 40000; n *= 3) rubbish.push_back(Tensor::full({n}, 1e30, DType::f32, w_.device()));
    const Tensor error = ops::mse_loss(ops::mul(x_, w_.detach()), y_);
    return {.metrics = {{"error", error.item()}}, .score = "error", .images = {}};
  }

  std::int64_t bad_step = -1;  // whose batch holds an infinity

 private:
  static constexpr std::int64_t kSamples = 3;
  static constexpr std::int64_t kWidth = 7;

  static Tensor images(std::int64_t step, int salt, bool bad) {
    std::vector<float> values;
    for (std::int64_t i = 0; i < kSamples * kWidth; ++i) {
      values.push_back(static_cast<float>(std::sin(salt + 0.37 * static_cast<double>(i) + 1.3 * static_cast<double>(step))));
    }
    if (bad) values[4] = INFINITY;
    return Tensor::from({kSamples, kWidth}, values);
  }

  Tensor w_;
  Tensor x_;
  Tensor y_;
};

// A run of the task in a folder of its own.
class TinyRun {
 public:
  TinyRun(Device device, const TrainerOptions& options, std::unique_ptr<ProcessGroup> group = single_group())
      : params_(DType::f32, device),
        task_(built(params_), device),
        optimizer_(AdamOptions{}, params_.flat(), params_.flat_grad()),
        ema_(params_.flat(), 0.9),
        schedule_({.kind = ScheduleOptions::Kind::cosine, .lr = 0.1, .steps = 50}),
        run_(folder_ / "run", false),
        group_(std::move(group)),
        trainer_({task_, params_, optimizer_, schedule_, &ema_, &run_, ordered_json::object(), *group_}, options) {
    run_.write_config(ordered_json::object());
  }

  TinyTask& task() { return task_; }
  Trainer& trainer() { return trainer_; }
  const RunFolder& folder() const { return run_; }
  std::vector<float> weights() const { return params_.flat().to_vector<float>(); }
  std::vector<float> averages() const { return ema_.shadow().to_vector<float>(); }
  // What log.jsonl says of steps.
  std::vector<ordered_json> steps() const {
    std::vector<ordered_json> lines;
    std::istringstream text(read_text(run_.dir() / "log.jsonl"));
    for (std::string line; std::getline(text, line);) {
      if (const auto parsed = ordered_json::parse(line); parsed.contains("loss")) lines.push_back(parsed);
    }
    return lines;
  }

 private:
  static const ParamStore& built(ParamStore& params) {
    const Tensor w = params.add_param("w", {1, 7});
    for (float& v : w.span<float>()) v = 0.5F;
    params.pack();
    return params;
  }

  TempFolder folder_;
  ParamStore params_;
  TinyTask task_;
  Optimizer optimizer_;
  Ema ema_;
  Schedule schedule_;
  RunFolder run_;
  std::unique_ptr<ProcessGroup> group_;
  Trainer trainer_;
};

}  // namespace cf::test

// The training loop: steps, validation, checkpoints, logs. It knows parameters and losses, not images; what is trained comes
// as a TrainTask.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "framework/io/json.h"
#include "framework/nn/param_store.h"
#include "framework/optim/clip.h"
#include "framework/optim/ema.h"
#include "framework/optim/optimizer.h"
#include "framework/optim/schedule.h"
#include "framework/train/run_folder.h"

namespace cf {

// The result of a validation.
struct Validation {
  std::vector<std::pair<std::string, double>> metrics;  // in the order they are printed
  std::string score;                                    // the metric by which the best checkpoint is chosen, smaller is better
  // Pictures for TensorBoard: tag and PNG.
  std::vector<std::pair<std::string, std::string>> images;

  double score_value() const;
};

// What a network and its data give to the loop. Everything is a function of the step alone, so that a resumed run goes on as
// if it had never stopped.
class TrainTask {
 public:
  virtual ~TrainTask() = default;
  // The loss of step `step` (0, 1, ...), recorded for the backward pass; shape (1). Steps come in order from the first call on.
  virtual Tensor loss(std::int64_t step) = 0;
  // Which samples the batch of `step` is made of, for the report of a loss that is not finite.
  virtual std::string describe_batch(std::int64_t step) const = 0;
  virtual Validation validate() = 0;
};

struct TrainerOptions {
  std::int64_t max_steps = 0;  // the loop stops here
  std::int64_t steps_per_epoch = 1;
  std::int64_t validate_every = 1;    // epochs; 0: never. The last step is validated too
  std::int64_t checkpoint_every = 0;  // epochs between numbered checkpoints; 0: none
  std::int64_t checkpoint_keep = 0;   // numbered checkpoints to keep, the newest; 0: all
  double save_seconds = 60;           // last.cfk is written at the end of an epoch, but no more often than this
  double clip_norm = 0;               // gradients are scaled down to this norm; 0: never
};

// How a run ended.
struct TrainOutcome {
  std::int64_t steps = 0;  // done in all
  double loss = 0;         // of the last step
  int signal = 0;          // what interrupted the loop; 0: it came to its end
  std::size_t peak_bytes = 0;
};

class Trainer {
 public:
  struct Parts {
    TrainTask& task;
    ParamStore& params;
    Optimizer& optimizer;
    const Schedule& schedule;
    Ema* ema;  // null: no averaging
    RunFolder& folder;
    ordered_json config;  // resolved; written into every checkpoint
  };

  Trainer(Parts parts, const TrainerOptions& options);

  // Restores weights, optimizer, averages, step and best score. Throws Error, before anything changed, where the checkpoint
  // does not fit.
  void resume(const std::filesystem::path& checkpoint);
  // Throws Error on a loss or gradient that is not finite, naming step, batch and the last good checkpoint.
  TrainOutcome run();
  std::int64_t step() const { return step_; }

 private:
  double train_step();
  void log_step(double loss, double seconds);
  [[noreturn]] void fail_not_finite(const char* what, double value) const;
  void end_of_epoch();
  void validate();
  void save(const std::filesystem::path& path) const;
  std::int64_t epoch() const { return step_ / options_.steps_per_epoch; }

  Parts parts_;
  TrainerOptions options_;
  GradNorm norm_;
  std::int64_t step_ = 0;  // steps done
  double best_score_ = 0;
  bool has_best_ = false;
  double epoch_loss_ = 0;  // sum over the steps of this epoch that this process has run, and their number
  std::int64_t epoch_steps_ = 0;
  double last_norm_ = 0;
  double last_rate_ = 0;  // learning rate
  double last_save_ = 0;  // seconds on the monotonic clock
  std::int64_t validated_at_ = -1;
};

}  // namespace cf

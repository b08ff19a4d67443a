// The training loop: steps, validation, checkpoints, logs. It knows parameters and losses, not images; what is trained comes
// as a TrainTask.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/core/allocator.h"
#include "framework/dist/process_group.h"
#include "framework/io/json.h"
#include "framework/nn/flat_range.h"
#include "framework/nn/param_store.h"
#include "framework/optim/clip.h"
#include "framework/optim/ema.h"
#include "framework/optim/optimizer.h"
#include "framework/optim/schedule.h"
#include "framework/train/batch_gradient.h"
#include "framework/train/run_folder.h"
#include "framework/train/step_log.h"
#include "framework/train/step_report.h"

namespace cf {

class GraphedStep;

// The result of a validation.
struct Validation {
  std::vector<std::pair<std::string, double>> metrics;  // in the order they are printed
  std::string score;                                    // the metric by which the best checkpoint is chosen, smaller is better
  // Pictures for TensorBoard: tag and PNG.
  std::vector<std::pair<std::string, std::string>> images;

  double score_value() const;
};

// What a network and its data give to the loop. Everything is a function of the step alone, so that a resumed run goes on as
// if it had never stopped. Of several ranks each has a task of its own, for its share of every batch.
class TrainTask {
 public:
  virtual ~TrainTask() = default;
  // Micro-batches of equal size that this rank's share of a batch is made of, each with a graph of its own.
  virtual std::int64_t parts() const { return 1; }
  // Puts this rank's share of the batch of step `step` (0, 1, ...) where loss() reads it. Steps come in order from the first
  // call on.
  virtual void load(std::int64_t step) = 0;
  // The mean loss of a part of that share, graph included; shape (1). Where steps are captured it queues the same work each
  // time, on memory of fixed place.
  virtual Tensor loss(std::int64_t part) = 0;
  // Which samples the share that a rank has of the batch of `step` is made of, for the report of a loss that is not finite.
  virtual std::string describe_batch(std::int64_t step, int rank) const = 0;
  // Called on all ranks, which may share the work; the same result on each but for pictures, which rank 0 alone needs.
  virtual Validation validate() = 0;
  // The parameters that step `step` leaves as they are, rising ranges. Not where steps are captured.
  virtual std::vector<FlatRange> resting(std::int64_t /*step*/) const { return {}; }
};

struct TrainerOptions {
  std::int64_t max_steps = 0;  // the loop stops here
  std::int64_t steps_per_epoch = 1;
  std::int64_t validate_every = 1;    // epochs; 0: never. The last step is validated too
  std::int64_t validate_steps = 0;    // where above 0: steps, instead of epochs
  std::int64_t checkpoint_every = 0;  // epochs between numbered checkpoints; 0: none
  std::int64_t checkpoint_steps = 0;  // where above 0: steps, instead of epochs
  std::int64_t checkpoint_keep = 0;   // numbered checkpoints to keep, the newest; 0: all
  double save_seconds = 60;           // last.cfk is written at the end of an epoch, but no more often than this
  double clip_norm = 0;               // gradients are scaled down to this norm; 0: never
  std::int64_t log_every = 1;         // steps between two looks at losses and norms, each of which waits for the device
  // Steps are recorded once and repeated; needs a GPU. Sums over ranks, and the optimizer behind them, stay outside.
  bool capture = false;
  // How ranks and micro-batches become one batch. `parts` is the task's; nothing overlaps where steps are captured.
  BatchGradientOptions gradient = {};
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
    Ema* ema;             // null: no averaging
    RunFolder* folder;    // null: another rank writes
    ordered_json config;  // resolved; written into every checkpoint
    ProcessGroup& group;  // of the parameters' device; outlives the trainer
  };

  Trainer(Parts parts, const TrainerOptions& options);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  // Restores weights, optimizer, averages, step and best score. Throws Error, before anything changed, where the checkpoint
  // does not fit.
  void resume(const std::filesystem::path& checkpoint);
  // Throws Error on a loss or gradient that is not finite, naming the first such step, the ranks that it began on, their samples
  // and the last good checkpoint, when losses are read next: at most log_every steps later, and before anything is validated or
  // saved. All ranks throw then, and all stop at the same step where a signal reached one of them.
  TrainOutcome run();
  std::int64_t step() const { return step_; }

 private:
  void train_step();
  // What a captured step repeats: forward and backward passes, and the update where no other rank's gradients belong to it.
  // Returns the losses of the parts.
  Tensor queue_step();
  // From the gradient of the whole batch to new weights.
  void update();
  bool alone() const { return parts_.group.size() == 1; }
  // The signal that ends the loop; one that all ranks know of. 0: none.
  int interrupted() const;
  void read_back();
  std::string blame(std::int64_t step, const StepReport& values) const;
  void check_finite(std::int64_t step, const StepReport& values) const;
  void log_step(std::int64_t step, const StepReport& values, double seconds);
  AllocatorStats memory() const;  // of the device, recorded steps included
  // Whether something happens behind `step` that happens every so many epochs, or steps.
  bool due(std::int64_t epochs, std::int64_t steps) const;
  bool validation_due() const;
  bool checkpoint_due() const { return due(options_.checkpoint_every, options_.checkpoint_steps); }
  void end_of_epoch();
  void validate();
  // Of a validation, on the rank that writes.
  void report(const Validation& result, bool best);
  void save_due();
  void save(const std::filesystem::path& path) const;
  std::int64_t epoch() const { return step_ / options_.steps_per_epoch; }

  Parts parts_;
  TrainerOptions options_;
  std::unique_ptr<BatchGradient> gradient_;
  GradNorm norm_;
  StepLog log_;
  std::unique_ptr<GraphedStep> graphed_;  // null: steps are not captured
  std::int64_t step_ = 0;                 // steps done
  int signal_ = 0;                        // that all ranks know of
  double best_score_ = 0;
  bool has_best_ = false;
  double epoch_loss_ = 0;  // sum over the steps of this epoch that this process has run, and their number
  std::int64_t epoch_steps_ = 0;
  double last_loss_ = 0;  // of the last step that was read back
  double last_norm_ = 0;
  double last_rate_ = 0;  // learning rate
  double begun_ = 0;      // when the first step that is not read back yet began
  double last_save_ = 0;  // seconds on the monotonic clock
  std::int64_t validated_at_ = -1;
};

}  // namespace cf

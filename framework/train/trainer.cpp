#include "framework/train/trainer.h"

#include <fmt/core.h>

#include <chrono>
#include <cmath>

#include "framework/autograd/engine.h"
#include "framework/core/allocator.h"
#include "framework/core/log.h"
#include "framework/io/checkpoint.h"
#include "framework/train/interrupt.h"
#include "framework/train/progress.h"

namespace cf {
namespace {

double now_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// While alive, the parameters hold their averages (where there are any).
class UseAverages {
 public:
  UseAverages(Ema* ema, const ParamStore& params) : ema_(ema), flat_(params.flat()) {
    if (ema_ == nullptr) return;
    live_ = flat_.clone();
    flat_.copy_from(ema_->shadow());
  }
  ~UseAverages() {
    if (ema_ != nullptr) flat_.copy_from(live_);
  }
  UseAverages(const UseAverages&) = delete;
  UseAverages& operator=(const UseAverages&) = delete;

 private:
  Ema* ema_;
  Tensor flat_;
  Tensor live_;
};

// What a resumed run reads besides tensors. Throws Error where the file holds weights only.
std::int64_t saved_integer(const Checkpoint& checkpoint, const char* key, const std::string& file) {
  const auto found = checkpoint.meta.find(key);
  check(found != checkpoint.meta.end() && found->is_number_integer(),
        "{}: has no '{}', so a run cannot go on from it; start from its weights with train.init", file, key);
  return found->get<std::int64_t>();
}

}  // namespace

double Validation::score_value() const {
  for (const auto& [name, value] : metrics) {
    if (name == score) return value;
  }
  fail("validation: no metric '{}' to choose the best checkpoint by", score);
}

Trainer::Trainer(Parts parts, const TrainerOptions& options)
    : parts_(std::move(parts)), options_(options), norm_(parts_.params.flat_grad()) {
  check(options_.max_steps > 0, "train: max_steps is {}, nothing to do", options_.max_steps);
  check(options_.steps_per_epoch > 0, "train: an epoch of {} steps", options_.steps_per_epoch);
}

void Trainer::resume(const std::filesystem::path& path) {
  const Checkpoint checkpoint = read_checkpoint(path);
  const std::string file = path.string();
  NamedTensors targets;
  for (const auto& [name, tensor] : parts_.params.state()) targets.emplace_back("model." + name, tensor);
  for (const auto& [name, tensor] : parts_.optimizer.state()) targets.emplace_back("optimizer." + name, tensor);
  if (parts_.ema != nullptr) targets.emplace_back("ema.shadow", parts_.ema->shadow());
  step_ = saved_integer(checkpoint, "step", file);
  check(step_ < options_.max_steps, "{}: has {} steps, and the run stops at {}; raise train.max_steps to go on", file, step_,
        options_.max_steps);
  load_into(targets, checkpoint.tensors, file);
  parts_.optimizer.set_steps(saved_integer(checkpoint, "optimizer_steps", file));
  if (parts_.ema != nullptr) parts_.ema->set_updates(saved_integer(checkpoint, "ema_updates", file));
  has_best_ = checkpoint.meta.contains("best_score");
  if (has_best_) best_score_ = checkpoint.meta["best_score"].get<double>();
  validated_at_ = saved_integer(checkpoint, "validated_at", file);
}

void Trainer::save(const std::filesystem::path& path) const {
  Checkpoint checkpoint;
  checkpoint.meta["config"] = parts_.config;
  checkpoint.meta["step"] = step_;
  checkpoint.meta["epoch"] = epoch();
  checkpoint.meta["optimizer_steps"] = parts_.optimizer.steps();
  checkpoint.meta["validated_at"] = validated_at_;
  if (has_best_) checkpoint.meta["best_score"] = best_score_;
  for (const auto& [name, tensor] : parts_.params.state()) checkpoint.tensors.emplace_back("model." + name, tensor);
  for (const auto& [name, tensor] : parts_.optimizer.state()) checkpoint.tensors.emplace_back("optimizer." + name, tensor);
  if (parts_.ema != nullptr) {
    checkpoint.meta["ema_updates"] = parts_.ema->updates();
    checkpoint.tensors.emplace_back("ema.shadow", parts_.ema->shadow());
  }
  write_checkpoint(path, checkpoint);
}

void Trainer::fail_not_finite(const char* what, double value) const {
  const auto last = parts_.folder.last();
  const std::string rescue =
      std::filesystem::exists(last) ? "the last good checkpoint is " + last.string() : "no checkpoint was written yet";
  fail("train: {} is {} at step {} (samples {}); {}. A smaller learning rate or optimizer.clip_norm may help", what, value,
       step_ + 1, parts_.task.describe_batch(step_), rescue);
}

double Trainer::train_step() {
  parts_.params.zero_grad();
  last_rate_ = parts_.schedule.lr_at(step_);
  double loss = 0;
  {
    const Tensor value = parts_.task.loss(step_);
    loss = value.item();
    if (!std::isfinite(loss)) fail_not_finite("the loss", loss);
    backward(value);
  }
  norm_.measure();
  last_norm_ = norm_.value();
  if (!std::isfinite(last_norm_)) fail_not_finite("the gradient norm", last_norm_);
  parts_.optimizer.step(last_rate_, {.norm = &norm_, .max_norm = options_.clip_norm, .ema = parts_.ema});
  ++step_;
  return loss;
}

TrainOutcome Trainer::run() {
  const InterruptGuard interrupts;
  Progress progress(step_, options_.max_steps);
  parts_.folder.open_log(step_);
  last_save_ = now_seconds();
  TrainOutcome outcome;
  while (step_ < options_.max_steps && InterruptGuard::signal() == 0) {
    const double begin = now_seconds();
    outcome.loss = train_step();
    log_step(outcome.loss, now_seconds() - begin);
    progress.update(step_, fmt::format("loss {:.6f}  lr {:.2e}", outcome.loss, last_rate_));
    const bool last = step_ == options_.max_steps;
    if (step_ % options_.steps_per_epoch == 0 || last) {
      progress.clear();
      end_of_epoch();
    }
  }
  outcome.signal = InterruptGuard::signal();
  save(parts_.folder.last());
  parts_.folder.flush();
  outcome.steps = step_;
  outcome.peak_bytes = cpu_allocator().stats().peak_bytes;
  return outcome;
}

void Trainer::log_step(double loss, double seconds) {
  parts_.folder.log({{"step", step_},
                     {"epoch", epoch()},
                     {"loss", loss},
                     {"lr", last_rate_},
                     {"grad_norm", last_norm_},
                     {"seconds", seconds},
                     {"live_bytes", cpu_allocator().stats().live_bytes}});
  epoch_loss_ += loss;
  ++epoch_steps_;
}

void Trainer::end_of_epoch() {
  parts_.folder.events(step_, {{"train/loss", epoch_loss_ / static_cast<double>(epoch_steps_)},
                               {"train/lr", last_rate_},
                               {"train/grad_norm", last_norm_}});
  epoch_loss_ = 0;
  epoch_steps_ = 0;
  const bool complete = step_ % options_.steps_per_epoch == 0;
  const bool last = step_ == options_.max_steps;
  const auto due = [&](std::int64_t every) { return every > 0 && complete && epoch() % every == 0; };
  if (due(options_.validate_every) || (last && options_.validate_every > 0)) validate();
  if (due(options_.checkpoint_every)) {
    save(parts_.folder.numbered(epoch()));
    save(parts_.folder.last());
    parts_.folder.prune_numbered(options_.checkpoint_keep);
    last_save_ = now_seconds();
  } else if (now_seconds() - last_save_ >= options_.save_seconds) {
    save(parts_.folder.last());
    last_save_ = now_seconds();
  }
}

void Trainer::validate() {
  if (validated_at_ == step_) return;
  validated_at_ = step_;
  Validation result;
  bool best = false;
  {
    const UseAverages averages(parts_.ema, parts_.params);
    result = parts_.task.validate();
    const double score = result.score_value();
    best = std::isfinite(score) && (!has_best_ || score < best_score_);
    if (best) {
      has_best_ = true;
      best_score_ = score;
    }
  }
  // The live weights are saved, with the averages beside them: a best checkpoint can be trained on, too.
  if (best) save(parts_.folder.best());
  std::string text;
  ordered_json line = {{"step", step_}, {"epoch", epoch()}};
  std::vector<std::pair<std::string, double>> scalars;
  for (const auto& [name, value] : result.metrics) {
    text += fmt::format("  {} {:.4f}", name, value);
    line["valid"][name] = value;
    scalars.emplace_back("valid/" + name, value);
  }
  parts_.folder.log(line);
  parts_.folder.events(step_, scalars, result.images);
  log::info("epoch {} step {}: validation{}{}", epoch(), step_, text, best ? "  (best so far)" : "");
}

}  // namespace cf

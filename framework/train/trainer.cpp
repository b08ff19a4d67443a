#include "framework/train/trainer.h"

#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <optional>

#include "framework/capture/graphed_step.h"
#include "framework/core/device_services.h"
#include "framework/core/log.h"
#include "framework/core/profile.h"
#include "framework/dist/watch.h"
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
    : parts_(std::move(parts)), options_(options), norm_(parts_.params.flat_grad()), log_(options.log_every) {
  check(options_.max_steps > 0, "train: max_steps is {}, nothing to do", options_.max_steps);
  check(options_.steps_per_epoch > 0, "train: an epoch of {} steps", options_.steps_per_epoch);
  BatchGradientOptions gradient = options_.gradient;
  gradient.parts = parts_.task.parts();
  gradient.overlap = gradient.overlap && !options_.capture;
  gradient_ = make_batch_gradient(parts_.params, parts_.group, gradient);
  if (!options_.capture) return;
  check(!gradient.sync_batch_norm || (alone() && !gradient.fixed_order),
        "capture: batch normalisation over ranks or micro-batches waits for them inside of a step, which cannot be recorded; set "
        "train.sync_batch_norm=false, or capture=false");
  graphed_ = std::make_unique<GraphedStep>(parts_.params.device(), "the training step",
                                           [this] { return std::vector<Tensor>{queue_step()}; });
}

Trainer::~Trainer() = default;

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
  const std::string before = checkpoint.meta.value("device", Device{}.str());
  const std::string now = parts_.params.device().str();
  if (before != now) {
    log::info("{}: saved on {}, goes on on {}; from here on results are rounded differently", file, before, now);
  }
}

void Trainer::save(const std::filesystem::path& path) const {
  Checkpoint checkpoint;
  checkpoint.meta["config"] = parts_.config;
  checkpoint.meta["step"] = step_;
  checkpoint.meta["epoch"] = epoch();
  checkpoint.meta["device"] = parts_.params.device().str();
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

std::string Trainer::blame(std::int64_t step, const StepReport& values) const {
  if (alone()) return fmt::format("(samples {})", parts_.task.describe_batch(step, 0));
  std::string text;
  for (const int rank : values.broken) {
    text += fmt::format("{} on rank {} (samples {})", text.empty() ? "" : ",", rank, parts_.task.describe_batch(step, rank));
  }
  return text.substr(1);
}

void Trainer::check_finite(std::int64_t step, const StepReport& values) const {
  const bool loss_is_finite = std::isfinite(values.loss);
  if (loss_is_finite && std::isfinite(values.norm)) return;
  std::string rescue = "no checkpoint was written yet";
  if (parts_.folder != nullptr && std::filesystem::exists(parts_.folder->last())) {
    rescue = "the last good checkpoint is " + parts_.folder->last().string();
  }
  fail("train: {} is {} at step {} {}; {}. A smaller learning rate or optimizer.clip_norm may help",
       loss_is_finite ? "the gradient norm" : "the loss", loss_is_finite ? values.norm : values.loss, step + 1,
       blame(step, values), rescue);
}

Tensor Trainer::queue_step() {
  Tensor losses = gradient_->compute([this](std::int64_t part) { return parts_.task.loss(part); });
  if (alone()) update();
  return losses;
}

void Trainer::update() {
  gradient_->reduce();
  const std::vector<FlatRange> resting = parts_.task.resting(step_);
  // What rests has no part in the norm.
  for (const FlatRange& r : resting) {
    const Tensor& grad = parts_.params.flat_grad();
    Tensor::window(grad.storage(), grad.storage_offset() + r.begin, {r.end - r.begin}, grad.dtype()).fill_zero();
  }
  norm_.measure();
  parts_.optimizer.apply({.norm = &norm_, .max_norm = options_.clip_norm, .ema = parts_.ema, .resting = resting});
}

void Trainer::train_step() {
  const OpRange range("step", RangeKind::step);
  if (log_.size() == 0) begun_ = now_seconds();
  parts_.task.load(step_);
  parts_.optimizer.prepare(parts_.schedule.lr_at(step_), parts_.ema);
  const Tensor losses = graphed_ != nullptr ? graphed_->run().front() : queue_step();
  if (!alone()) update();
  log_.put(losses, norm_.squared(), alone() ? Tensor() : gradient_->own_squares());
  ++step_;
  watch::progress();
}

void Trainer::read_back() {
  const RankReports all = exchange(parts_.group, parts_.params.device(), log_.take(), InterruptGuard::signal());
  signal_ = all.signal;
  const double seconds = (now_seconds() - begun_) / static_cast<double>(all.steps.size());
  std::int64_t step = step_ - static_cast<std::int64_t>(all.steps.size());
  for (const StepReport& values : all.steps) {
    check_finite(step, values);
    log_step(step++, values, seconds);
  }
}

int Trainer::interrupted() const { return alone() ? InterruptGuard::signal() : signal_; }

TrainOutcome Trainer::run() {
  const InterruptGuard interrupts;
  std::optional<Progress> progress;
  if (parts_.folder != nullptr) progress.emplace(step_, options_.max_steps);
  if (parts_.folder != nullptr) parts_.folder->open_log(step_);
  last_save_ = now_seconds();
  TrainOutcome outcome;
  while (step_ < options_.max_steps && interrupted() == 0) {
    train_step();
    const bool epoch_ends = step_ % options_.steps_per_epoch == 0 || step_ == options_.max_steps;
    const bool pause = epoch_ends || validation_due() || checkpoint_due();
    if (!log_.full() && !pause) continue;
    read_back();
    if (progress) progress->update(step_, fmt::format("loss {:.6f}  lr {:.2e}", last_loss_, last_rate_));
    if (!pause) continue;
    if (progress) progress->clear();
    if (epoch_ends) end_of_epoch();
    if (validation_due()) validate();
    save_due();
  }
  outcome.signal = interrupted();
  if (log_.size() > 0) read_back();
  if (parts_.folder != nullptr) {
    save(parts_.folder->last());
    parts_.folder->flush();
  }
  outcome.steps = step_;
  outcome.loss = last_loss_;
  outcome.peak_bytes = memory().peak_bytes;
  return outcome;
}

AllocatorStats Trainer::memory() const {
  AllocatorStats all = allocator_for(parts_.params.device()).stats();
  if (graphed_ != nullptr) {
    const AllocatorStats recorded = graphed_->memory();
    all.live_bytes += recorded.live_bytes;
    all.peak_bytes += recorded.peak_bytes;
  }
  return all;
}

void Trainer::log_step(std::int64_t step, const StepReport& values, double seconds) {
  last_loss_ = values.loss;
  last_norm_ = values.norm;
  last_rate_ = parts_.schedule.lr_at(step);
  if (parts_.folder != nullptr) {
    parts_.folder->log({{"step", step + 1},
                        {"epoch", (step + 1) / options_.steps_per_epoch},
                        {"loss", last_loss_},
                        {"lr", last_rate_},
                        {"grad_norm", last_norm_},
                        {"seconds", seconds},
                        {"live_bytes", memory().live_bytes}});
  }
  epoch_loss_ += last_loss_;
  ++epoch_steps_;
}

void Trainer::end_of_epoch() {
  if (parts_.folder != nullptr) {
    parts_.folder->events(step_, {{"train/loss", epoch_loss_ / static_cast<double>(epoch_steps_)},
                                  {"train/lr", last_rate_},
                                  {"train/grad_norm", last_norm_}});
  }
  epoch_loss_ = 0;
  epoch_steps_ = 0;
}

bool Trainer::due(std::int64_t epochs, std::int64_t steps) const {
  const std::int64_t every = steps > 0 ? steps : epochs * options_.steps_per_epoch;
  return every > 0 && step_ % every == 0;
}

bool Trainer::validation_due() const {
  const bool ever = options_.validate_every > 0 || options_.validate_steps > 0;
  return due(options_.validate_every, options_.validate_steps) || (ever && step_ == options_.max_steps);
}

void Trainer::save_due() {
  if (parts_.folder == nullptr) return;
  if (checkpoint_due()) {
    save(options_.checkpoint_steps > 0 ? parts_.folder->numbered("step", step_) : parts_.folder->numbered("epoch", epoch()));
    save(parts_.folder->last());
    parts_.folder->prune_numbered(options_.checkpoint_keep);
    last_save_ = now_seconds();
  } else if (now_seconds() - last_save_ >= options_.save_seconds) {
    save(parts_.folder->last());
    last_save_ = now_seconds();
  }
}

void Trainer::validate() {
  if (validated_at_ == step_) return;
  validated_at_ = step_;
  Validation result;
  bool best = false;
  {
    // Running statistics that each rank took of its own samples differ; those of rank 0 are the ones that are saved.
    if (!alone() && parts_.params.flat_buffers().numel() > 0) parts_.group.broadcast(parts_.params.flat_buffers(), 0);
    const UseAverages averages(parts_.ema, parts_.params);
    result = parts_.task.validate();
    const double score = result.score_value();
    best = std::isfinite(score) && (!has_best_ || score < best_score_);
    if (best) {
      has_best_ = true;
      best_score_ = score;
    }
  }
  if (parts_.folder != nullptr) report(result, best);
}

void Trainer::report(const Validation& result, bool best) {
  // The live weights are saved, with the averages beside them: a best checkpoint can be trained on, too.
  if (best) save(parts_.folder->best());
  std::string text;
  ordered_json line = {{"step", step_}, {"epoch", epoch()}};
  std::vector<std::pair<std::string, double>> scalars;
  for (const auto& [name, value] : result.metrics) {
    text += fmt::format("  {} {:.4f}", name, value);
    line["valid"][name] = value;
    scalars.emplace_back("valid/" + name, value);
  }
  parts_.folder->log(line);
  parts_.folder->events(step_, scalars, result.images);
  log::info("epoch {} step {}: validation{}{}", epoch(), step_, text, best ? "  (best so far)" : "");
}

}  // namespace cf

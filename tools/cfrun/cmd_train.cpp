// cfrun train: from a configuration to checkpoints.
#include <fmt/core.h>

#include <csignal>
#include <filesystem>

#include "framework/core/allocator.h"
#include "framework/core/log.h"
#include "framework/core/parallel.h"
#include "framework/io/files.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/fusion_task.h"
#include "tools/cfrun/profile_report.h"

namespace cf {
namespace {

struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string out;
  bool resume = false;
  bool profile = false;
  std::string checkpoint;  // to resume from; empty: the run folder's last.cfk
};

// Steps between two looks at the losses on a GPU, each of which waits for it.
constexpr std::int64_t kLogEvery = 20;

OptimizerOptions optimizer_options(const OptimizerConfig& c) {
  if (c.name == "adamw") return AdamWOptions{c.beta1, c.beta2, c.eps, c.weight_decay};
  if (c.name == "sgd") return SgdOptions{c.momentum, c.weight_decay};
  if (c.name == "rmsprop") return RmspropOptions{c.alpha, c.eps, c.weight_decay};
  return AdamOptions{c.beta1, c.beta2, c.eps, c.weight_decay};
}

// The schedule's length and milestones in steps.
ScheduleOptions schedule_options(const Experiment& e, std::int64_t steps_per_epoch) {
  const ScheduleConfig& c = e.schedule;
  ScheduleOptions options;
  options.lr = e.optimizer.lr;
  options.min_lr = e.optimizer.lr * c.final_lr;
  options.steps = c.steps > 0 ? c.steps : c.epochs * steps_per_epoch;
  options.warmup = c.warmup_steps;
  options.gamma = c.gamma;
  for (const std::int64_t epoch : c.milestones) options.milestones.push_back(epoch * steps_per_epoch);
  if (c.name == "multistep") options.kind = ScheduleOptions::Kind::multistep;
  if (c.name == "cosine") options.kind = ScheduleOptions::Kind::cosine;
  if (c.name == "linear") options.kind = ScheduleOptions::Kind::linear;
  return options;
}

TrainerOptions trainer_options(const Experiment& e, Device device, const FusionTask& task, std::int64_t schedule_steps) {
  TrainerOptions options;
  options.max_steps = e.train.max_steps > 0 ? e.train.max_steps : schedule_steps;
  check(options.max_steps > 0, "train: neither schedule.steps, schedule.epochs nor train.max_steps says how long to train");
  options.steps_per_epoch = task.steps_per_epoch();
  options.validate_every = task.has_validation() ? e.train.validate_every : 0;
  options.validate_steps = task.has_validation() ? e.train.validate_steps : 0;
  options.checkpoint_every = e.checkpoint.every;
  options.checkpoint_steps = e.checkpoint.steps;
  options.checkpoint_keep = e.checkpoint.keep;
  options.save_seconds = e.checkpoint.seconds;
  options.clip_norm = e.optimizer.clip_norm;
  options.log_every = e.train.log_every > 0 ? e.train.log_every : device.is_cpu() ? 1 : kLogEvery;
  options.capture = e.capture && !device.is_cpu();
  return options;
}

// Where the run lives: --out, the folder of the checkpoint to resume from, the newest run of that name, or a new one.
std::filesystem::path run_dir(const TrainArguments& arguments, const std::string& name) {
  if (!arguments.out.empty()) return arguments.out;
  if (!arguments.checkpoint.empty()) return std::filesystem::absolute(arguments.checkpoint).parent_path();
  return arguments.resume ? newest_run("runs", "last.cfk", name) : new_run_dir("runs", name);
}

int report(const TrainOutcome& outcome, const RunFolder& folder, const FusionTask& task) {
  fmt::print("{} steps, last loss {:.6f}, peak memory of tensors {:.0f} MB, waited {:.2f} s for data\n", outcome.steps,
             outcome.loss, static_cast<double>(outcome.peak_bytes) / 1e6, task.loader_wait_seconds());
  if (outcome.signal == 0) {
    fmt::print("run folder: {}\n", folder.dir().string());
    return 0;
  }
  // The resolved configuration: overrides of this call hold there too.
  fmt::print(stderr, "stopped at step {} and saved. To go on: cfrun train {} --out {} --resume\n", outcome.steps,
             (folder.dir() / "config.json").string(), folder.dir().string());
  return 128 + outcome.signal;
}

void write_profile(const RunFolder& folder) {
  const profile::Report report = profile::stop();
  write_file(folder.dir() / "profile.json", profile_json(report).dump(2) + "\n");
  fmt::print("{}", profile::table(report));
}

int train(const TrainArguments& arguments) {
  Experiment experiment = read_experiment(arguments.config, arguments.overrides);
  if (arguments.profile) run_uncaptured(experiment);
  if (experiment.train.threads > 0) set_threads(static_cast<int>(experiment.train.threads));
  Session session(experiment, open_device(experiment));
  FusionTask task(session);
  const ScheduleOptions schedule_settings = schedule_options(experiment, task.steps_per_epoch());
  const Schedule schedule(schedule_settings);
  const TrainerOptions options = trainer_options(experiment, session.device(), task, schedule_settings.steps);
  if (!experiment.train.init.empty() && !arguments.resume) load_weights(session, experiment.train.init);
  Optimizer optimizer(optimizer_options(experiment.optimizer), session.params.flat(), session.params.flat_grad());
  std::unique_ptr<Ema> ema;
  if (experiment.optimizer.ema > 0) ema = std::make_unique<Ema>(session.params.flat(), experiment.optimizer.ema);

  RunFolder folder(run_dir(arguments, experiment.name), arguments.resume);
  const ordered_json config = to_json(experiment);
  Trainer trainer({task, session.params, optimizer, schedule, ema.get(), folder, config}, options);
  if (arguments.resume)
    trainer.resume(arguments.checkpoint.empty() ? folder.last() : std::filesystem::path(arguments.checkpoint));
  folder.write_config(config);
  if (arguments.profile) profile::start(session.device());
  const TrainOutcome outcome = trainer.run();
  if (arguments.profile) write_profile(folder);
  return report(outcome, folder, task);
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("train", "Train a network as a configuration says");
  auto arguments = std::make_shared<TrainArguments>();
  command->add_option("config", arguments->config, "configuration file (configs/*.json)")->required();
  command->add_option("--set", arguments->overrides, "path.to.key=value: overrides a configured value; may be repeated")
      ->allow_extra_args(false);
  add_device_option(*command, arguments->overrides);
  command->add_option("--out", arguments->out, "run folder (default: runs/<name>-<date>-<time>)");
  auto* resume =
      command->add_option("--resume", arguments->checkpoint, "go on from this checkpoint (default: last.cfk of the run folder)");
  resume->expected(0, 1);
  command->add_flag("--profile", arguments->profile, "print the time by operator at the end, and write it to profile.json");
  command->callback([arguments, resume, &action] {
    arguments->resume = resume->count() > 0;
    action = [arguments] { return train(*arguments); };
  });
}

}  // namespace cf

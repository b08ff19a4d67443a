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
#include "tools/cfrun/launch.h"
#include "tools/cfrun/profile_report.h"
#include "tools/cfrun/ranks.h"
#include "tools/cfrun/run_start.h"

namespace cf {
namespace {

struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;
  RunRequest start;
  bool profile = false;
  std::int64_t ranks = 0;
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

TrainerOptions trainer_options(const Session& session, const FusionTask& task, std::int64_t schedule_steps) {
  const Experiment& e = session.experiment;
  const Device device = session.device();
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
  options.gradient = gradient_options(session);
  return options;
}

int exit_code(const TrainOutcome& outcome) { return outcome.signal == 0 ? 0 : 128 + outcome.signal; }

int report(const TrainOutcome& outcome, const RunFolder& folder, const FusionTask& task) {
  fmt::print("{} steps, last loss {:.6f}, peak memory of tensors {:.0f} MB, waited {:.2f} s for data\n", outcome.steps,
             outcome.loss, static_cast<double>(outcome.peak_bytes) / 1e6, task.loader_wait_seconds());
  if (outcome.signal == 0) {
    fmt::print("run folder: {}\n", folder.dir().string());
    return exit_code(outcome);
  }
  // The resolved configuration: overrides of this call hold there too.
  fmt::print(stderr, "stopped at step {} and saved. To go on: cfrun train {} --out {} --resume\n", outcome.steps,
             (folder.dir() / "config.json").string(), folder.dir().string());
  return exit_code(outcome);
}

// A job script that is started again after its last step has nothing to do, and has not failed.
int report_finished(const RunStart& start) {
  fmt::print("{}: has all of its {} steps. For more raise train.max_steps; to start anew choose another --out\n",
             start.dir.string(), start.step);
  return 0;
}

void write_profile(const RunFolder& folder) {
  const profile::Report report = profile::stop();
  write_file(folder.dir() / "profile.json", profile_json(report).dump(2) + "\n");
  fmt::print("{}", profile::table(report));
}

int train(const TrainArguments& arguments) {
  Experiment experiment = read_experiment(arguments.config, arguments.overrides);
  if (arguments.profile) run_uncaptured(experiment);
  const RankRequest request = {.ranks = arguments.ranks, .saves = true, .device = experiment.device, .gpus = experiment.gpus};
  if (const std::optional<int> code = start_ranks(request)) return *code;
  ProcessGroup& ranks = world();
  watch::set_hang_seconds(experiment.train.hang_seconds);
  if (ranks.size() > 1) compare_ranks(facts_of(experiment));
  if (experiment.train.threads > 0) set_threads(static_cast<int>(experiment.train.threads));
  split_batch(experiment, ranks.size());  // says what is wrong with it before anything is opened
  Session session(experiment, open_device(experiment));
  const std::shared_ptr<ProcessGroup> group = group_on(session.device());
  FusionTask task(session, ranks);
  const ScheduleOptions schedule_settings = schedule_options(experiment, task.steps_per_epoch());
  const Schedule schedule(schedule_settings);
  const TrainerOptions options = trainer_options(session, task, schedule_settings.steps);
  const RunStart start = find_start(ranks, arguments.start, experiment.name);
  if (arguments.start.automatic() && start.step >= options.max_steps) return report_finished(start);
  if (arguments.start.automatic() && start.resumes())
    log::info("goes on from {}, step {}", start.checkpoint.string(), start.step);
  if (!experiment.train.init.empty() && !start.resumes()) load_weights(session, experiment.train.init);
  Optimizer optimizer(optimizer_options(experiment.optimizer), session.params.flat(), session.params.flat_grad());
  std::unique_ptr<Ema> ema;
  if (experiment.optimizer.ema > 0) ema = std::make_unique<Ema>(session.params.flat(), experiment.optimizer.ema);

  std::unique_ptr<RunFolder> folder;  // of the rank that writes
  if (ranks.rank() == 0) folder = std::make_unique<RunFolder>(start.dir, arguments.start.resume);
  const ordered_json config = to_json(experiment);
  Trainer trainer({task, session.params, optimizer, schedule, ema.get(), folder.get(), config, *group}, options);
  if (start.resumes()) trainer.resume(start.checkpoint);
  if (ranks.size() > 1) {
    compare_ranks(task.facts());
    compare_ranks(facts_of(session, trainer.step()));
  }
  if (folder != nullptr) folder->write_config(config);
  if (arguments.profile && folder != nullptr) profile::start(session.device());
  const TrainOutcome outcome = trainer.run();
  if (folder == nullptr) return exit_code(outcome);
  if (arguments.profile) write_profile(*folder);
  return report(outcome, *folder, task);
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("train", "Train a network as a configuration says");
  auto arguments = std::make_shared<TrainArguments>();
  command->add_option("config", arguments->config, "configuration file (configs/*.json)")->required();
  command->add_option("--set", arguments->overrides, "path.to.key=value: overrides a configured value; may be repeated")
      ->allow_extra_args(false);
  add_device_option(*command, arguments->overrides);
  add_ranks_option(*command, arguments->ranks);
  command->add_option("--out", arguments->start.out, "run folder (default: runs/<name>-<date>-<time>)");
  auto* resume =
      command->add_option("--resume", arguments->start.checkpoint,
                          "go on from this checkpoint (default: last.cfk of the run folder); auto, for job scripts: from "
                          "the newest whole one there, or begin");
  resume->expected(0, 1);
  command->add_flag("--profile", arguments->profile, "print the time by operator at the end, and write it to profile.json");
  command->callback([arguments, resume, &action] {
    arguments->start.resume = resume->count() > 0;
    action = [arguments] { return train(*arguments); };
  });
}

}  // namespace cf

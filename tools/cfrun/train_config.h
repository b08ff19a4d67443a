// How a network is trained: the parts of an experiment that cfrun train reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/io/config.h"

namespace cf {

struct OptimizerConfig {
  std::string name = "adam";
  double lr = 3e-4;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0.9;
  double alpha = 0.99;
  double clip_norm = 0;
  double ema = 0;

  template <class V>
  void fields(V& v) {
    v("name", name, "algorithm", config::one_of({"adam", "adamw", "sgd", "rmsprop"}));
    v("lr", lr, "learning rate after the warm-up", config::above(0));
    v("beta1", beta1, "adam, adamw: decay of the mean", config::at_least_below(0, 1));
    v("beta2", beta2, "adam, adamw: decay of the mean square", config::at_least_below(0, 1));
    v("eps", eps, "adam, adamw, rmsprop: added to the denominator", config::above(0));
    v("weight_decay", weight_decay, "decay of the weights; decoupled from the gradient in adamw", config::at_least(0));
    v("momentum", momentum, "sgd", config::at_least_below(0, 1));
    v("alpha", alpha, "rmsprop: decay of the mean square", config::at_least_below(0, 1));
    v("clip_norm", clip_norm, "gradients are scaled down to this global norm; 0: never", config::at_least(0));
    v("ema", ema, "decay of the averaged weights, warmed up as min(ema, (1+n)/(10+n)), that are validated and tested; 0: none",
      config::at_least_below(0, 1));
  }
};

struct ScheduleConfig {
  std::string name = "constant";
  std::int64_t steps = 0;
  std::int64_t epochs = 0;
  std::vector<std::int64_t> milestones;
  double gamma = 0.1;
  std::int64_t warmup_steps = 0;
  double final_lr = 0;

  template <class V>
  void fields(V& v) {
    v("name", name, "how the learning rate goes", config::one_of({"constant", "multistep", "cosine", "linear"}));
    v("steps", steps, "length in steps; 0: given in epochs", config::at_least(0));
    v("epochs", epochs, "length in epochs, where steps is 0", config::at_least(0));
    v("milestones", milestones, "multistep: epochs after which the rate is multiplied by gamma", config::at_least(1));
    v("gamma", gamma, "multistep", config::above(0));
    v("warmup_steps", warmup_steps, "steps over which the rate rises linearly from 0", config::at_least(0));
    v("final_lr", final_lr, "cosine, linear: the rate at the end, as a share of lr", config::between(0, 1));
  }
};

struct TrainConfig {
  std::int64_t batch = 8;
  std::int64_t max_steps = 0;
  std::uint64_t seed = 42;
  std::int64_t validate_every = 1;
  std::int64_t validate_steps = 0;
  std::int64_t validate_images = 0;
  std::int64_t validate_calls = 0;
  std::string init;
  std::int64_t threads = 0;
  std::int64_t log_every = 0;
  std::int64_t micro_batch = 0;
  bool sync_batch_norm = true;
  bool overlap = true;
  double bucket_mb = 1;
  double hang_seconds = 600;

  template <class V>
  void fields(V& v) {
    v("batch", batch, "patches per step, over all ranks", config::at_least(1));
    v("max_steps", max_steps, "where the loop stops; 0: at the schedule's end", config::at_least(0));
    v("seed", seed, "of weights, order and augmentation");
    v("validate_every", validate_every, "epochs between validations; 0: never", config::at_least(0));
    v("validate_steps", validate_steps, "steps between validations, instead of validate_every; 0: counted in epochs",
      config::at_least(0));
    v("validate_images", validate_images, "images of the validation set that are fused, the first ones; 0: all",
      config::at_least(0));
    v("validate_calls", validate_calls, "network calls per tile in validation, where images are sampled; 0: sampler.steps",
      config::at_least(0));
    v("init", init, "checkpoint or safetensors file whose weights the run starts from");
    v("threads", threads, "0: all", config::at_least(0));
    v("log_every", log_every,
      "steps after which losses are read back and logged, all of them; 0: each on the CPU, every 20th on a GPU, where reading "
      "back waits",
      config::at_least(0));
    v("micro_batch", micro_batch,
      "patches that a rank works on at once: gradients of such parts are added up, in one order whatever the number of ranks "
      "where "
      "`deterministic` is on; 0: its share of a batch in one piece",
      config::at_least(0));
    v("sync_batch_norm", sync_batch_norm,
      "batch normalisation by the samples of all ranks (where `deterministic` is on: and of all parts); else by those that a "
      "rank "
      "works on at once");
    v("overlap", overlap, "gradients are summed over ranks during the backward pass, as they become final");
    v("bucket_mb", bucket_mb, "MiB of gradients that travel in one piece then", config::above(0));
    v("hang_seconds", hang_seconds,
      "a rank that finishes no step and no validated image for so long ends the run; 0: it may take any time",
      config::at_least(0));
  }
};

struct CheckpointConfig {
  std::int64_t every = 0;
  std::int64_t steps = 0;
  std::int64_t keep = 0;
  double seconds = 60;

  template <class V>
  void fields(V& v) {
    v("every", every, "epochs between numbered checkpoints, beside last.cfk and best.cfk; 0: none", config::at_least(0));
    v("steps", steps, "steps between numbered checkpoints, instead of `every`; 0: counted in epochs", config::at_least(0));
    v("keep", keep, "numbered checkpoints that are kept, the newest; 0: all", config::at_least(0));
    v("seconds", seconds, "last.cfk is written at the end of an epoch and behind a validation, but no more often than this",
      config::at_least(0));
  }
};

}  // namespace cf

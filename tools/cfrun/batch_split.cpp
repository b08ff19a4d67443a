#include "tools/cfrun/batch_split.h"

#include <bit>

namespace cf {
namespace {

bool fixed_order(const Experiment& e) { return e.deterministic && e.train.micro_batch > 0; }

}  // namespace

BatchSplit split_batch(const Experiment& e, int ranks) {
  const std::int64_t batch = e.train.batch;
  check(batch % ranks == 0, "train.batch: a batch of {} does not divide among {} ranks; make it a multiple of {}, or start {}",
        batch, ranks, ranks, batch < ranks ? "fewer ranks" : "another number of ranks");
  const BatchSplit whole{.samples = batch / ranks, .parts = 1};
  const std::int64_t micro = e.train.micro_batch;
  if (micro == 0) return whole;
  check(whole.samples % micro == 0,
        "train.micro_batch: {} of the {} samples that a rank has of a batch of {} do not divide evenly; {} ranks", micro,
        whole.samples, batch, ranks);
  check(
      !fixed_order(e) || std::has_single_bit(static_cast<unsigned>(ranks)),
      "train.micro_batch: with deterministic=true micro-batches are added up in a fixed tree, which {} ranks cannot share; start "
      "1, 2, 4, 8, ... ranks, or set deterministic=false",
      ranks);
  return {.samples = whole.samples, .parts = whole.samples / micro};
}

BatchGradientOptions gradient_options(const Session& session) {
  const Experiment& e = session.experiment;
  // Running statistics are the only buffers of a network; they rest where L-BAF is on.
  const bool batch_statistics = !session.params.buffers().empty() && e.lbaf.period == 0;
  check(e.train.sync_batch_norm || !batch_statistics || !fixed_order(e),
        "train.sync_batch_norm: {} normalises by the batch, and what that is would depend on the number of ranks; with "
        "deterministic=true and train.micro_batch leave train.sync_batch_norm=true",
        e.model.name);
  BatchGradientOptions options;
  options.fixed_order = fixed_order(e);
  options.sync_batch_norm = e.train.sync_batch_norm && batch_statistics;
  options.overlap = e.train.overlap;
  options.bucket_bytes = static_cast<std::int64_t>(e.train.bucket_mb * 0x1p20);
  return options;
}

}  // namespace cf

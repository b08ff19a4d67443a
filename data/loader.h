// Batches for training, read ahead by a thread of their own.
//
// What a batch holds is a function of (seed, global step) alone: the order of an epoch and the flips of a sample come from
// counter-based random numbers. A resumed run therefore needs nothing but the step to go on with the same batches.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "framework/core/allocator.h"

namespace cf {

struct LoaderOptions {
  std::int64_t batch = 8;  // samples of a step, over all shares
  std::uint64_t seed = 0;
  bool shuffle = true;
  bool flips = false;         // each sample mirrored left-right and top-bottom by the toss of a coin
  bool turns = false;         // each sample turned by 0 to 3 quarters; has no effect where H != W
  bool drop_last = true;      // leave out an epoch's last batch where it is not full
  std::int64_t prefetch = 2;  // batches read ahead; 0: read when asked, without a thread
  // Of every batch this loader reads samples share * batch / shares and on, as many as the others: ranks divide a step's work
  // so, and whatever their number the step's samples are the same.
  std::int64_t shares = 1;
  std::int64_t share = 0;
  // Where the memory of batches that are read ahead comes from, such as pinned memory; null: the CPU's allocator. Batches
  // that next() gave must not outlive the loader then.
  std::shared_ptr<CachingAllocator> memory = nullptr;
};

struct LoadedBatch {
  std::int64_t step = 0;              // global, from 0
  std::int64_t epoch = 0;             // from 0
  std::vector<std::int64_t> indices;  // of the samples in the set, in the batch's order
  Batch batch;
};

class Loader {
 public:
  // The set must outlive the loader. Throws Error where no batch would be left (drop_last and a batch larger than the set), and
  // where a batch does not divide into equal shares: batches that are not full never do, so that shares need drop_last.
  Loader(const Dataset& set, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  std::int64_t steps_per_epoch() const { return steps_per_epoch_; }
  // The samples of a step, without reading them: of this loader's share of it, or of another.
  std::vector<std::int64_t> indices_of(std::int64_t step) const { return indices_of(step, options_.share); }
  std::vector<std::int64_t> indices_of(std::int64_t step, std::int64_t share) const;
  // How they are mirrored and turned; empty where the options ask for neither. Of this loader's share.
  std::vector<Symmetry> symmetries_of(std::int64_t step) const;
  // The batch of a step, read now.
  LoadedBatch load(std::int64_t step) const;

  // Makes `step` the next one and starts to read ahead. Before the first call, next() starts at 0.
  void start(std::int64_t step);
  // The next batch. Throws what reading it threw; the same again on every further call, until start().
  LoadedBatch next();
  // Seconds that next() has waited for batches since the construction.
  double wait_seconds() const { return wait_seconds_; }

 private:
  // Where a share of the step's samples begins and ends in the order of its epoch.
  struct Range {
    std::int64_t begin;
    std::int64_t end;
  };
  Range range_of(std::int64_t step, std::int64_t share) const;
  std::vector<std::int64_t> epoch_order(std::int64_t epoch) const;
  void stop();
  void run(std::int64_t step);

  const Dataset& set_;
  LoaderOptions options_;
  std::int64_t steps_per_epoch_;
  double wait_seconds_ = 0;
  std::int64_t next_step_ = 0;
  // The order of the epoch that was asked for last: a set of 20,000 samples is not shuffled anew for every batch.
  mutable std::mutex order_mutex_;
  mutable std::int64_t order_epoch_ = -1;
  mutable std::vector<std::int64_t> order_;

  std::thread worker_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<LoadedBatch> queue_;
  std::exception_ptr error_;
  bool stopping_ = false;
};

}  // namespace cf

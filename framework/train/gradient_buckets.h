// The sum of gradients over ranks, in pieces that travel while the backward pass goes on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "framework/dist/process_group.h"
#include "framework/nn/flat_range.h"
#include "framework/nn/param_store.h"
#include "framework/optim/clip.h"

namespace cf {

// Ranges of the flat gradient buffer in reverse order of registration, which is about the order in which gradients become
// final. All ranks begin the sums in that order, whatever the order on one of them.
class GradientBuckets {
 public:
  // A bucket takes parameters until it holds `bytes` or more. The store is packed; it and the group outlive this object, which
  // alone may listen to the leaves.
  GradientBuckets(const ParamStore& params, ProcessGroup& group, std::int64_t bytes);
  ~GradientBuckets();
  GradientBuckets(const GradientBuckets&) = delete;
  GradientBuckets& operator=(const GradientBuckets&) = delete;

  // The next backward pass is the last that adds to the gradients: a bucket is sent as soon as its gradients are final.
  void listen();
  // Sends what was not sent, leaves that no gradient reached included, and returns when all sums are in the buffer (on a GPU:
  // come before what is queued next).
  void finish();

  // Squared norms of this rank's own gradients, by bucket, f64 (count), as they were before they were summed.
  const Tensor& own_squares() const { return own_squares_; }
  // Of the flat buffer, in the order in which they are sent.
  std::vector<FlatRange> ranges() const;

 private:
  struct Bucket {
    FlatRange range;
    std::int64_t params = 0;
    std::int64_t waiting = 0;  // parameters whose gradient is not final
    Tensor gradients;          // the range of the buffer
    std::unique_ptr<GradNorm> own;
    std::unique_ptr<PendingSum> sum;
  };

  void arrived(std::size_t bucket);
  void send_next();

  const ParamStore& params_;
  ProcessGroup& group_;
  std::vector<Bucket> buckets_;
  Tensor own_squares_;
  bool listening_ = false;
  std::size_t next_ = 0;  // to be sent
};

}  // namespace cf

#include "framework/train/gradient_buckets.h"

#include "framework/autograd/node.h"
#include "framework/core/profile.h"

namespace cf {

GradientBuckets::GradientBuckets(const ParamStore& params, ProcessGroup& group, std::int64_t bytes)
    : params_(params), group_(group) {
  check(bytes > 0, "gradient buckets: {} bytes to a bucket", bytes);
  const Tensor& grads = params.flat_grad();
  const auto size = static_cast<std::int64_t>(size_of(grads.dtype()));
  const ParamStore::List& list = params.params();
  std::int64_t end = grads.numel();
  for (std::size_t i = list.size(); i-- > 0;) {
    if (buckets_.empty() || (buckets_.back().range.end - buckets_.back().range.begin) * size >= bytes) {
      buckets_.push_back({.range = {end, end}, .gradients = {}, .own = {}, .sum = {}});
    }
    end = list[i].second.storage_offset();
    buckets_.back().range.begin = end;
    ++buckets_.back().params;
    list[i].second.impl()->leaf->on_final = [this, bucket = buckets_.size() - 1] { arrived(bucket); };
  }
  own_squares_ = Tensor::zeros({static_cast<std::int64_t>(buckets_.size())}, DType::f64, grads.device());
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    Bucket& bucket = buckets_[i];
    bucket.gradients = Tensor::window(grads.storage(), grads.storage_offset() + bucket.range.begin,
                                      {bucket.range.end - bucket.range.begin}, grads.dtype());
    const Tensor squares = Tensor::window(own_squares_.storage(), static_cast<std::int64_t>(i), {1}, DType::f64);
    bucket.own = std::make_unique<GradNorm>(bucket.gradients, squares);
  }
}

GradientBuckets::~GradientBuckets() {
  for (const auto& [name, value] : params_.params()) value.impl()->leaf->on_final = nullptr;
}

void GradientBuckets::listen() {
  next_ = 0;
  for (Bucket& bucket : buckets_) bucket.waiting = bucket.params;
  listening_ = true;
}

void GradientBuckets::arrived(std::size_t bucket) {
  if (!listening_) return;
  --buckets_[bucket].waiting;
  while (next_ < buckets_.size() && buckets_[next_].waiting == 0) send_next();
}

void GradientBuckets::send_next() {
  const OpRange range("gradient_sum");
  Bucket& bucket = buckets_[next_++];
  bucket.own->measure();
  bucket.sum = group_.begin_sum(bucket.gradients);
}

void GradientBuckets::finish() {
  if (!listening_) next_ = 0;
  listening_ = false;
  while (next_ < buckets_.size()) send_next();
  const OpRange range("gradient_sum");
  for (Bucket& bucket : buckets_) {
    bucket.sum->wait();
    bucket.sum = nullptr;
  }
}

std::vector<FlatRange> GradientBuckets::ranges() const {
  std::vector<FlatRange> all;
  for (const Bucket& bucket : buckets_) all.push_back(bucket.range);
  return all;
}

}  // namespace cf

// oneDNN, whose interface differs between versions 2 and 3: what the kernels need of it, the same for both.
#pragma once

#include <map>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <utility>

#include "framework/core/log.h"
#include "framework/core/parallel.h"
#include "kernels/math_mode.h"

namespace cf::cpu {

const dnnl::engine& dnnl_engine();

// What a convolution is described by; weights of `format_tag::any` are laid out as the primitive likes them best.
struct DnnlConv {
  dnnl::memory::desc src, weights, bias, dst;  // bias empty: none
  dnnl::memory::dims strides, dilates, padding;
};

dnnl::convolution_forward::primitive_desc describe_forward(const DnnlConv& c, double leaky_slope);
// `forward`: the convolution that they belong to; it differs from `c` where types are mixed.
dnnl::convolution_backward_data::primitive_desc describe_backward_data(const DnnlConv& c, const DnnlConv& forward);
dnnl::convolution_backward_weights::primitive_desc describe_backward_weights(const DnnlConv& c, const DnnlConv& forward);
dnnl::matmul::primitive_desc describe_matmul(const dnnl::memory::desc& a, const dnnl::memory::desc& b,
                                             const dnnl::memory::desc& bias, const dnnl::memory::desc& y, double leaky_slope);

using DnnlArguments = std::unordered_map<int, dnnl::memory>;

inline dnnl::memory dnnl_memory(const dnnl::memory::desc& layout, const void* data) {
  return {layout, dnnl_engine(), const_cast<void*>(data)};
}

// Runs a primitive to its end, with working memory from the CPU's caching allocator.
void run(const dnnl::primitive& primitive, DnnlArguments arguments, const dnnl::memory::desc& scratchpad);
// Copies between layouts; `reorder` is the primitive for just these.
void run(const dnnl::reorder& reorder, dnnl::memory from, dnnl::memory to);

// While alive inside a parallel loop, this thread counts as the only one: a primitive made for more would wait there for threads
// that never come. So does it where results must not depend on the number of threads, among which oneDNN divides sums.
class OwnThreads {
 public:
  OwnThreads() : before_(max_threads()) {
    if (omp_in_parallel() != 0 || math_mode().deterministic) set_threads(1);
  }
  ~OwnThreads() { set_threads(before_); }
  OwnThreads(const OwnThreads&) = delete;
  OwnThreads& operator=(const OwnThreads&) = delete;

 private:
  int before_;
};

// Prepared primitives by a key of plain data: made once, kept for the life of the program, shared by all threads. The number
// of OpenMP threads belongs to the key, because a primitive divides its work, and waits, for the number it was made with.
template <class Key, class Plan>
class PlanCache {
 public:
  explicit PlanCache(const char* name) : name_(name) {}

  template <class Make>
  const Plan& get(const Key& key, Make&& make) {
    const OwnThreads threads;
    const std::pair<int, Key> entry = {max_threads(), key};
    const std::scoped_lock lock(mutex_);
    if (const auto it = plans_.find(entry); it != plans_.end()) return it->second;
    if (plans_.size() == kMany) {
      log::warning("{}: {} different shapes were prepared; each keeps memory, so feed images of fewer sizes", name_, kMany);
    }
    return plans_.emplace(entry, make(key)).first->second;
  }

 private:
  static constexpr std::size_t kMany = 2000;
  const char* name_;
  std::mutex mutex_;
  std::map<std::pair<int, Key>, Plan> plans_;
};

}  // namespace cf::cpu

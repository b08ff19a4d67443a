#include "kernels/cpu/conv_weights.h"

#include <list>
#include <map>
#include <mutex>

namespace cf::cpu {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

class WeightCache {
 public:
  PackedWeight get(const WeightKey& key, std::int64_t packed_count, const std::function<void(float*)>& pack) {
    const std::scoped_lock lock(mutex_);
    const auto bytes = static_cast<std::size_t>(key.count) * sizeof(float);
    const auto it = entries_.find(key);
    if (it != entries_.end() && it->second.packed->size() == packed_count) {
      Entry& entry = it->second;
      order_.splice(order_.begin(), order_, entry.place);
      if (std::memcmp(entry.copy.data(), key.plain, bytes) == 0) return entry.packed;
      std::memcpy(entry.copy.data(), key.plain, bytes);
      // Another thread may still compute with the old one.
      if (entry.packed.use_count() > 1) entry.packed = std::make_shared<FloatBuffer>(packed_count);
      pack(entry.packed->data());
      return entry.packed;
    }
    if (it != entries_.end()) drop(it);
    auto packed = std::make_shared<FloatBuffer>(packed_count);
    pack(packed->data());
    FloatBuffer copy(key.count);
    std::memcpy(copy.data(), key.plain, bytes);
    order_.push_front(key);
    bytes_ += size_of(copy) + size_of(*packed);
    entries_.emplace(key, Entry{std::move(copy), packed, order_.begin()});
    while (bytes_ > kMostBytes && order_.size() > 1) drop(entries_.find(order_.back()));
    return packed;
  }

  std::size_t bytes() {
    const std::scoped_lock lock(mutex_);
    return bytes_;
  }

 private:
  struct Entry {
    FloatBuffer copy;  // of the weight as it was packed
    std::shared_ptr<FloatBuffer> packed;
    std::list<WeightKey>::iterator place;
  };
  using Entries = std::map<WeightKey, Entry>;

  static std::size_t size_of(const FloatBuffer& b) { return static_cast<std::size_t>(b.size()) * sizeof(float); }

  void drop(Entries::iterator it) {
    bytes_ -= size_of(it->second.copy) + size_of(*it->second.packed);
    order_.erase(it->second.place);
    entries_.erase(it);
  }

  std::mutex mutex_;
  Entries entries_;
  std::list<WeightKey> order_;  // the latest used first
  std::size_t bytes_ = 0;
};

WeightCache& cache() {
  static WeightCache c;
  return c;
}

}  // namespace

PackedWeight packed_weight(const WeightKey& key, std::int64_t packed_count, const std::function<void(float*)>& pack) {
  return cache().get(key, packed_count, pack);
}

std::size_t packed_weight_bytes() { return cache().bytes(); }

}  // namespace cf::cpu

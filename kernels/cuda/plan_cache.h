// Plans of libraries, kept for the shapes that come again. No CUDA here, so that the policy is tested everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <string>
#include <utility>

#include "framework/core/check.h"
#include "framework/core/log.h"

namespace cf::cuda {

// How long a plan must live.
enum class Lifetime : std::uint8_t {
  until_dropped,
  forever,  // recorded work needs it
};

// At most `limit` plans that may be dropped; beyond, the one that was not asked for the longest goes. `Key` is plain data,
// ordered by all its members:
//
//   struct Key { std::array<std::int64_t, 4> shape; DType dtype; auto operator<=>(const Key&) const = default; };
//
// Default comparison looks at members and never at padding. A program whose plans do not fit makes them over and over, which is
// slow but not wrong: it is told so once. Not for several threads at a time.
template <class Key, class Plan>
class PlanCache {
 public:
  // `name` appears in messages: "dft2".
  PlanCache(std::string name, std::size_t limit) : name_(std::move(name)), limit_(limit) {
    check(limit > 0, "{}: a cache of no plans", name_);
  }

  // The plan for `key`, from make() where there is none. The reference holds until the next call of get(), that of a plan kept
  // forever as long as the cache. What make() throws is passed on, and nothing is kept then.
  template <class Make>
  Plan& get(const Key& key, Make&& make, Lifetime lifetime = Lifetime::until_dropped) {
    const auto known = places_.find(key);
    if (known != places_.end()) {
      ++hits_;
      const Place at = known->second;
      const bool keep = at->kept || lifetime == Lifetime::forever;
      if (keep && !at->kept) ++kept_;
      at->kept = keep;
      plans_.splice(plans_.begin(), plans_, at);
      return at->plan;
    }
    ++misses_;
    plans_.push_front({key, make(), lifetime == Lifetime::forever});
    places_.emplace(key, plans_.begin());
    if (lifetime == Lifetime::forever) ++kept_;
    drop_beyond_limit();
    return plans_.front().plan;
  }

  std::size_t size() const { return plans_.size(); }
  std::size_t hits() const { return hits_; }
  std::size_t misses() const { return misses_; }

 private:
  struct Entry {
    Key key;
    Plan plan;
    bool kept;
  };
  using Place = typename std::list<Entry>::iterator;

  void drop_beyond_limit() {
    if (plans_.size() - kept_ <= limit_) return;
    Place oldest = std::prev(plans_.end());
    while (oldest->kept) --oldest;
    places_.erase(oldest->key);
    plans_.erase(oldest);
    constexpr std::size_t kRounds = 4;
    if (++dropped_ == kRounds * limit_) {
      log::warning(
          "{}: more than {} different shapes are in use by turns, so that plans are made anew again and again ({} so far); "
          "images of fewer sizes would run faster",
          name_, limit_, misses_);
    }
  }

  std::string name_;
  std::size_t limit_;
  std::list<Entry> plans_;  // the last asked for first
  std::map<Key, Place> places_;
  std::size_t kept_ = 0;
  std::size_t hits_ = 0;
  std::size_t misses_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace cf::cuda

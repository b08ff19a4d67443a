// Work on things that know nothing of each other, shared out over the ranks, with results as if one had done it all.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "framework/dist/process_group.h"
#include "framework/dist/watch.h"

namespace cf {

// Thing i of n falls to rank i mod size. Rank 0 gets take(i, result) for all of them in order, as soon as every rank has done one
// more; `compute(i)` returns what pack() makes a text of and unpack() a result again.
template <class Compute, class Pack, class Unpack, class Take>
void in_rounds(ProcessGroup& ranks, std::int64_t n, Compute&& compute, Pack&& pack, Unpack&& unpack, Take&& take) {
  for (std::int64_t first = 0; first < n; first += ranks.size()) {
    const std::int64_t mine = first + ranks.rank();
    decltype(compute(mine)) result{};
    if (mine < n) result = compute(mine);
    watch::progress();
    std::vector<std::string> texts;
    if (ranks.size() > 1) texts = ranks.gather_text(ranks.rank() > 0 && mine < n ? pack(result) : std::string());
    if (ranks.rank() > 0) continue;
    take(first, std::move(result));
    for (std::int64_t i = first + 1; i < first + ranks.size() && i < n; ++i) {
      take(i, unpack(texts[static_cast<std::size_t>(i - first)]));
    }
  }
}

}  // namespace cf

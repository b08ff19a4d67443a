#include "tools/cfrun/rank_rows.h"

#include <bit>

#include "framework/core/check.h"
#include "framework/io/json.h"

namespace cf {
namespace {

// Numbers travel as their bits: JSON has no NaN, which is the metric of an image that has none.
ordered_json message_of(std::size_t image, const MetricList& row) {
  ordered_json numbers = ordered_json::object();
  for (const auto& [name, value] : row) numbers[name] = std::bit_cast<std::uint64_t>(value);
  return {{"image", image}, {"metrics", numbers}};
}

}  // namespace

void RankRows::put(std::int64_t first, const std::vector<MetricList>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) rows_.at(static_cast<std::size_t>(first) + i) = rows[i];
}

std::vector<MetricList> RankRows::gather(ProcessGroup& ranks) const {
  ordered_json own = ordered_json::array();
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!rows_[i].empty()) own.push_back(message_of(i, rows_[i]));
  }
  std::vector<MetricList> all(rows_.size());
  for (const std::string& text : ranks.all_gather_text(own.dump())) {
    for (const ordered_json& message : ordered_json::parse(text)) {
      MetricList& row = all.at(message.at("image").get<std::size_t>());
      for (const auto& [name, bits] : message.at("metrics").items()) {
        row.emplace_back(name, std::bit_cast<double>(bits.get<std::uint64_t>()));
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) check(!all[i].empty(), "metrics: no rank measured image {}", i);
  return all;
}

}  // namespace cf

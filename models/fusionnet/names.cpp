#include "models/fusionnet/names.h"

#include <charconv>

#include <fmt/core.h>

namespace cf::fusionnet {

std::string name_of_published(std::string_view published) {
  constexpr std::string_view kBackbone = "backbone.";
  if (!published.starts_with(kBackbone)) return {};
  const std::string_view rest = published.substr(kBackbone.size());
  unsigned block = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), block);
  if (error != std::errc()) return {};
  return fmt::format("res{}{}", block + 1, rest.substr(static_cast<std::size_t>(end - rest.data())));
}

}  // namespace cf::fusionnet

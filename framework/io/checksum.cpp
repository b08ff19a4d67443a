#include "framework/io/checksum.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "framework/io/files.h"

namespace cf {

std::string file_checksum(const std::filesystem::path& path) {
  const FileReader file(path);
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  std::vector<char> piece(std::size_t{1} << 20U);
  for (std::uint64_t at = 0; at < file.size(); at += piece.size()) {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), file.size() - at));
    file.read(at, piece.data(), bytes);
    XXH3_64bits_update(state.get(), piece.data(), bytes);
  }
  return fmt::format("{:016x}", XXH3_64bits_digest(state.get()));
}

std::string checksum(std::string_view bytes) { return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size())); }

}  // namespace cf

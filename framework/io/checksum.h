// The identity of files and bytes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cf {

// XXH3-64 (seed 0) of a file's bytes as 16 hexadecimal digits, which `xxhsum -H3 FILE` prints too. Throws Error where it cannot
// be read.
std::string file_checksum(const std::filesystem::path& path);
// The same of bytes in memory.
std::string checksum(std::string_view bytes);

}  // namespace cf

// A file's identity.
#pragma once

#include <filesystem>
#include <string>

namespace cf {

// XXH3-64 (seed 0) of a file's bytes as 16 hexadecimal digits, which `xxhsum -H3 FILE` prints too. Throws Error where it cannot
// be read.
std::string file_checksum(const std::filesystem::path& path);

}  // namespace cf

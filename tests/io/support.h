// What the file tests share.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/harness/temp_folder.h"

namespace cf::test {

// A file for a test to find. An old one is removed first: file systems sync what is written over it.
inline void put_file(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace cf::test

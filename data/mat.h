// MATLAB's .mat files: version 5 (up to MATLAB's -v7) through matio, where it is built in; -v7.3 is HDF5 and read as such.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace cf::mat {

enum class Kind { none, v5, v73 };

// What the first bytes of a file (and, for files by other programs, the suffix .mat on an HDF5 file) say it is.
Kind kind_of(const std::filesystem::path& path);

struct Info {
  std::string name;
  std::vector<std::int64_t> shape;  // as MATLAB's size() prints it
  std::string type;                 // "float64", "uint16", ... or "not numeric"
  bool numeric = false;
};

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<double> values;  // column-major: the first extent fastest
};

// True where this build reads and writes version 5.
bool has_v5();

// The variables at the top of the file. Throws Error: no such file, not a .mat file, damaged, version 5 without matio.
std::vector<Info> list(const std::filesystem::path& path);
// One numeric, real variable of any type. Throws Error as list() does, and where the variable is missing or not numeric.
Array read(const std::filesystem::path& path, std::string_view name);

struct Variable {
  std::string name;
  Array array;
};

// Writes variables as f64, version 5, in one step (the file appears whole or not at all). Throws Error where matio is not
// built in, where the sizes disagree, or the disk is full.
void write(const std::filesystem::path& path, const std::vector<Variable>& variables);

}  // namespace cf::mat

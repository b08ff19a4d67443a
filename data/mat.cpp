#include "data/mat.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <numeric>

#include "data/hdf5.h"
#include "data/mat_v5.h"
#include "framework/core/check.h"

namespace cf::mat {
namespace {

// MATLAB's -v7.3 stores an array with its extents reversed, which leaves the order of the values in memory as it was.
std::vector<std::int64_t> reversed(std::vector<std::int64_t> shape) {
  std::reverse(shape.begin(), shape.end());
  return shape;
}

std::vector<Info> list_v73(const std::filesystem::path& path) {
  std::vector<Info> variables;
  for (const hdf5::ArrayInfo& set : hdf5::File(path).list()) {
    if (set.name.find('/') != std::string::npos) continue;  // parts of cells, structures and strings
    variables.push_back({set.name, reversed(set.shape), set.type, set.numeric});
  }
  return variables;
}

Array read_v73(const std::filesystem::path& path, std::string_view name) {
  const hdf5::Array set = hdf5::File(path).open(name);
  Array array{reversed(set.info().shape), std::vector<double>(static_cast<std::size_t>(set.info().numel()))};
  set.read<double>(array.values);
  return array;
}

Kind require_mat(const std::filesystem::path& path) {
  std::error_code ignored;
  check(std::filesystem::exists(path, ignored),
        "data: {} does not exist; docs/data.md says where data sets come from and where to put them", path.string());
  const Kind kind = kind_of(path);
  check(kind != Kind::none, "data: {} is not a MATLAB file", path.string());
  check(kind != Kind::v5 || has_v5(),
        "data: {} is a MATLAB file of version 5, and this build has no matio; install libmatio-dev and build again, or save it "
        "with -v7.3",
        path.string());
  return kind;
}

}  // namespace

Kind kind_of(const std::filesystem::path& path) {
  std::array<char, 10> start{};
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), start.size());
  const std::string_view magic(start.data(), start.size());
  if (magic == "MATLAB 5.0") return Kind::v5;
  if (magic == "MATLAB 7.3") return Kind::v73;
  return path.extension() == ".mat" && hdf5::is_hdf5(path) ? Kind::v73 : Kind::none;
}

bool has_v5() {
#ifdef CF_HAVE_MATIO
  return true;
#else
  return false;
#endif
}

std::vector<Info> list(const std::filesystem::path& path) {
  return require_mat(path) == Kind::v5 ? v5::list(path) : list_v73(path);
}

Array read(const std::filesystem::path& path, std::string_view name) {
  return require_mat(path) == Kind::v5 ? v5::read(path, name) : read_v73(path, name);
}

void write(const std::filesystem::path& path, const std::vector<Variable>& variables) {
  check(has_v5(), "{}: cannot be written: this build has no matio (install libmatio-dev and build again)", path.string());
  for (const auto& [name, array] : variables) {
    const std::int64_t numel = std::accumulate(array.shape.begin(), array.shape.end(), std::int64_t{1}, std::multiplies<>());
    check(numel == static_cast<std::int64_t>(array.values.size()), "{}: variable '{}' of {} values given {}", path.string(), name,
          numel, array.values.size());
  }
  v5::write(path, variables);
}

}  // namespace cf::mat

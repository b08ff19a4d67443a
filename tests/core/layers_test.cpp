// Who may include whom: lower layers know nothing of higher ones, and nobody but the CUDA backend sees CUDA's headers.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kTensor = {"framework/core", "framework/tensor", "framework/autograd", "framework/ops", "kernels"};

std::vector<std::string> with(std::vector<std::string> base, const std::vector<std::string>& more) {
  base.insert(base.end(), more.begin(), more.end());
  return base;
}

// Folder -> folders whose headers its files may include.
std::map<std::string, std::vector<std::string>> rules() {
  const std::vector<std::string> nn = {"framework/core", "framework/tensor", "framework/autograd", "framework/ops",
                                       "framework/nn",   "framework/optim",  "framework/gradcheck"};
  return {
      {"framework/core", {"framework/core"}},
      {"kernels", {"framework/core", "kernels"}},
      {"framework/tensor", kTensor},
      {"framework/autograd", kTensor},
      {"framework/ops", kTensor},
      {"framework/gradcheck", with(kTensor, {"framework/gradcheck"})},
      {"framework/lab", with(kTensor, {"framework/gradcheck", "framework/lab"})},
      {"framework/nn", with(nn, {"kernels"})},
      {"framework/optim", with(nn, {"kernels"})},
      {"framework/io", {"framework/core", "framework/tensor", "framework/io"}},
      {"framework/capture", {"framework/core", "framework/tensor", "framework/autograd", "framework/ops", "framework/capture"}},
      {"framework/dist", with(kTensor, {"framework/dist"})},
      {"framework/train", with(nn, {"framework/capture", "framework/dist", "framework/io", "framework/train"})},
      {"models", with(nn, {"framework/capture", "framework/io", "framework/train", "models"})},
      {"data", {"framework/core", "framework/tensor", "data"}},
      {"tools", {"framework", "kernels", "models", "data", "tools"}}};
}

bool starts_with_any(const std::string& path, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& p) { return path.starts_with(p + "/"); });
}

bool is_source(const fs::path& path) {
  const std::string e = path.extension().string();
  return e == ".h" || e == ".cpp" || e == ".cu" || e == ".cuh";
}

// Calls fn(line) with the name in each #include of a file.
template <class F>
void for_each_include(const fs::path& path, F&& fn) {
  static const std::regex include(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re");
  std::ifstream in(path);
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (std::regex_search(line, match, include)) fn(match[1].str());
  }
}

}  // namespace

TEST_CASE("folders include only what stands below them") {
  const fs::path root = CF_SOURCE_DIR;
  int files = 0;
  for (const auto& [folder, allowed] : rules()) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!is_source(entry.path())) continue;
      ++files;
      for_each_include(entry.path(), [&, &allowed = allowed](const std::string& name) {
        const bool ours = starts_with_any(name, {"framework", "kernels", "models", "data", "tools"});
        INFO(fs::relative(entry.path(), root).string() << " includes " << name);
        CHECK((!ours || starts_with_any(name, allowed)));
      });
    }
  }
  CHECK(files > 100);
}

TEST_CASE("only the CUDA backend sees CUDA's headers") {
  static const std::regex cuda("^(cuda|cudnn|cublas|cufft|nccl)");
  const fs::path root = CF_SOURCE_DIR;
  for (const char* folder : {"framework", "kernels", "models", "data", "tools", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = fs::relative(entry.path(), root).string();
      if (!is_source(path) || path.starts_with("kernels/cuda/") || path.starts_with("framework/dist/nccl/")) continue;
      for_each_include(entry.path(), [&](const std::string& name) {
        INFO(path << " includes " << name);
        CHECK_FALSE(std::regex_search(name, cuda));
      });
    }
  }
}

TEST_CASE("only the MPI module sees MPI's header") {
  const fs::path root = CF_SOURCE_DIR;
  int inside = 0;
  for (const char* folder : {"framework", "kernels", "models", "data", "tools", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = fs::relative(entry.path(), root).string();
      if (!is_source(entry.path())) continue;
      for_each_include(entry.path(), [&](const std::string& name) {
        if (name != "mpi.h") return;
        INFO(path << " includes " << name);
        CHECK(path.starts_with("framework/dist/mpi/"));
        ++inside;
      });
    }
  }
  CHECK(inside > 0);
}

TEST_CASE("only the raster module sees GDAL's headers") {
  static const std::regex gdal("^(gdal|ogr_|cpl_|vrtdataset)");
  const fs::path root = CF_SOURCE_DIR;
  int inside = 0;
  for (const char* folder : {"framework", "kernels", "models", "data", "tools", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string path = fs::relative(entry.path(), root).string();
      if (!is_source(entry.path())) continue;
      for_each_include(entry.path(), [&](const std::string& name) {
        if (!std::regex_search(name, gdal)) return;
        INFO(path << " includes " << name);
        CHECK(path.starts_with("data/raster/gdal/"));
        ++inside;
      });
    }
  }
  CHECK(inside > 0);
}

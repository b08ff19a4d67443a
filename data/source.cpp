#include "data/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/hdf5.h"
#include "data/mat.h"
#include "data/triplets.h"
#include "framework/core/check.h"

namespace cf {
namespace {

// --- PanCollection's HDF5 ---

class Hdf5Source final : public ImageSource {
 public:
  Hdf5Source(std::string where, const Shape& shape, hdf5::Array array)
      : ImageSource(std::move(where), shape), array_(std::move(array)), wide_(array_.info().type == "float64") {}

  void read(std::int64_t first, std::int64_t count, float* out) const override {
    // The library converts f64 to f32 at a fraction of memory speed, with an overflow test per value; we do it on the way.
    if (wide_) {
      read_as<double>(first, count, out);
    } else {
      read_as<float>(first, count, out);
    }
  }

 private:
  template <class T>
  void read_as(std::int64_t first, std::int64_t count, float* out) const {
    std::vector<T> planes(static_cast<std::size_t>(count * sample_numel()));  // (count, C, H, W)
    array_.read_rows<T>(first, count, planes);
    const std::int64_t pixels = shape()[1] * shape()[2];
    const std::int64_t channels = shape()[3];
    const T* from = planes.data();
    for (std::int64_t n = 0; n < count; ++n, from += pixels * channels) {
      for (std::int64_t p = 0; p < pixels; ++p) {
        for (std::int64_t c = 0; c < channels; ++c) *out++ = static_cast<float>(from[c * pixels + p]);
      }
    }
  }

  hdf5::Array array_;
  bool wide_;
};

std::string shape_text(std::span<const std::int64_t> extents) {
  std::string text;
  for (const std::int64_t extent : extents) text += fmt::format("{}{}", text.empty() ? "" : " x ", extent);
  return text;
}

ImageSourcePtr open_array(const hdf5::File& file, const std::string& name, bool may_lack_channels) {
  hdf5::Array array = file.open(name);
  const std::vector<std::int64_t> s = array.info().shape;
  std::string where = fmt::format("data: {}, dataset '{}'", file.path().string(), name);
  check(array.info().numeric, "{}: holds no numbers", where);
  check(s.size() == 4 || (may_lack_channels && s.size() == 3), "{}: is {}; expected N x C x H x W{}", where, shape_text(s),
        may_lack_channels ? " or N x H x W" : "");
  const Shape shape = s.size() == 4 ? Shape{s[0], s[2], s[3], s[1]} : Shape{s[0], s[1], s[2], 1};
  return std::make_shared<Hdf5Source>(std::move(where), shape, std::move(array));
}

ImageSources open_pancollection(const std::filesystem::path& path) {
  const hdf5::File file(path);
  std::vector<std::string> names;
  for (const hdf5::ArrayInfo& info : file.list()) names.push_back(info.name);
  const auto open = [&](const char* quantity, bool required) {
    const std::string name = dataset_of(names, quantity);
    // One that is missing is asked for by its usual name, so that the error names it.
    if (name.empty() && !required) return ImageSourcePtr();
    return open_array(file, name.empty() ? quantity : name, std::string_view(quantity) == "pan");
  };
  ImageSources sources;
  sources.ms = open("ms", true);
  sources.pan = open("pan", true);
  sources.lms = open("lms", false);
  sources.gt = open("gt", false);
  return sources;
}

// --- the toolbox's .mat ---

// Small enough to be held: these files have one to a few images.
class MatSource final : public ImageSource {
 public:
  MatSource(std::string where, const Shape& shape, const mat::Array& array) : ImageSource(std::move(where), shape) {
    images_.reserve(array.values.size());
    const auto [N, H, W, C] = std::array{shape[0], shape[1], shape[2], shape[3]};
    for (std::int64_t n = 0; n < N; ++n) {
      for (std::int64_t y = 0; y < H; ++y) {
        for (std::int64_t x = 0; x < W; ++x) {
          // Column-major: n + N (y + H (x + W c)).
          for (std::int64_t c = 0; c < C; ++c) {
            images_.push_back(static_cast<float>(array.values[static_cast<std::size_t>(n + N * (y + H * (x + W * c)))]));
          }
        }
      }
    }
  }

  void read(std::int64_t first, std::int64_t count, float* out) const override {
    std::copy_n(images_.begin() + first * sample_numel(), count * sample_numel(), out);
  }

 private:
  std::vector<float> images_;  // (N, H, W, C)
};

// The first of the names that the file has.
std::optional<std::string> find_name(const std::vector<mat::Info>& variables, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (const mat::Info& variable : variables) {
      if (variable.name == name) return variable.name;
    }
  }
  return std::nullopt;
}

ImageSourcePtr open_variable(const std::filesystem::path& path, const std::string& name, bool many) {
  const mat::Array array = mat::read(path, name);
  std::vector<std::int64_t> s = array.shape;
  std::string where = fmt::format("data: {}, variable '{}'", path.string(), name);
  // MATLAB drops trailing extents of 1, which is what a band count of 1 is.
  const std::size_t least = many ? 3 : 2;
  check(s.size() == least || s.size() == least + 1, "{}: is {}; expected {}", where, shape_text(s),
        many ? "N x H x W x B as ms is" : "H x W x B");
  if (s.size() == least) s.push_back(1);
  if (!many) s.insert(s.begin(), 1);
  return std::make_shared<MatSource>(std::move(where), Shape(s), array);
}

ImageSources open_toolbox(const std::filesystem::path& path) {
  const std::vector<mat::Info> variables = mat::list(path);
  const auto ms = find_name(variables, {"ms", "I_MS_LR"});
  const auto lms = find_name(variables, {"lms", "I_MS"});
  const auto pan = find_name(variables, {"pan", "I_PAN"});
  const auto gt = find_name(variables, {"gt", "I_GT"});
  std::string held;
  for (const mat::Info& variable : variables) held += (held.empty() ? "" : ", ") + variable.name;
  check(ms.has_value(), "data: {} has no variable 'ms' or 'I_MS_LR'; it holds: {}", path.string(), held);
  check(pan.has_value(), "data: {} has no variable 'pan' or 'I_PAN'; it holds: {}", path.string(), held);
  const auto is_ms = [&](const mat::Info& variable) { return variable.name == *ms; };
  const bool many = std::find_if(variables.begin(), variables.end(), is_ms)->shape.size() == 4;
  ImageSources sources;
  sources.ms = open_variable(path, *ms, many);
  sources.pan = open_variable(path, *pan, many);
  if (lms) sources.lms = open_variable(path, *lms, many);
  if (gt) sources.gt = open_variable(path, *gt, many);
  return sources;
}

}  // namespace

std::string dataset_of(std::span<const std::string> datasets, std::string_view quantity) {
  std::vector<std::string> wanted = {std::string(quantity)};
  std::string capitals(quantity);
  for (char& c : capitals) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  wanted.push_back(capitals);
  if (quantity == "ms") wanted.emplace_back("LRHSI");
  if (quantity == "lms") wanted.emplace_back("HSI_up");
  for (const std::string& name : wanted) {
    if (std::find(datasets.begin(), datasets.end(), name) != datasets.end()) return name;
  }
  return {};
}

ImageSources open_sources(const std::filesystem::path& path, double scale) {
  if (is_triplet_set(path)) return open_triplets(path, scale);
  return mat::kind_of(path) == mat::Kind::none ? open_pancollection(path) : open_toolbox(path);
}

}  // namespace cf

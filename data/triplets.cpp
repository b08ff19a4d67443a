#include "data/triplets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <vector>

#include "data/raster/raster.h"
#include "framework/core/check.h"
#include "framework/core/log.h"

namespace cf {
namespace {

constexpr std::int64_t kRadarBands = 2;
constexpr std::int64_t kOpticalBands = 13;
// Beyond these no backscatter is in dB: what is found there is a mark of missing pixels, or another unit.
constexpr float kLeastDb = -100;
constexpr float kLargestDb = 60;

enum class Member { radar, clear, cloudy };
using Members = std::array<std::filesystem::path, 3>;  // by Member
constexpr std::array<const char*, 3> kSensors = {"s1", "s2", "s2_cloudy"};

// --- which files there are ---

struct FileName {
  std::string scene;  // "ROIs1158_spring_1"
  int patch = 0;
  Member member = Member::radar;
};

// Of "ROIs1158_spring_s2_cloudy_1_p30.tif"; none of another name.
std::optional<FileName> parse(const std::string& name) {
  static const std::regex kPattern(R"((ROIs\d+_[a-z]+)_(s1|s2|s2_cloudy)_(\d+)_p(\d+)\.tiff?)");
  std::smatch parts;
  if (!std::regex_match(name, parts, kPattern)) return std::nullopt;
  const auto sensor = std::find(kSensors.begin(), kSensors.end(), parts[2].str()) - kSensors.begin();
  return FileName{fmt::format("{}_{}", parts[1].str(), parts[3].str()), std::stoi(parts[4]), static_cast<Member>(sensor)};
}

struct Key {
  std::string scene;
  int patch = 0;
  std::string name() const { return fmt::format("{}_p{}", scene, patch); }
  auto operator<=>(const Key&) const = default;
};

std::map<Key, Members> scan(const std::filesystem::path& folder) {
  std::map<Key, Members> found;
  std::error_code error;
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  for (auto entry = std::filesystem::recursive_directory_iterator(folder, options, error), end = decltype(entry)();
       !error && entry != end; entry.increment(error)) {
    const auto name = parse(entry->path().filename().string());
    if (name) found[{name->scene, name->patch}][static_cast<std::size_t>(name->member)] = entry->path();
  }
  check(!error, "data: cannot look into {}: {}", folder.string(), error.message());
  return found;
}

// The lines of a list, without blanks and comments.
std::set<std::string> read_list(const std::filesystem::path& path) {
  std::ifstream file(path);
  check(file.good(), "data: {} does not exist or cannot be read; docs/data.md says what a list of triplets looks like",
        path.string());
  std::set<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    line.erase(std::remove_if(line.begin(), line.end(), [](unsigned char c) { return std::isspace(c) != 0; }), line.end());
    if (!line.empty() && line[0] != '#') lines.insert(line);
  }
  check(!lines.empty(), "data: {} names no scene", path.string());
  return lines;
}

void keep_listed(std::map<Key, Members>& found, const std::filesystem::path& list) {
  const std::set<std::string> wanted = read_list(list);
  std::set<std::string> seen;
  std::erase_if(found, [&](const auto& entry) {
    bool listed = false;
    for (const std::string& name : {entry.first.scene, entry.first.name()}) {
      if (!wanted.contains(name)) continue;
      seen.insert(name);
      listed = true;
    }
    return !listed;
  });
  for (const std::string& name : wanted) {
    check(seen.contains(name), "data: {} names {}, of which there is no file in {}", list.string(), name,
          list.parent_path().string());
  }
}

// --- what is in them ---

std::string place(const RasterInfo& info) {
  std::string text = fmt::format("{} x {} pixels", info.rows, info.cols);
  if (info.transform) {
    const GeoTransform& t = *info.transform;
    text += fmt::format(" of {:g} x {:g} at ({:g}, {:g})", t.step_x, -t.step_y, t.origin_x, t.origin_y);
  }
  return info.crs.empty() ? text : text + ", " + crs_name(info.crs);
}

bool same_grid(const RasterInfo& a, const RasterInfo& b) {
  if (a.rows != b.rows || a.cols != b.cols || a.transform.has_value() != b.transform.has_value()) return false;
  if (a.crs.empty() != b.crs.empty() || (!a.crs.empty() && !same_crs(a.crs, b.crs))) return false;
  if (!a.transform) return true;
  const GeoTransform& s = *a.transform;
  const GeoTransform& t = *b.transform;
  // A thousandth of a pixel is rounding.
  const double slack = 1e-3 * std::abs(s.step_x);
  const auto near = [&](double x, double y) { return std::abs(x - y) <= slack; };
  return near(s.origin_x, t.origin_x) && near(s.origin_y, t.origin_y) && near(s.step_x, t.step_x) && near(s.step_y, t.step_y);
}

// A set whose files are looked at as they are needed: opening all of a real one takes minutes.
class TripletSet {
 public:
  TripletSet(std::vector<Triplet> triplets, double scale)
      : scale_(scale), triplets_(std::move(triplets)), checked_(triplets_.size(), false) {
    const auto first = open(0, Member::clear);
    rows_ = first->info().rows;
    cols_ = first->info().cols;
    check_triplet(0);
  }

  Shape shape(std::int64_t bands) const { return {static_cast<std::int64_t>(triplets_.size()), rows_, cols_, bands}; }

  // (rows, cols, bands)
  void read(std::size_t i, Member member, std::span<float> out) {
    check_triplet(i);
    const auto raster = open(i, member);
    raster->read({0, 0, rows_, cols_}, out);
    if (member == Member::radar) {
      scale_radar(raster->info().name, out);
    } else {
      for (float& v : out) v = std::clamp(v, 0.0F, static_cast<float>(kLargestReflectance));  // a NaN stays one
    }
  }

 private:
  const std::filesystem::path& path(std::size_t i, Member member) const {
    const Triplet& t = triplets_[i];
    return member == Member::radar ? t.radar : member == Member::clear ? t.clear : t.cloudy;
  }

  std::unique_ptr<RasterReader> open(std::size_t i, Member member) const {
    auto raster = open_raster(path(i, member));
    const std::int64_t expected = member == Member::radar ? kRadarBands : kOpticalBands;
    const auto bands = static_cast<std::int64_t>(raster->info().bands.size());
    check(bands == expected, "data: {} has {} bands; {} has {} (docs/data.md)", path(i, member).string(), bands,
          member == Member::radar ? "a Sentinel-1 image of SEN12MS-CR" : "a Sentinel-2 image of SEN12MS-CR", expected);
    return raster;
  }

  void check_triplet(std::size_t i) {
    {
      const std::scoped_lock lock(mutex_);
      if (checked_[i]) return;
    }
    const auto clear = open(i, Member::clear);
    check(clear->info().rows == rows_ && clear->info().cols == cols_, "data: {} is {}; the set's first triplet has {} x {}",
          path(i, Member::clear).string(), place(clear->info()), rows_, cols_);
    for (const Member member : {Member::radar, Member::cloudy}) {
      const auto other = open(i, member);
      check(same_grid(clear->info(), other->info()), "data: triplet {}: the grids differ: {} is {}, {} is {}", triplets_[i].name,
            path(i, Member::clear).filename().string(), place(clear->info()), path(i, member).filename().string(),
            place(other->info()));
    }
    const std::scoped_lock lock(mutex_);
    checked_[i] = true;
  }

  void scale_radar(const std::string& file, std::span<float> values) {
    constexpr std::array<const char*, kRadarBands> kNames = {"VV", "VH"};
    const auto bands = static_cast<std::size_t>(kRadarBands);
    for (std::size_t b = 0; b < bands; ++b) {
      double sum = 0;
      std::int64_t valid = 0;
      for (std::size_t p = b; p < values.size(); p += bands) {
        const float v = values[p];
        if (std::isnan(v)) continue;
        check(
            v >= kLeastDb && v <= kLargestDb,
            "data: {}: {} holds {:g}, which is no backscatter in dB; files in another unit, or marks of missing pixels, must be "
            "converted first (docs/data.md)",
            file, kNames[b], v);
        sum += static_cast<double>(v);
        ++valid;
      }
      const std::int64_t pixels = rows_ * cols_;
      check(valid > 0, "data: {}: {} has no valid pixel", file, kNames[b]);
      const double mean = sum / static_cast<double>(valid);
      check(mean < 0, "data: {}: {} is {:g} in the mean, and backscatter in dB is negative; are these linear intensities?", file,
            kNames[b], mean);
      if (valid < pixels) say_filled(file, pixels - valid);
      const double lowest = b == 0 ? kLowestVv : kLowestVh;
      for (std::size_t p = b; p < values.size(); p += bands) {
        const double v = std::isnan(values[p]) ? mean : static_cast<double>(values[p]);
        values[p] = static_cast<float>((std::clamp(v, lowest, 0.0) - lowest) / -lowest * scale_);
      }
    }
  }

  void say_filled(const std::string& file, std::int64_t pixels) {
    std::call_once(said_, [&] {
      log::warning("{}: {} pixels without data get the mean of their band; further images of this kind are not named", file,
                   pixels);
    });
  }

  double scale_;
  std::vector<Triplet> triplets_;
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  std::mutex mutex_;
  std::vector<bool> checked_;
  std::once_flag said_;
};

class TripletSource final : public ImageSource {
 public:
  TripletSource(std::string where, std::shared_ptr<TripletSet> set, Member member)
      : ImageSource(std::move(where), set->shape(member == Member::radar ? kRadarBands : kOpticalBands)),
        set_(std::move(set)),
        member_(member) {}

  void read(std::int64_t first, std::int64_t count, float* out) const override {
    const auto numel = static_cast<std::size_t>(sample_numel());
    for (std::int64_t i = 0; i < count; ++i) {
      set_->read(static_cast<std::size_t>(first + i), member_, {out + static_cast<std::size_t>(i) * numel, numel});
    }
  }

 private:
  std::shared_ptr<TripletSet> set_;
  Member member_;
};

}  // namespace

bool is_triplet_set(const std::filesystem::path& path) {
  return std::filesystem::is_directory(path) || path.extension() == ".txt";
}

std::vector<Triplet> find_triplets(const std::filesystem::path& path) {
  const bool listed = !std::filesystem::is_directory(path);
  const std::filesystem::path folder = listed ? std::filesystem::absolute(path).parent_path() : path;
  std::map<Key, Members> found = scan(folder);
  if (listed) keep_listed(found, path);
  check(!found.empty(),
        "data: {} is a folder without SEN12MS-CR's images (ROIs1158_spring_s1_1_p30.tif and so on); docs/data.md says where sets "
        "come "
        "from and how they lie on disk",
        folder.string());
  std::vector<Triplet> triplets;
  for (const auto& [key, members] : found) {
    for (std::size_t m = 0; m < members.size(); ++m) {
      const auto there = std::find_if(members.begin(), members.end(), [](const auto& p) { return !p.empty(); });
      check(!members[m].empty(), "data: the triplet {} has no {} image; there is {}", key.name(), kSensors[m], there->string());
    }
    triplets.push_back({key.name(), members[0], members[1], members[2]});
  }
  return triplets;
}

ImageSources open_triplets(const std::filesystem::path& path, double scale) {
  const auto set = std::make_shared<TripletSet>(find_triplets(path), scale);
  const auto source = [&](const char* what, Member member) {
    return std::make_shared<TripletSource>(fmt::format("data: {}, {}", path.string(), what), set, member);
  };
  ImageSources sources;
  sources.gt = source("clear images", Member::clear);
  sources.ms = source("cloudy images", Member::cloudy);
  sources.pan = source("radar images", Member::radar);
  return sources;
}

}  // namespace cf

#include "data/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "data/hdf5.h"
#include "data/image/interp.h"
#include "data/mat.h"
#include "data/presets.h"
#include "data/source.h"
#include "data/triplets.h"
#include "framework/core/check.h"
#include "framework/tensor/tensor.h"

namespace cf {
namespace {

constexpr std::int64_t kSlabValues = std::int64_t{4} << 20;
constexpr std::int64_t kBorder = 24;
constexpr std::int64_t kLmsSamples = 16;
constexpr double kLmsTolerance = 1;  // DN

std::string extents_text(std::span<const std::int64_t> extents) {
  std::string text;
  for (const std::int64_t extent : extents) text += fmt::format("{}{}", text.empty() ? "" : " x ", extent);
  return text.empty() ? "scalar" : text;
}

// Range, mean and bad values, taken in piece by piece.
class Statistics {
 public:
  void add(std::span<const double> values) {
    for (const double v : values) {
      if (!std::isfinite(v)) {
        ++bad_;
        continue;
      }
      least_ = std::min(least_, v);
      largest_ = std::max(largest_, v);
      sum_ += v;
      ++finite_;
    }
  }
  void fill(ArrayReport& report) const {
    report.bad = bad_;
    if (finite_ == 0) return;
    report.least = least_;
    report.largest = largest_;
    report.mean = sum_ / static_cast<double>(finite_);
  }

 private:
  double least_ = std::numeric_limits<double>::infinity();
  double largest_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0;
  std::int64_t finite_ = 0;
  std::int64_t bad_ = 0;
};

ArrayReport report_hdf5(const hdf5::Array& array) {
  const hdf5::ArrayInfo& info = array.info();
  ArrayReport report{info.name, info.shape, info.type, "contiguous", info.numeric};
  if (!info.chunk.empty()) report.layout = "chunks " + extents_text(info.chunk);
  if (!info.filters.empty()) report.layout += ", " + info.filters;
  if (!info.numeric || info.numel() == 0) return report;
  Statistics statistics;
  if (info.shape.empty()) {
    double value = 0;
    array.read<double>(std::span(&value, 1));
    statistics.add(std::span(&value, 1));
  } else {
    const std::int64_t step = std::max<std::int64_t>(1, kSlabValues / info.row_numel());
    std::vector<double> values;
    for (std::int64_t first = 0; first < info.shape[0]; first += step) {
      const std::int64_t count = std::min(step, info.shape[0] - first);
      values.resize(static_cast<std::size_t>(count * info.row_numel()));
      array.read_rows<double>(first, count, values);
      statistics.add(values);
    }
  }
  statistics.fill(report);
  return report;
}

// A set of triplets: files of their own, of which a few are read.
void report_triplets(DataReport& report) {
  constexpr std::int64_t kLooked = 16;
  const ImageSources sources = open_sources(report.path);
  report.format = "SEN12MS-CR";
  if (report.expected_scale <= 0) report.expected_scale = kLargestReflectance;
  for (const auto& [name, source] : {std::pair{"gt", sources.gt}, std::pair{"ms", sources.ms}, std::pair{"pan", sources.pan}}) {
    const Shape& s = source->shape();
    ArrayReport array{name, {s[0], s[3], s[1], s[2]}, "GeoTIFF", "scaled and clipped", true};
    Statistics statistics;
    const std::int64_t looked = std::min(kLooked, s[0]);
    std::vector<float> values(static_cast<std::size_t>(source->sample_numel()));
    for (std::int64_t i = 0; i < looked; ++i) {
      source->read(i * s[0] / looked, 1, values.data());
      statistics.add(std::vector<double>(values.begin(), values.end()));
    }
    statistics.fill(array);
    array.layout += fmt::format(", {} of {} read", looked, s[0]);
    report.arrays.push_back(array);
  }
}

void report_arrays(DataReport& report) {
  if (is_triplet_set(report.path)) {
    report_triplets(report);
    return;
  }
  const mat::Kind kind = mat::kind_of(report.path);
  report.format = kind == mat::Kind::v5 ? "MATLAB 5" : kind == mat::Kind::v73 ? "MATLAB 7.3" : "HDF5";
  if (kind == mat::Kind::none) {
    const hdf5::File file(report.path);
    for (const hdf5::ArrayInfo& info : file.list()) report.arrays.push_back(report_hdf5(file.open(info.name)));
    return;
  }
  for (const mat::Info& info : mat::list(report.path)) {
    ArrayReport array{info.name, info.shape, info.type, "column-major", info.numeric};
    if (info.numeric) {
      Statistics statistics;
      statistics.add(mat::read(report.path, info.name).values);
      statistics.fill(array);
    }
    report.arrays.push_back(array);
  }
}

// The largest difference inside the border; the sources' shapes fit each other at an exact ratio.
double compare_sample(const ImageSource& ms, const ImageSource& lms, std::int64_t n, std::int64_t ratio) {
  const Shape& coarse = ms.shape();
  const Shape& fine = lms.shape();
  const Tensor small = Tensor::empty({coarse[1], coarse[2], coarse[3]});
  const Tensor given = Tensor::empty({fine[1], fine[2], fine[3]});
  ms.read(n, 1, small.span<float>().data());
  lms.read(n, 1, given.span<float>().data());
  const Tensor made = interp23tap(small, ratio);
  double largest = 0;
  for (std::int64_t y = kBorder; y < fine[1] - kBorder; ++y) {
    for (std::int64_t i = kBorder * fine[3]; i < (fine[2] - kBorder) * fine[3]; ++i) {
      const auto at = static_cast<std::size_t>(y * fine[2] * fine[3] + i);
      const double difference = std::abs(made.span<double>()[at] - static_cast<double>(given.span<float>()[at]));
      largest = std::isfinite(difference) ? std::max(largest, difference) : std::numeric_limits<double>::infinity();
    }
  }
  return largest;
}

LmsReport report_lms(const ImageSource& ms, const ImageSource& lms) {
  LmsReport report;
  const Shape& coarse = ms.shape();
  const Shape& fine = lms.shape();
  const std::int64_t ratio = coarse[1] > 0 ? fine[1] / coarse[1] : 0;
  if (ratio < 1 || fine != Shape{coarse[0], coarse[1] * ratio, coarse[2] * ratio, coarse[3]}) {
    report.unchecked = "the shapes of ms and lms do not fit";
  } else if (!is_power_of_two(ratio)) {
    report.unchecked = fmt::format("the 23-tap interpolation does not exist at ratio {}", ratio);
  } else if (std::min(fine[1], fine[2]) <= 2 * kBorder) {
    report.unchecked = fmt::format("images of {} x {} have no pixel {} away from the border", fine[1], fine[2], kBorder);
  } else {
    report.samples = std::min(kLmsSamples, fine[0]);
    for (std::int64_t i = 0; i < report.samples; ++i) {
      const double difference = compare_sample(ms, lms, i * fine[0] / report.samples, ratio);
      report.largest_difference = std::max(report.largest_difference, difference);
    }
    report.agrees = report.largest_difference <= kLmsTolerance;
  }
  return report;
}

// The preset whose name begins a word of the file's name: train_wv3.h5, test_qb_multiExm1.h5.
std::string sensor_in(const std::filesystem::path& path) {
  std::string words = fmt::format("_{}", path.stem().string());
  std::transform(words.begin(), words.end(), words.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const SensorPreset& preset : sensor_presets()) {
    if (words.find(fmt::format("_{}", preset.name)) != std::string::npos) return std::string(preset.name);
  }
  return {};
}

void judge_scale(DataReport& report, double largest) {
  report.sensor = sensor_in(report.path);
  report.fitting_scale = likely_scale(largest);
  if (report.expected_scale <= 0 && !report.sensor.empty()) report.expected_scale = sensor_preset(report.sensor).scale;
  if (largest <= 1.5 && report.expected_scale != 1) {
    report.warnings.push_back(
        fmt::format("the largest value is {:.4g}: already scaled to [0, 1]? The reader expects DN", largest));
  } else if (report.expected_scale > 0 && largest > 1.5 * report.expected_scale) {
    report.warnings.push_back(fmt::format("the scale looks wrong: values up to {:g} against a scale of {:g}; {:g} would fit",
                                          largest, report.expected_scale, report.fitting_scale));
  } else if (report.expected_scale > 0 && largest < report.expected_scale / 8) {
    report.warnings.push_back(fmt::format("the scale looks wrong: no value above {:g} against a scale of {:g}; {:g} would fit",
                                          largest, report.expected_scale, report.fitting_scale));
  }
}

void report_set(DataReport& report) {
  const ImageSources sources = open_sources(report.path);
  const Shape& ms = sources.ms->shape();
  const Shape& pan = sources.pan->shape();
  report.samples = ms[0];
  report.bands = ms[3];
  report.pan_bands = pan[3];
  report.ratio = ms[1] > 0 ? static_cast<double>(pan[1]) / static_cast<double>(ms[1]) : 0;
  double largest = 0;
  for (const ArrayReport& array : report.arrays) {
    const bool overshoots = array.name == "lms" || array.name == "LMS" || array.name == "HSI_up" || array.name == "I_MS";
    if (!overshoots) largest = std::max(largest, array.largest);
  }
  if (report.samples == 0) {
    report.warnings.emplace_back("the set holds no samples");
    return;
  }
  judge_scale(report, largest);
  if (sources.lms == nullptr) return;
  report.lms = report_lms(*sources.ms, *sources.lms);
  if (report.lms->unchecked.empty() && !report.lms->agrees) {
    report.warnings.push_back(
        fmt::format("lms differs from the 23-tap interpolation of ms by up to {:.4g} DN", report.lms->largest_difference));
  }
}

bool holds_images(const DataReport& report) {
  std::vector<std::string> names;
  for (const ArrayReport& array : report.arrays) names.push_back(array.name);
  const auto has = [&](const char* quantity, const char* toolbox) {
    return !dataset_of(names, quantity).empty() || std::find(names.begin(), names.end(), toolbox) != names.end();
  };
  return has("ms", "I_MS_LR") && has("pan", "I_PAN");
}

}  // namespace

DataReport describe_data(const std::filesystem::path& path, double scale) {
  DataReport report;
  report.path = path;
  report.expected_scale = scale;
  report_arrays(report);
  for (const ArrayReport& array : report.arrays) {
    if (array.bad > 0) report.warnings.push_back(fmt::format("{} has {} values that are NaN or infinite", array.name, array.bad));
  }
  if (!holds_images(report)) return report;
  try {
    report_set(report);
  } catch (const Error& error) {
    report.warnings.emplace_back(error.what());  // shapes that no data set has: the table above is still of use
  }
  return report;
}

std::string to_text(const DataReport& report) {
  std::string text = fmt::format("{}: {}\n", report.path.string(), report.format);
  for (const ArrayReport& array : report.arrays) {
    text += fmt::format("  {:<8} {:<22} {:<8}", array.name, extents_text(array.shape), array.type);
    if (array.numeric) {
      text += fmt::format("  [{:g}, {:g}]  mean {:.5g}  NaN/inf {}", array.least, array.largest, array.mean, array.bad);
    }
    text += fmt::format("  {}\n", array.layout);
  }
  if (report.samples > 0) {
    text += fmt::format("  {} sample{}, {} bands, PAN of {}, ratio {:g}\n", report.samples, report.samples == 1 ? "" : "s",
                        report.bands, report.pan_bands, report.ratio);
    if (report.expected_scale > 0) text += fmt::format("  scale {:g}", report.expected_scale);
    if (report.expected_scale > 0) text += report.sensor.empty() ? "\n" : fmt::format(" ({})\n", report.sensor);
    if (report.expected_scale <= 0) text += fmt::format("  scale unknown; {:g} fits the largest value\n", report.fitting_scale);
  }
  if (report.lms && report.lms->unchecked.empty()) {
    text +=
        fmt::format("  lms against the 23-tap interpolation of ms, {} samples, {} pixels from the border: within {:.3g} DN{}\n",
                    report.lms->samples, kBorder, report.lms->largest_difference, report.lms->agrees ? ", agrees" : "");
  } else if (report.lms) {
    text += fmt::format("  lms not compared with ms: {}\n", report.lms->unchecked);
  }
  for (const std::string& warning : report.warnings) text += fmt::format("  warning: {}\n", warning);
  return text;
}

}  // namespace cf

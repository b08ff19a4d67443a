#include "data/raster/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace cf {
namespace {

constexpr std::int64_t kSamplesAtOnce = std::int64_t{4} << 20;

// Sums of a band around its first value, so that the deviation of large numbers keeps its digits.
struct Sums {
  double first = 0;
  double sum = 0;
  double squares = 0;

  void add(double value, BandReport& report) {
    if (report.valid == 0) {
      first = value;
      report.least = value;
      report.largest = value;
    }
    report.least = std::min(report.least, value);
    report.largest = std::max(report.largest, value);
    sum += value - first;
    squares += (value - first) * (value - first);
    ++report.valid;
  }
  void finish(BandReport& report) const {
    if (report.valid == 0) return;
    const auto n = static_cast<double>(report.valid);
    report.mean = first + sum / n;
    report.deviation = std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
  }
};

bool equals(float sample, float nodata) { return sample == nodata || (std::isnan(sample) && std::isnan(nodata)); }

// Goes through the raster in windows of whole blocks, or of rows of them where that is little.
template <class F>
void for_each_window(const RasterInfo& info, F&& fn) {
  const auto bands = static_cast<std::int64_t>(info.bands.size());
  const std::int64_t block_rows = std::max<std::int64_t>(1, info.block_rows);
  const std::int64_t block_cols = std::max<std::int64_t>(1, info.block_cols);
  const std::int64_t high = std::min(block_rows, std::max<std::int64_t>(1, kSamplesAtOnce / (block_cols * bands)));
  const std::int64_t across = std::max<std::int64_t>(1, kSamplesAtOnce / (high * block_cols * bands));
  const std::int64_t wide = std::min(info.cols, across * block_cols);
  const std::int64_t tall = wide < info.cols ? high : high * std::max<std::int64_t>(1, kSamplesAtOnce / (high * wide * bands));
  for (std::int64_t row = 0; row < info.rows; row += tall) {
    for (std::int64_t col = 0; col < info.cols; col += wide) {
      fn(Window{row, col, std::min(tall, info.rows - row), std::min(wide, info.cols - col)});
    }
  }
}

class Survey {
 public:
  explicit Survey(RasterReader& raster) : raster_(raster) {
    report_.info = raster.info();
    report_.bands.resize(raster.info().bands.size());
    sums_.resize(report_.bands.size());
  }

  RasterReport run() {
    for_each_window(report_.info, [this](const Window& window) { add(window); });
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i].finish(report_.bands[i]);
    return std::move(report_);
  }

 private:
  void add(const Window& window) {
    const auto pixels = static_cast<std::size_t>(window.pixels());
    samples_.resize(pixels * sums_.size());
    mask_.assign(pixels, 1);
    raster_.read(window, samples_);
    if (report_.info.has_mask) raster_.read_mask(window, mask_);
    report_.masked += std::count(mask_.begin(), mask_.end(), std::uint8_t{0});
    for (std::size_t band = 0; band < sums_.size(); ++band) add_band(band);
  }

  void add_band(std::size_t band) {
    BandReport& report = report_.bands[band];
    const std::optional<double>& value = report_.info.bands[band].nodata;
    const float nodata = value ? as_sample(*value) : 0.0F;
    for (std::size_t i = 0; i < mask_.size(); ++i) {
      const float sample = samples_[i * sums_.size() + band];
      if (mask_[i] == 0) continue;
      if (value && equals(sample, nodata)) {
        ++report.nodata;
      } else if (!std::isfinite(sample)) {
        ++report.bad;
      } else {
        sums_[band].add(static_cast<double>(sample), report);
      }
    }
  }

  RasterReader& raster_;
  RasterReport report_;
  std::vector<Sums> sums_;
  std::vector<float> samples_;
  std::vector<std::uint8_t> mask_;
};

int bits_of(const RasterReport& report) {
  if (!is_integer(report.info.type) || range_of(report.info.type).lowest < 0) return 0;
  double largest = 0;
  for (const BandReport& band : report.bands) largest = std::max(largest, band.largest);
  for (const int bits : {8, 10, 11, 12, 16}) {
    if (largest < std::ldexp(1.0, bits)) return bits;
  }
  return 0;
}

void warn_of_place(RasterReport& report) {
  const RasterInfo& info = report.info;
  if (info.rotated) {
    report.warnings.emplace_back("it is rotated, or placed by control points: gdalwarp turns it north up before it can be fused");
  } else if (!info.transform) {
    report.warnings.emplace_back("it has no geotransform: nothing says where it lies");
  }
  if (info.crs.empty()) report.warnings.emplace_back("it has no coordinate reference system");
}

void warn_of_bands(RasterReport& report, double scale) {
  for (std::size_t i = 0; i < report.bands.size(); ++i) {
    const RasterBand& band = report.info.bands[i];
    const BandReport& values = report.bands[i];
    const auto warn = [&](const std::string& text) { report.warnings.push_back(fmt::format("band {}: {}", i + 1, text)); };
    if (band.nodata && !holds(report.info.type, *band.nodata)) {
      warn(fmt::format("its nodata value {} cannot occur in {}", *band.nodata, name_of(report.info.type)));
    }
    if (band.colour == "Palette") warn("its values are numbers of colours: gdal_translate -expand rgb makes bands of them");
    if (values.bad > 0) warn(fmt::format("{} samples are NaN or infinite and no nodata", values.bad));
    if (values.valid == 0) {
      warn("it has no valid sample");
    } else if (values.least == values.largest) {
      warn(fmt::format("all valid samples are {}", values.least));
    }
    if (scale > 0 && values.valid > 0 && values.largest > scale) {
      warn(fmt::format("its largest value {} is above the scale {}", values.largest, scale));
    }
  }
}

std::string place_of(const RasterInfo& info) {
  std::string text = info.crs.empty() ? "no CRS" : crs_name(info.crs);
  if (!info.transform) return text + (info.rotated ? ", rotated" : ", no geotransform");
  const GeoTransform& t = *info.transform;
  return text + fmt::format(", first corner at {:.10g} {:.10g}, pixels of {:.10g} x {:.10g}", t.origin_x, t.origin_y, t.step_x,
                            t.step_y);
}

std::string storage_of(const RasterInfo& info) {
  std::string text = fmt::format("{}{}", info.format, info.cog ? " (COG)" : "");
  text += fmt::format(", blocks of {} x {}", info.block_rows, info.block_cols);
  text += info.compression.empty() ? ", not compressed" : ", " + info.compression;
  return text + (info.overviews == 0 ? ", no overviews"
                                     : fmt::format(", {} overview{}", info.overviews, info.overviews == 1 ? "" : "s"));
}

std::string share(std::int64_t part, std::int64_t all) {
  if (part == 0) return "none";
  return fmt::format("{} ({:.2f} %)", part, 100.0 * static_cast<double>(part) / static_cast<double>(all));
}

std::string band_line(const RasterReport& report, std::size_t i) {
  const RasterBand& band = report.info.bands[i];
  const BandReport& values = report.bands[i];
  std::string line = fmt::format("  {:<4} {:<16} {:<10}", i + 1, band.name.empty() ? "-" : band.name, band.colour);
  if (values.valid > 0) {
    line += fmt::format(" {:>11.6g} {:>11.6g} {:>11.6g} {:>11.6g}", values.least, values.largest, values.mean, values.deviation);
  } else {
    line += fmt::format(" {:>11} {:>11} {:>11} {:>11}", "-", "-", "-", "-");
  }
  return line +
         (band.nodata ? fmt::format("  {}: {}", *band.nodata, share(values.nodata, report.info.rows * report.info.cols)) : "  -");
}

}  // namespace

RasterReport describe_raster(RasterReader& raster, double scale) {
  RasterReport report = Survey(raster).run();
  report.bits = bits_of(report);
  warn_of_place(report);
  warn_of_bands(report, scale);
  return report;
}

std::string to_text(const RasterReport& report) {
  const RasterInfo& info = report.info;
  std::string text = fmt::format("{}: raster, {} rows x {} columns, {} band{} of {}{}\n", info.name, info.rows, info.cols,
                                 info.bands.size(), info.bands.size() == 1 ? "" : "s", name_of(info.type),
                                 info.significant_bits > 0 ? fmt::format(" in {} bits", info.significant_bits) : "");
  text += fmt::format("  place    {}\n  storage  {}\n", place_of(info), storage_of(info));
  text += fmt::format("  mask     {}\n", info.has_mask ? "takes out " + share(report.masked, info.rows * info.cols) : "no");
  if (report.bits > 0) text += fmt::format("  values   fit {} bits, the scale {}\n", report.bits, (1 << report.bits) - 1);
  for (const auto& [key, value] : info.metadata) text += fmt::format("  {} = {}\n", key, value);
  text += fmt::format("  {:<4} {:<16} {:<10} {:>11} {:>11} {:>11} {:>11}  {}\n", "band", "name", "colour", "least", "largest",
                      "mean", "deviation", "nodata");
  for (std::size_t i = 0; i < report.bands.size(); ++i) text += band_line(report, i) + "\n";
  for (const std::string& warning : report.warnings) text += "warning: " + warning + "\n";
  return text;
}

}  // namespace cf

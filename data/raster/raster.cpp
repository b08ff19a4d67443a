#include "data/raster/raster.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "data/raster/module.h"
#include "data/raster/stored.h"
#include "framework/core/check.h"
#include "framework/core/staged_file.h"

namespace cf {
namespace {

// Index of the first sample that a raster of this type and range cannot hold; the number of samples where it holds all.
std::size_t first_unfit(std::span<const float> samples, const RasterInfo& info) {
  const SampleRange range = range_of(info);
  const float lowest = as_sample(range.lowest);
  const float highest = as_sample(range.highest);
  const auto fits = [&](float v) { return v >= lowest && v <= highest && v == std::floor(v); };
  return static_cast<std::size_t>(std::find_if_not(samples.begin(), samples.end(), fits) - samples.begin());
}

// Gives the file its name only when everything is written, and refuses what would be stored as something else.
class StagedWriter final : public RasterWriter {
 public:
  StagedWriter(const std::filesystem::path& file, RasterInfo info, const RasterFormat& format)
      : staged_(file), info_(std::move(info)) {
    check_writable();
    info_.name = file.string();
    inner_ = raster_module().create(staged_.tmp(), info_, format);
  }

  void write(const Window& window, std::span<const float> samples) override {
    check_size(window, std::ssize(samples));
    if (is_integer(info_.type)) check_samples(window, samples);
    inner_->write(window, to_stored(info_.type, samples));
  }

  void write_stored(const Window& window, std::span<const std::byte> samples) override {
    const std::int64_t size = stored_bytes(info_.type);
    check(std::ssize(samples) % size == 0, "{}: {} bytes are no samples of {}", info_.name, samples.size(), size);
    check_size(window, std::ssize(samples) / size);
    inner_->write(window, samples);
  }

  void finish() override {
    check(inner_ != nullptr, "{}: finished twice", info_.name);
    inner_->finish();
    inner_.reset();
    staged_.commit();
  }

 private:
  // Before GDAL, whose message would name the temporary file alone.
  void check_writable() const {
    const int fd = ::open(staged_.tmp().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);  // NOLINT: variadic in POSIX
    check(fd >= 0, "{}: cannot be written: {}", staged_.target().string(), std::strerror(errno));
    ::close(fd);
  }

  void check_size(const Window& window, std::int64_t samples) const {
    check(inner_ != nullptr, "{}: nothing can be written behind its end", info_.name);
    const bool inside = window.row >= 0 && window.col >= 0 && window.rows > 0 && window.cols > 0 &&
                        window.row + window.rows <= info_.rows && window.col + window.cols <= info_.cols;
    check(inside, "{}: rows {} to {}, columns {} to {} do not lie inside {} x {}", info_.name, window.row,
          window.row + window.rows - 1, window.col, window.col + window.cols - 1, info_.rows, info_.cols);
    const auto bands = static_cast<std::int64_t>(info_.bands.size());
    check(samples == window.pixels() * bands, "{}: {} samples for {} x {} pixels of {} bands", info_.name, samples, window.rows,
          window.cols, bands);
  }

  void check_samples(const Window& window, std::span<const float> samples) const {
    const std::size_t at = first_unfit(samples, info_);
    if (at == samples.size()) return;
    const auto pixel = static_cast<std::int64_t>(at / info_.bands.size());
    const SampleRange range = range_of(info_);
    fail("{}: {} at row {}, column {}, band {} cannot be stored as {}, which holds whole numbers from {} to {}", info_.name,
         samples[at], window.row + pixel / window.cols, window.col + pixel % window.cols, at % info_.bands.size() + 1,
         name_of(info_.type), range.lowest, range.highest);
  }

  StagedFile staged_;  // outlives inner_, which has the file open
  RasterInfo info_;
  std::unique_ptr<StoredWriter> inner_;
};

void check_new(const std::filesystem::path& file, const RasterInfo& info, const RasterFormat& format) {
  const std::string name = file.string();
  check(info.rows > 0 && info.cols > 0 && !info.bands.empty(), "{}: a raster of {} x {} pixels and {} bands cannot be written",
        name, info.rows, info.cols, info.bands.size());
  const bool cog = format.layout == Layout::cog;
  check(format.block >= (cog ? 128 : 16) && format.block % 16 == 0,
        "{}: blocks of {} pixels: their side is a multiple of 16, in a COG at least 128", name, format.block);
  std::optional<double> common;
  for (const RasterBand& band : info.bands) {
    if (!band.nodata) continue;
    check(holds(info.type, *band.nodata), "{}: nodata value {} cannot be stored as {}", name, *band.nodata, name_of(info.type));
    const bool equal = !common || *common == *band.nodata || (std::isnan(*common) && std::isnan(*band.nodata));
    check(equal, "{}: a GeoTIFF has one nodata value for all bands, not {} and {}", name, common.value_or(0), *band.nodata);
    common = band.nodata;
  }
}

}  // namespace

std::unique_ptr<RasterReader> open_raster(const std::filesystem::path& file) { return open_raster(std::span(&file, 1)); }

std::unique_ptr<RasterReader> open_raster(std::span<const std::filesystem::path> files) {
  check(!files.empty(), "rasters: no file was named");
  return raster_module().open(files);
}

std::unique_ptr<RasterWriter> create_raster(const std::filesystem::path& file, const RasterInfo& info,
                                            const RasterFormat& format) {
  check_new(file, info, format);
  return std::make_unique<StagedWriter>(file, info, format);
}

void set_raster_cache(std::int64_t bytes) { raster_module().set_cache(bytes); }

std::string raster_library() {
  try {
    return raster_module().library();
  } catch (const Error&) {
    return {};
  }
}

std::string crs_name(const std::string& wkt) { return wkt.empty() ? std::string() : raster_module().crs_name(wkt); }

bool same_crs(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a.empty() && b.empty();
  return a == b || raster_module().same_crs(a, b);
}

}  // namespace cf

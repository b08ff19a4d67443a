#include "data/raster/gdal/reader.h"

#include <algorithm>
#include <cmath>

#include "data/raster/gdal/dataset.h"
#include "data/raster/gdal/errors.h"
#include "framework/core/check.h"

namespace cf::gdal {
namespace {

std::string str(const Window& window) {
  return fmt::format("rows {} to {}, columns {} to {}", window.row, window.row + window.rows - 1, window.col,
                     window.col + window.cols - 1);
}

// Reads one band as f32; false where GDAL fails.
bool read_band(GDALRasterBand& band, const Window& w, float* out) {
  return band.RasterIO(GF_Read, static_cast<int>(w.col), static_cast<int>(w.row), static_cast<int>(w.cols),
                       static_cast<int>(w.rows), out, static_cast<int>(w.cols), static_cast<int>(w.rows), GDT_Float32, 0, 0,
                       nullptr) == CE_None;
}

// Finds the block that cannot be read and throws Error with its place.
void fail_at_block(const std::string& name, const std::string& title, GDALRasterBand& band, const Window& window) {
  int block_cols = 0;
  int block_rows = 0;
  band.GetBlockSize(&block_cols, &block_rows);
  std::vector<float> scratch;
  for (std::int64_t row = window.row / block_rows * block_rows; row < window.row + window.rows; row += block_rows) {
    for (std::int64_t col = window.col / block_cols * block_cols; col < window.col + window.cols; col += block_cols) {
      Window part{std::max(row, window.row), std::max(col, window.col), 0, 0};
      part.rows = std::min(row + block_rows, window.row + window.rows) - part.row;
      part.cols = std::min(col + block_cols, window.col + window.cols) - part.col;
      scratch.resize(static_cast<std::size_t>(part.pixels()));
      const Errors errors;
      check(read_band(band, part, scratch.data()),
            "{}: {}, {} cannot be read: {}. The file is damaged or truncated there: get it again, or leave that part out with "
            "gdal_translate -srcwin",
            name, title, str(part), errors.text());
    }
  }
}

bool close(double a, double b, double unit) { return std::abs(a - b) <= 1e-3 * std::abs(unit); }

bool same_place(const std::optional<GeoTransform>& a, const std::optional<GeoTransform>& b, const RasterInfo& size) {
  if (!a || !b) return !a && !b;
  const auto rows = static_cast<double>(size.rows);
  const auto cols = static_cast<double>(size.cols);
  // The first corner and the last, to a thousandth of a pixel.
  return close(a->origin_x, b->origin_x, a->step_x) && close(a->origin_y, b->origin_y, a->step_y) &&
         close(a->origin_x + cols * a->step_x, b->origin_x + cols * b->step_x, a->step_x) &&
         close(a->origin_y + rows * a->step_y, b->origin_y + rows * b->step_y, a->step_y);
}

std::string place(const RasterInfo& info) {
  if (!info.transform) return info.rotated ? "rotated" : "no transform";
  const GeoTransform& t = *info.transform;
  return fmt::format("origin {:.10g} {:.10g}, pixels of {:.10g} x {:.10g}", t.origin_x, t.origin_y, t.step_x, t.step_y);
}

// Throws Error unless the two files lie on each other pixel by pixel.
void check_alike(const RasterInfo& a, const RasterInfo& b) {
  const char* advice = "files that are read as one raster lie on the same pixels";
  check(a.rows == b.rows && a.cols == b.cols, "{} has {} x {} pixels and {} has {} x {}: {}", a.name, a.rows, a.cols, b.name,
        b.rows, b.cols, advice);
  check(a.rotated == b.rotated && same_place(a.transform, b.transform, a), "{} ({}) and {} ({}) lie in different places: {}",
        a.name, place(a), b.name, place(b), advice);
  const bool alike = a.crs == b.crs || (!a.crs.empty() && !b.crs.empty() && same_crs(a.crs, b.crs));
  const auto title = [](const std::string& crs) { return crs.empty() ? std::string("none") : crs_name(crs); };
  check(alike, "{} and {} have different coordinate reference systems, {} and {}: {}", a.name, b.name, title(a.crs), title(b.crs),
        advice);
}

RasterInfo joined(const std::vector<RasterInfo>& parts) {
  RasterInfo all = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const RasterInfo& part = parts[i];
    check_alike(parts.front(), part);
    all.name += ", " + part.name;
    all.type = common_type(all.type, part.type);
    all.significant_bits =
        all.significant_bits == 0 || part.significant_bits == 0 ? 0 : std::max(all.significant_bits, part.significant_bits);
    all.has_mask = all.has_mask || part.has_mask;
    all.bands.insert(all.bands.end(), part.bands.begin(), part.bands.end());
    // What is said of one file holds for the whole only where all say it.
    std::erase_if(all.metadata, [&](const auto& item) {
      const auto other = part.metadata.find(item.first);
      return other == part.metadata.end() || other->second != item.second;
    });
  }
  return all;
}

class Reader final : public RasterReader {
 public:
  Reader(std::vector<Source> sources, RasterInfo info) : sources_(std::move(sources)), info_(std::move(info)) {}

  const RasterInfo& info() const override { return info_; }

  void read(const Window& window, std::span<float> out) override {
    check_window(window, std::ssize(out), static_cast<std::int64_t>(info_.bands.size()));
    std::size_t first = 0;
    for (Source& source : sources_) {
      read_source(source, window, out.data() + first);
      first += source.bands.size();
    }
    fix_signs(out);
  }

  void read_mask(const Window& window, std::span<std::uint8_t> out) override {
    check_window(window, std::ssize(out), 1);
    std::fill(out.begin(), out.end(), std::uint8_t{1});
    for (Source& source : sources_) {
      if (source.alpha) {
        apply_mask(source, *source.dataset->GetRasterBand(*source.alpha), window, out);
      } else if (source.masked) {
        for (const int i : source.bands) {
          GDALRasterBand& band = *source.dataset->GetRasterBand(i);
          apply_mask(source, *band.GetMaskBand(), window, out);
          if ((band.GetMaskFlags() & GMF_PER_DATASET) != 0) break;  // the same for all bands
        }
      }
    }
  }

 private:
  void check_window(const Window& w, std::int64_t size, std::int64_t values) const {
    const bool inside =
        w.row >= 0 && w.col >= 0 && w.rows > 0 && w.cols > 0 && w.row + w.rows <= info_.rows && w.col + w.cols <= info_.cols;
    check(inside, "{}: {} do not lie inside {} x {}", info_.name, str(w), info_.rows, info_.cols);
    check(size == w.pixels() * values, "{}: room for {} values, {} are read", info_.name, size, w.pixels() * values);
  }

  void read_source(Source& source, const Window& w, float* out) const {
    const auto pixel = static_cast<GSpacing>(info_.bands.size() * sizeof(float));
    bool done = false;
    std::string reason;
    {
      const Errors errors;
      done = source.dataset->RasterIO(GF_Read, static_cast<int>(w.col), static_cast<int>(w.row), static_cast<int>(w.cols),
                                      static_cast<int>(w.rows), out, static_cast<int>(w.cols), static_cast<int>(w.rows),
                                      GDT_Float32, static_cast<int>(source.bands.size()), source.bands.data(), pixel,
                                      pixel * w.cols, sizeof(float), nullptr) == CE_None;
      if (!done) reason = errors.text();
    }
    if (done) return;
    for (const int i : source.bands) {
      fail_at_block(source.name, fmt::format("band {}", i), *source.dataset->GetRasterBand(i), w);
    }
    fail("{}: {} cannot be read: {}", source.name, str(w), reason);
  }

  static void apply_mask(const Source& source, GDALRasterBand& mask, const Window& w, std::span<std::uint8_t> out) {
    std::vector<float> values(static_cast<std::size_t>(w.pixels()));
    bool done = false;
    {
      const Errors errors;
      done = read_band(mask, w, values.data());
    }
    if (!done) {
      fail_at_block(source.name, "its mask", mask, w);
      fail("{}: its mask cannot be read in {}", source.name, str(w));
    }
    for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<std::uint8_t>(out[i] != 0 && values[i] > 0.0F);
  }

  // Where GDAL takes signed bytes for unsigned ones, those above 127 are negative.
  void fix_signs(std::span<float> out) const {
    std::size_t band = 0;
    for (const Source& source : sources_) {
      for (std::size_t i = 0; i < source.bands.size(); ++i, ++band) {
        if (!source.signed_bytes) continue;
        for (std::size_t at = band; at < out.size(); at += info_.bands.size()) {
          if (out[at] > 127.0F) out[at] -= 256.0F;
        }
      }
    }
  }

  std::vector<Source> sources_;
  RasterInfo info_;
};

}  // namespace

std::unique_ptr<RasterReader> open_reader(std::span<const std::filesystem::path> files) {
  std::vector<Source> sources;
  std::vector<RasterInfo> infos;
  for (const std::filesystem::path& file : files) {
    sources.push_back(open_source(file.string()));
    infos.push_back(describe(sources.back()));
  }
  return std::make_unique<Reader>(std::move(sources), joined(infos));
}

}  // namespace cf::gdal

#include "tools/cfrun/scene_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "data/scene/look.h"
#include "framework/core/check.h"
#include "framework/core/log.h"

namespace cf {
namespace {

std::unique_ptr<RasterReader> open(const std::vector<std::string>& names, const char* option) {
  check(!names.empty(), "fuse: name the raster of {}", option);
  const std::vector<std::filesystem::path> files(names.begin(), names.end());
  return open_raster(files);
}

std::vector<std::int64_t> chosen_bands(const FuseOptions& options, const RasterInfo& ms) {
  const auto count = static_cast<std::int64_t>(ms.bands.size());
  std::vector<std::int64_t> bands(ms.bands.size());
  std::iota(bands.begin(), bands.end(), 0);
  if (options.bands.empty()) return bands;
  bands.clear();
  for (const std::int64_t band : options.bands) {
    check(band >= 1 && band <= count, "--bands: {} has no band {}, it has {}", ms.name, band, count);
    bands.push_back(band - 1);
  }
  return bands;
}

void check_bands(const ChosenMethod& method, const SceneInputs& in) {
  const RasterInfo& pan = in.pan->info();
  const RasterInfo& ms = in.ms->info();
  check(!pan.bands.empty() && !in.ms_bands.empty(), "{}: has no bands", pan.bands.empty() ? pan.name : ms.name);
  if (!method.is_network()) {
    check(pan.bands.size() == 1, "{}: PAN has {} bands, {} needs one; are --pan and --ms swapped?", pan.name, pan.bands.size(),
          method.title);
    return;
  }
  const DataConfig& data = method.session->experiment.data;
  check(std::ssize(pan.bands) == data.pan_bands,
        "{}: PAN has {} bands, the checkpoint was trained on {}; are --pan and --ms swapped?", pan.name, pan.bands.size(),
        data.pan_bands);
  check(std::ssize(in.ms_bands) == data.bands,
        "{}: {} bands, the checkpoint was trained on {} ({}); choose them with --bands, in the order of training", ms.name,
        in.ms_bands.size(), data.bands, data.sensor);
}

// Sensors' bands go from short to long wavelengths; a raster whose colours go the other way is probably in another order.
void check_band_order(const ChosenMethod& method, SceneInputs& in) {
  if (!method.is_network() || in.ms_bands.size() < 3) return;
  std::array<std::string, 3> colours;
  for (std::size_t i = 0; i < colours.size(); ++i)
    colours[i] = in.ms->info().bands[static_cast<std::size_t>(in.ms_bands[i])].colour;
  if (colours != std::array<std::string, 3>{"Red", "Green", "Blue"}) return;
  const std::string sensor = method.sensor;
  warn(in,
       fmt::format("MS begins with Red, Green, Blue, while {}'s sets begin with Blue, Green, Red. Right if the checkpoint was "
                   "trained on bands in this order; else reorder them, as --bands 3,2,1{}",
                   sensor, in.ms_bands.size() > 3 ? ",4" : ""));
}

void check_ratio(const FuseOptions& options, const ChosenMethod& method, SceneInputs& in) {
  if (!method.is_network()) return;
  const std::int64_t trained = method.session->experiment.data.ratio;
  if (in.alignment.ratio == trained) return;
  const std::string text = fmt::format("the scene's ratio is {} ({:.4f} x {:.4f}), the checkpoint was trained for {}",
                                       in.alignment.ratio, in.alignment.ratio_x, in.alignment.ratio_y, trained);
  check(options.align.force, "{}; --force fuses all the same", text);
  warn(in, text);
}

// The scale that was asked for; 0 for "auto".
double asked_scale(const FuseOptions& options, const ChosenMethod& method) {
  check(options.scale == 0 || options.bit_depth.empty(), "--scale and --bit-depth both say what becomes 1; leave one out");
  if (options.scale != 0) {
    check(options.scale > 0 && std::isfinite(options.scale), "--scale {}: expected a positive number", options.scale);
    return options.scale;
  }
  if (options.bit_depth == "auto") return 0;
  if (!options.bit_depth.empty()) {
    int bits = 0;
    const std::string& text = options.bit_depth;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bits);
    const bool known = bits == 8 || (bits >= 10 && bits <= 12) || bits == 16;
    check(parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() && known,
          "--bit-depth {}: expected 8, 10, 11, 12, 16 or auto", text);
    return static_cast<double>((1 << bits) - 1);
  }
  return method.is_network() ? method.session->experiment.scale() : 1;
}

// What the files say of themselves; 0: nothing.
double declared_scale(const SceneInputs& in) {
  const int bits = std::max(in.pan->info().significant_bits, in.ms->info().significant_bits);
  return bits > 0 && bits < 32 ? static_cast<double>((std::int64_t{1} << bits) - 1) : 0;
}

void choose_scale(const FuseOptions& options, const ChosenMethod& method, SceneInputs& in) {
  in.scaled = method.is_network() || options.scale != 0 || !options.bit_depth.empty();
  in.scale = asked_scale(options, method);
  if (!in.scaled) return;
  std::vector<std::int64_t> pan_bands(in.pan->info().bands.size());
  std::iota(pan_bands.begin(), pan_bands.end(), 0);
  const ValueLook pan = look_at(*in.pan, in.pan_nodata, pan_bands);
  const ValueLook ms = look_at(*in.ms, in.ms_nodata, in.ms_bands);
  if (in.scale == 0) {
    const bool integers = is_integer(in.pan->info().type) && is_integer(in.ms->info().type);
    in.scale = std::max(declared_scale(in), scale_for(pan, ms, integers));
    log::info("scale: {:g} (--bit-depth auto: the largest value is {:g}{})", in.scale, std::max(pan.largest, ms.largest),
              pan.whole && ms.whole ? "" : " in the windows looked at");
  }
  const ScaleVerdict verdict = judge_scale(pan, ms, in.scale);
  if (verdict.text.empty()) return;
  const bool fatal = verdict.far_off && method.is_network() && !options.align.force;
  check(!fatal, "{}; --force fuses all the same", verdict.text);
  warn(in, verdict.text);
}

}  // namespace

void warn(SceneInputs& inputs, const std::string& text) {
  log::warning("{}", text);
  inputs.warnings.push_back(text);
}

SceneInputs open_inputs(const FuseOptions& options, const ChosenMethod& method) {
  SceneInputs in;
  in.pan = open(options.pan, "--pan");
  in.ms = open(options.ms, "--ms");
  in.ms_bands = chosen_bands(options, in.ms->info());
  check_bands(method, in);
  check_band_order(method, in);
  in.alignment = align(in.pan->info(), in.ms->info(), options.align);
  log::info("{}", describe(in.alignment));
  check_ratio(options, method, in);
  std::vector<std::int64_t> pan_bands(in.pan->info().bands.size());
  std::iota(pan_bands.begin(), pan_bands.end(), 0);
  std::vector<std::string> remarks;
  in.pan_nodata = NodataRule(in.pan->info(), pan_bands, options.nodata, remarks);
  in.ms_nodata = NodataRule(in.ms->info(), in.ms_bands, options.nodata, remarks);
  for (const std::string& remark : remarks) warn(in, remark);
  choose_scale(options, method, in);
  in.source = std::make_unique<SceneSource>(
      SceneSource::Parts{*in.pan, *in.ms, in.alignment, in.ms_bands, in.pan_nodata, in.ms_nodata, in.scale, in.scaled});
  return in;
}

RasterInfo describe_output(const FuseOptions& options, const ChosenMethod& method, SceneInputs& in) {
  const RasterInfo& ms = in.ms->info();
  RasterInfo out;
  out.name = options.output;
  out.rows = in.alignment.rows;
  out.cols = in.alignment.cols;
  out.type = ms.type;
  if (!options.type.empty()) {
    const std::optional<SampleType> type = sample_type(options.type);
    check(type.has_value(), "--type {}: expected u8, i8, u16, i16, u32, i32, f32 or f64 (or GDAL's names)", options.type);
    out.type = *type;
  }
  out.transform = in.alignment.transform;
  out.crs = in.alignment.crs;
  out.metadata = ms.metadata;
  out.metadata["CFRUN_METHOD"] = method.key;
  std::vector<std::string> remarks;
  const bool gaps = options.align.extent != Extent::intersection;
  const std::optional<double> nodata = output_nodata(out.type, in.pan_nodata, in.ms_nodata, options.nodata, gaps, remarks);
  for (const std::string& remark : remarks) warn(in, remark);
  for (const std::int64_t b : in.ms_bands) {
    RasterBand band = ms.bands[static_cast<std::size_t>(b)];
    band.nodata = nodata;
    // They describe MS's pixels, not these.
    std::erase_if(band.metadata, [](const auto& entry) { return entry.first.starts_with("STATISTICS_"); });
    out.bands.push_back(std::move(band));
  }
  return out;
}

}  // namespace cf

// cfrun metrics: how good a fused raster is, against a reference or against the scene that it was made from.
#include <fmt/core.h>

#include <cmath>
#include <numeric>

#include "data/image/mtf.h"
#include "data/measure/rasters.h"
#include "data/scene/look.h"
#include "framework/core/log.h"
#include "framework/core/parallel.h"
#include "framework/io/json.h"
#include "framework/train/progress.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/scene_options.h"

namespace cf {
namespace {

struct MetricsArguments {
  std::string fused;
  std::string reference;
  std::vector<std::string> pan;
  std::vector<std::string> ms;
  std::string sensor = "none";
  std::vector<double> gains;
  bool own_mtf = false;
  std::string phase = "centred";
  std::int64_t ratio = 4;
  double scale = 0;
  std::string bit_depth;
  std::string nodata;
  std::int64_t crop = 0;
  bool clip = false;
  std::int64_t tile = 512;
  std::string json;
  int threads = 0;
};

std::vector<std::int64_t> all_bands(const RasterInfo& info) {
  std::vector<std::int64_t> bands(info.bands.size());
  std::iota(bands.begin(), bands.end(), 0);
  return bands;
}

NodataRule rule_of(const RasterInfo& info, const MetricsArguments& a) {
  NodataChoice choice;
  if (a.nodata == "none") choice.ignore = true;
  if (!a.nodata.empty() && a.nodata != "none") choice.input = parse_nodata(a.nodata, "--nodata");
  std::vector<std::string> remarks;
  NodataRule rule(info, all_bands(info), choice, remarks);
  for (const std::string& remark : remarks) log::warning("{}", remark);
  return rule;
}

// The largest DN: what was said, else the usual one that the reference's or MS's values fit.
double peak_of(const MetricsArguments& a, RasterReader& raster, const NodataRule& rule) {
  check(a.scale == 0 || a.bit_depth.empty(), "--scale and --bit-depth both say what the largest value is; leave one out");
  check(a.scale >= 0 && std::isfinite(a.scale), "--scale {}: expected a positive number", a.scale);
  if (a.scale > 0) return a.scale;
  if (!a.bit_depth.empty() && a.bit_depth != "auto") {
    return static_cast<double>((std::int64_t{1} << std::stoi(a.bit_depth)) - 1);
  }
  const ValueLook look = look_at(raster, rule, all_bands(raster.info()));
  check(look.count > 0, "{}: no pixel with data was found", raster.info().name);
  const double peak = scale_for(look, look, is_integer(raster.info().type));
  log::info("peak: {:g}, which the largest value of {}, {:g}, fits; --scale says another", peak, raster.info().name,
            look.largest);
  return peak;
}

QualityOptions quality_of(const MetricsArguments& a, std::int64_t ratio, double peak) {
  QualityOptions quality;
  quality.ratio = ratio;
  quality.peak = peak;
  quality.sensor = a.sensor;
  quality.substitute_sensor = !a.own_mtf;
  quality.crop = a.crop;
  quality.clip = a.clip;
  return quality;
}

// The scene's grid on which the fused raster lies.
SceneAlignment alignment_for(const RasterInfo& fused, const RasterInfo& pan, const RasterInfo& ms, const MetricsArguments& a) {
  const Phase phase = a.phase == "toolbox" ? Phase::toolbox : Phase::centred;
  constexpr double kSame = 1e-2;  // of a pixel
  SceneAlignment found;
  for (const Extent extent : {Extent::intersection, Extent::pan, Extent::both}) {
    found = align(pan, ms, {.extent = extent, .phase = phase});
    if (fused.rows != found.rows || fused.cols != found.cols) continue;
    if (!fused.transform) return found;
    const GeoTransform& s = *fused.transform;
    const GeoTransform& t = found.transform;
    const bool same = std::abs(s.origin_x - t.origin_x) < kSame * std::abs(t.step_x) &&
                      std::abs(s.origin_y - t.origin_y) < kSame * std::abs(t.step_y) &&
                      std::abs(s.step_x / t.step_x - 1) * static_cast<double>(found.cols) < kSame &&
                      std::abs(s.step_y / t.step_y - 1) * static_cast<double>(found.rows) < kSame;
    if (same) return found;
  }
  found = align(pan, ms, {.phase = phase});
  fail(
      "{} is {} x {} and does not lie on PAN's pixels, where PAN and MS overlap ({} x {} from {:.10g}, {:.10g}) or beyond; bring "
      "it "
      "there with gdalwarp -te and -tr, or fuse with cfrun fuse",
      fused.name, fused.rows, fused.cols, found.rows, found.cols, found.transform.origin_x, found.transform.origin_y);
}

struct Result {
  measure::Measurement measurement;
  std::string kind;
  std::string conventions;
};

Result against_reference(const MetricsArguments& a, const measure::MeasuredRaster& fused, measure::MeasureOptions options) {
  const auto reader = open_raster(std::filesystem::path(a.reference));
  const measure::MeasuredRaster reference{*reader, rule_of(reader->info(), a)};
  options.quality = quality_of(a, a.ratio, peak_of(a, *reader, reference.nodata));
  return {measure_reduced(fused, reference, options), "against a reference", conventions(options.quality)};
}

Result against_scene(const MetricsArguments& a, const measure::MeasuredRaster& fused, measure::MeasureOptions options) {
  const std::vector<std::filesystem::path> pan_files(a.pan.begin(), a.pan.end());
  const std::vector<std::filesystem::path> ms_files(a.ms.begin(), a.ms.end());
  const auto pan = open_raster(pan_files);
  const auto ms = open_raster(ms_files);
  const RasterInfo& info = fused.reader.info();
  check(info.bands.size() == ms->info().bands.size(), "{} has {} bands, {} has {}", info.name, info.bands.size(), ms->info().name,
        ms->info().bands.size());
  const SceneAlignment alignment = alignment_for(info, pan->info(), ms->info(), a);
  const NodataRule ms_rule = rule_of(ms->info(), a);
  options.quality = quality_of(a, alignment.ratio, peak_of(a, *ms, ms_rule));
  options.gains = a.gains;
  SceneSource scene({*pan, *ms, alignment, all_bands(ms->info()), rule_of(pan->info(), a), ms_rule, 1, false});
  std::string words = conventions(options.quality) + " phase=" + a.phase;
  if (!a.gains.empty()) {
    words += " gnyq=";
    for (std::size_t b = 0; b < a.gains.size(); ++b) words += fmt::format("{}{:g}", b == 0 ? "" : ",", a.gains[b]);
  }
  return {measure_full(fused, scene, options), "without a reference", words};
}

ordered_json to_json(const MetricsArguments& a, const Result& result) {
  ordered_json metrics = ordered_json::object();
  for (const auto& [name, value] : result.measurement.metrics) {
    metrics[name] = std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
  }
  const measure::Measurement& m = result.measurement;
  return {{"fused", a.fused},
          {"kind", result.kind},
          {"rows", m.rows},
          {"cols", m.cols},
          {"pixels", m.pixels},
          {"metrics", metrics},
          {"conventions", result.conventions}};
}

void check_arguments(const MetricsArguments& a) {
  const bool scene = !a.pan.empty() || !a.ms.empty();
  check(a.reference.empty() == scene, "metrics: name either --reference, or --pan and --ms of the scene");
  check(!scene || (!a.pan.empty() && !a.ms.empty()), "metrics: {} is missing", a.pan.empty() ? "--pan" : "--ms");
  static_cast<void>(canonical_sensor(a.sensor));
  for (const double gain : a.gains) check(gain > 0 && gain < 1, "--gnyq {}: expected gains between 0 and 1", gain);
  check(a.ratio >= 1, "--ratio {}: expected 1 or more", a.ratio);
  check(a.crop >= 0, "--crop {}: expected 0 or more", a.crop);
}

int measure_raster(const MetricsArguments& a) {
  check_arguments(a);
  if (a.threads > 0) set_threads(a.threads);
  const auto reader = open_raster(std::filesystem::path(a.fused));
  const measure::MeasuredRaster fused{*reader, rule_of(reader->info(), a)};
  measure::MeasureOptions options;
  options.tile = a.tile;
  std::unique_ptr<Progress> progress;
  options.progress = [&](std::int64_t done, std::int64_t total) {
    if (progress == nullptr) progress = std::make_unique<Progress>(0, total, "tile");
    if (done < total) progress->update(done, "measuring");
  };
  const Result result = a.reference.empty() ? against_scene(a, fused, options) : against_reference(a, fused, options);
  if (progress != nullptr) progress->clear();
  const measure::Measurement& m = result.measurement;
  const std::string gaps =
      m.pixels == m.rows * m.cols ? "" : fmt::format(", {} pixels without data left out", m.rows * m.cols - m.pixels);
  fmt::print("{}: {}, {} x {} pixels{}\n", a.fused, result.kind, m.rows, m.cols, gaps);
  for (const auto& [name, value] : m.metrics) fmt::print("{:<12} {:>12.4f}\n", name, value);
  fmt::print("conventions: {}\n", result.conventions);
  if (!a.json.empty()) write_json(a.json, to_json(a, result));
  return 0;
}

}  // namespace

void add_metrics(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("metrics", "Measure a fused raster against a reference, or against its PAN and MS");
  auto a = std::make_shared<MetricsArguments>();
  command->add_option("fused", a->fused, "the raster to measure")->required();
  command->add_option("--reference", a->reference, "ground truth on the same grid");
  command->add_option("--pan", a->pan, "PAN of the scene, where there is no ground truth");
  command->add_option("--ms", a->ms, "MS of the scene, or its bands in several files");
  command->add_option("--sensor", a->sensor, "whose MTF D_lambda_K uses")->capture_default_str();
  command->add_option("--gnyq", a->gains, "MTF gain at Nyquist of each band, or one; default: the sensor's")->delimiter(',');
  command->add_flag("--own-mtf", a->own_mtf, "QuickBird's and GaoFen-2's own gains instead of IKONOS', which the toolbox uses");
  command
      ->add_option("--phase", a->phase, "where MS is put on PAN's grid: centred, by the geotransforms; toolbox, as its test sets")
      ->check(CLI::IsMember({"centred", "toolbox"}))
      ->capture_default_str();
  command->add_option("--ratio", a->ratio, "with --reference: of PAN's resolution to MS's, for ERGAS")->capture_default_str();
  command->add_option("--scale", a->scale, "the largest DN, for PSNR and SSIM (default: the usual one that the values fit)");
  command->add_option("--bit-depth", a->bit_depth, "the same by bits: 8, 10, 11, 12, 16 or auto")
      ->check(CLI::IsMember({"8", "10", "11", "12", "16", "auto"}));
  command->add_option("--nodata", a->nodata, "value without data in all rasters, nan, or none to switch declared ones off");
  command->add_option("--crop", a->crop, "border left out, as the toolbox's dim_cut; with --reference")->capture_default_str();
  command->add_flag("--clip", a->clip, "clip the fused image to the sensor's range");
  command->add_option("--tile", a->tile, "side of what is measured at once, in pixels")
      ->check(CLI::Range(32, 1 << 14))
      ->capture_default_str();
  command->add_option("--json", a->json, "file for the figures as JSON");
  command->add_option("--threads", a->threads, "default: all");
  command->callback([a, &action] { action = [a] { return measure_raster(*a); }; });
}

}  // namespace cf

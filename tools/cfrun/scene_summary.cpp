#include "tools/cfrun/scene_summary.h"

#include <fmt/format.h>

#include "framework/train/progress.h"

namespace cf {
namespace {

double mib(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// Seconds that reading and writing cost beside computing.
double io_share(const SceneTimes& t) { return t.total > 0 ? t.waiting / t.total : 0; }

std::string percent(std::int64_t part, std::int64_t whole) {
  return fmt::format("{:.3g} %", whole > 0 ? 100 * static_cast<double>(part) / static_cast<double>(whole) : 0.0);
}

ordered_json raster_json(const SceneRaster& r) {
  ordered_json json = {{"name", r.name},   {"format", r.format}, {"rows", r.rows}, {"cols", r.cols},
                       {"bands", r.bands}, {"type", r.type},     {"crs", r.crs},   {"nodata", r.nodata}};
  if (r.transform) {
    json["geotransform"] = {r.transform->origin_x, r.transform->step_x, 0, r.transform->origin_y, 0, r.transform->step_y};
  }
  return json;
}

}  // namespace

std::string to_text(const FuseSummary& s) {
  std::string text = fmt::format("{}: {} x {} pixels, {} bands, {}, {}\n", s.output.name, s.output.cols, s.output.rows,
                                 s.output.bands, s.output.type, s.output.crs.empty() ? "no CRS" : s.output.crs);
  text += fmt::format("{}, ratio {} ({:.4f} x {:.4f}), MS begins at column {:.3f}, row {:.3f}; extent {}, phase {}\n", s.method,
                      s.ratio, s.measured_ratio_x, s.measured_ratio_y, s.offset_x, s.offset_y, s.extent, s.phase);
  if (s.nodata > 0) text += fmt::format("without data: {} pixels ({})\n", s.nodata, percent(s.nodata, s.pixels));
  if (s.above_scale > 0) text += fmt::format("samples of PAN and MS above the scale {:g}: {}\n", s.scale, s.above_scale);
  if (s.clamped > 0) {
    text += fmt::format("clamped to the range of {}: {} samples ({})\n", s.output.type, s.clamped, percent(s.clamped, s.samples));
  }
  if (s.moved > 0) text += fmt::format("equal to nodata ({}) and moved by one step: {} samples\n", s.output.nodata, s.moved);
  text +=
      fmt::format("{} in {} tiles{}; waited for files {:.1f} % of it; peak memory {:.0f} MiB\n", format_duration(s.times.total),
                  s.tiles, s.resumed_tiles > 0 ? fmt::format(" ({} from the interrupted run)", s.resumed_tiles) : std::string(),
                  100 * io_share(s.times), mib(s.peak_bytes));
  return text;
}

ordered_json to_json(const FuseSummary& s) {
  ordered_json json;
  json["method"] = s.method;
  json["checkpoint"] = s.checkpoint.string();
  json["sensor"] = s.sensor;
  json["scale"] = s.scale;
  json["pan"] = raster_json(s.pan);
  json["ms"] = raster_json(s.ms);
  json["output"] = raster_json(s.output);
  json["band_names"] = s.band_names;
  json["alignment"] = {{"ratio", s.ratio},       {"measured_x", s.measured_ratio_x}, {"measured_y", s.measured_ratio_y},
                       {"offset_x", s.offset_x}, {"offset_y", s.offset_y},           {"extent", s.extent},
                       {"phase", s.phase}};
  if (!s.stats.empty()) json["stats"] = s.stats;
  json["counts"] = {{"pixels", s.pixels},   {"nodata", s.nodata},           {"samples", s.samples},
                    {"clamped", s.clamped}, {"above_scale", s.above_scale}, {"moved", s.moved}};
  json["tiles"] = {{"side", s.tile},
                   {"halo", s.halo},
                   {"count", s.tiles},
                   {"resumed", s.resumed_tiles},
                   {"computed_pixels", s.computed_pixels},
                   {"surveyed_pixels", s.surveyed_pixels}};
  json["seconds"] = {{"total", s.times.total},     {"surveying", s.times.surveying}, {"computing", s.times.computing},
                     {"reading", s.times.reading}, {"writing", s.times.writing},     {"waiting", s.times.waiting}};
  json["peak_bytes"] = s.peak_bytes;
  json["memory_limit"] = s.memory_limit;
  json["warnings"] = s.warnings;
  return json;
}

}  // namespace cf

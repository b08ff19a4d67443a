#include "tools/cfrun/report_scene.h"

#include <fmt/format.h>

#include "data/presets.h"
#include "data/report/html.h"
#include "data/report/page.h"
#include "tools/cfrun/report_charts.h"
#include "tools/cfrun/report_origin.h"

namespace cf {
namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string size_of(const SceneRaster& r) { return fmt::format("{} × {}", html::count(r.cols), html::count(r.rows)); }

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename().string(); }

// "QuickBird" for "qb"; other names as they are.
std::string sensor_title(const std::string& sensor) {
  for (const SensorPreset& preset : sensor_presets()) {
    if (preset.name == sensor) return std::string(preset.title);
  }
  return sensor;
}

// "12 (0.01 %)"
std::string counted(std::int64_t n, std::int64_t whole) {
  return n == 0 ? "none" : fmt::format("{} ({})", html::count(n), html::percent(share(n, whole)));
}

void add_cards(Page& page, const FuseSummary& s) {
  const double megapixels = static_cast<double>(s.pixels) / 1e6;
  page.cards(
      {{"Output", fmt::format("{} MP", html::shortest(megapixels, 3)),
        fmt::format("{} pixels, {} band{}, {}", size_of(s.output), s.output.bands, s.output.bands == 1 ? "" : "s",
                    s.output.type)},
       {"Ratio", std::to_string(s.ratio),
        fmt::format("measured {} × {}", html::fixed(s.measured_ratio_x, 3), html::fixed(s.measured_ratio_y, 3))},
       {"No data", html::percent(share(s.nodata, s.pixels)), html::count(s.nodata) + " pixels"},
       {"Time", html::duration(s.times.total), s.times.total > 0 ? html::shortest(megapixels / s.times.total, 3) + " MP/s" : ""},
       {"Peak memory", html::bytes(s.peak_bytes), s.memory_limit > 0 ? "of " + html::bytes(s.memory_limit) + " allowed" : ""}});
}

void add_pictures(Page& page, const FuseSummary& s) {
  if (s.looks.empty()) return;
  page.section("Pictures",
               "Every picture of one viewer has the same stretch from the 2nd to the 98th percentile of the fused "
               "scene, so that colours compare; PAN has its own. Pixels without data are left out.");
  for (const SceneLook& look : s.looks) {
    Bands rgb = rgb_bands(look.fused.dim(-1));
    if (s.rgb.size() == 3) std::copy(s.rgb.begin(), s.rgb.end(), rgb.begin());
    const Stretch colours = percentile_stretch(look.fused, rgb);
    const std::string bands = rgb[0] == rgb[2]
                                  ? fmt::format("band {}", rgb[0] + 1)
                                  : fmt::format("bands {}, {}, {} as red, green, blue", rgb[0] + 1, rgb[1] + 1, rgb[2] + 1);
    const std::string where = fmt::format("columns {} to {}, rows {} to {}", look.window.col, look.window.col + look.window.cols,
                                          look.window.row, look.window.row + look.window.rows);
    const std::string scale = look.step == 1 ? "one picture pixel for each output pixel"
                                             : fmt::format("one picture pixel for {0} × {0} output pixels", look.step);
    Viewer viewer{.title = look.title, .note = where + "; " + scale + "; " + bands, .pictures = {}, .left = 1, .right = 2};
    viewer.pictures = {
        {"PAN", "Panchromatic image, " + where, quicklook(look.pan, percentile_stretch(look.pan, {0, 0, 0})), {}, ""},
        {"MS, interpolated", "Multispectral image interpolated to PAN's grid, " + where, quicklook(look.lms, colours), {}, ""},
        {s.method, "Fused by " + s.method + ", " + where, quicklook(look.fused, colours), {}, ""}};
    page.viewer(viewer);
  }
}

std::vector<Cell> raster_row(const SceneRaster& r) {
  const auto number = [](double v) { return html::shortest(v, 10); };
  const auto size = [](double v) { return html::shortest(std::abs(v), 6); };
  const std::string origin = r.transform ? number(r.transform->origin_x) + ", " + number(r.transform->origin_y) : "none";
  const std::string step = r.transform ? size(r.transform->step_x) + " × " + size(r.transform->step_y) : "none";
  Cell name = cell(r.role);
  name.below = file_name(r.name);
  return {name,
          cell(size_of(r)),
          cell(std::to_string(r.bands)),
          cell(r.type),
          cell(r.crs.empty() ? "none" : r.crs),
          cell(origin),
          cell(step),
          cell(r.nodata.empty() ? "none" : r.nodata)};
}

void add_geometry(Page& page, const FuseSummary& s) {
  page.section("Georeference");
  page.table({.caption = "Rasters that were read and written. Origin is the outer corner of the first pixel, in the CRS's unit.",
              .head = {{"Raster", ""},
                       {"Columns × rows", ""},
                       {"Bands", ""},
                       {"Type", ""},
                       {"CRS", ""},
                       {"Origin", ""},
                       {"Pixel", ""},
                       {"No data", ""}},
              .rows = {raster_row(s.pan), raster_row(s.ms), raster_row(s.output)}});
  page.facts(
      {{"Ratio", fmt::format("{}, by the geotransforms {} × {}", s.ratio, html::fixed(s.measured_ratio_x, 4),
                             html::fixed(s.measured_ratio_y, 4))},
       {"MS begins at", fmt::format("column {}, row {} of the output", html::fixed(s.offset_x, 3), html::fixed(s.offset_y, 3))},
       {"Extent", s.extent},
       {"Phase of MS", s.phase}});
}

void add_values(Page& page, const FuseSummary& s) {
  page.section("Values");
  std::string bands;
  for (const std::string& name : s.band_names) {
    if (!name.empty()) bands += (bands.empty() ? "" : ", ") + name;
  }
  page.facts({{"Sensor", s.sensor.empty() ? "not known" : sensor_title(s.sensor)},
              {"Scale", html::shortest(s.scale, 6) + " DN"},
              {"Bands", bands},
              {"Pixels without data", counted(s.nodata, s.pixels)},
              {"Inputs above scale", s.above_scale == 0 ? "none" : html::count(s.above_scale) + " samples"},
              {"Clamped to " + s.output.type, counted(s.clamped, s.samples)},
              {"Moved off no data", counted(s.moved, s.samples)}});
  if (!s.lms || !s.fused) return;
  page.subsection("Histograms");
  const std::vector<NamedHistograms> things = {{"MS, interpolated", Ink::exp, &*s.lms}, {s.method, Ink::network, &*s.fused}};
  page.charts(band_histograms(things, s.band_names), true, legend_of(things));
}

void add_work(Page& page, const FuseSummary& s) {
  page.section("Time, memory, machine");
  const auto part = [&](double seconds) {
    return seconds <= 0 ? std::string() : fmt::format("{} ({})", html::duration(seconds), html::percent(seconds / s.times.total));
  };
  Facts facts = {{"In all", html::duration(s.times.total)},
                 {"Survey", part(s.times.surveying)},
                 {"Computing", part(s.times.computing)},
                 {"Waiting for files", s.times.total > 0 ? fmt::format("{} ({})", html::duration(s.times.waiting),
                                                                       html::percent(s.times.waiting / s.times.total))
                                                         : ""},
                 {"Reading, beside it", s.times.reading > 0 ? html::duration(s.times.reading) : ""},
                 {"Writing, beside it", s.times.writing > 0 ? html::duration(s.times.writing) : ""},
                 {"Tiles", fmt::format("{} of {} pixels a side, halo {}", html::count(s.tiles), s.tile, s.halo)},
                 {"Taken over", s.resumed_tiles > 0 ? html::count(s.resumed_tiles) + " tiles of the interrupted run" : ""},
                 {"Pixels computed", html::count(s.computed_pixels)},
                 {"Pooled statistics", s.stats},
                 {"Peak memory", html::bytes(s.peak_bytes)}};
  for (auto& fact : machine_facts(s.device)) facts.push_back(std::move(fact));
  facts.emplace_back("Command", command_line());
  page.facts(facts);
}

}  // namespace

void write_scene_report(const std::filesystem::path& file, const FuseSummary& s) {
  const std::string sensor = s.sensor.empty() ? "" : sensor_title(s.sensor) + ": ";
  Page page("cfrun fuse", file_name(s.output.name),
            fmt::format("{}{} and {} fused by {}{}", sensor, file_name(s.pan.name), file_name(s.ms.name), s.method,
                        s.checkpoint.empty() ? "." : " (" + s.checkpoint.filename().string() + ")."));
  add_cards(page, s);
  for (const std::string& warning : s.warnings) page.warning(warning);
  add_pictures(page, s);
  add_geometry(page, s);
  add_values(page, s);
  if (!s.checkpoint.empty()) add_checkpoint(page, s.checkpoint, "");
  add_work(page, s);
  write_page(file, page);
}

}  // namespace cf

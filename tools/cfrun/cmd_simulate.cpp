// cfrun simulate: training and test sets from a scene of one's own, by Wald's protocol.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "data/image/interp.h"
#include "data/image/mtf.h"
#include "data/presets.h"
#include "data/scene/look.h"
#include "data/simulate/scene_sets.h"
#include "framework/core/log.h"
#include "framework/core/parallel.h"
#include "framework/io/checksum.h"
#include "framework/io/files.h"
#include "framework/train/progress.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/experiment.h"
#include "tools/cfrun/scene_options.h"

namespace cf {
namespace {

struct SimulateArguments {
  std::vector<std::string> pan;
  std::vector<std::string> ms;
  std::string sensor;
  std::vector<double> gains;
  double pan_gain = 0;
  std::string out;
  std::int64_t ratio = 0;
  std::vector<double> split = {0.8, 0.1, 0.1};
  simulate::SetOptions sets;
  double scale = 0;
  std::string bit_depth;
  std::string nodata;
  bool force = false;
  int threads = 0;
};

// Opened and checked against each other.
struct Scene {
  std::unique_ptr<RasterReader> pan;
  std::unique_ptr<RasterReader> ms;
  SceneAlignment alignment;
  NodataRule pan_nodata;
  NodataRule ms_nodata;
  std::vector<double> gains;
  double scale = 0;
  bool whole_numbers = false;
};

std::vector<std::int64_t> all_bands(const RasterInfo& info) {
  std::vector<std::int64_t> bands(info.bands.size());
  std::iota(bands.begin(), bands.end(), 0);
  return bands;
}

std::vector<std::filesystem::path> paths_of(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

// The preset whose MTF the sensor has; "none" where there is none of its own.
const SensorPreset& preset_of(const std::string& sensor) {
  const std::string canonical = canonical_sensor(sensor);
  for (const SensorPreset& preset : sensor_presets()) {
    if (preset.mtf != "none" && canonical_sensor(preset.mtf) == canonical) return preset;
  }
  return sensor_preset("none");
}

bool is_unsigned_short(SampleType type) { return type == SampleType::u8 || type == SampleType::u16; }

void check_gains(const SimulateArguments& a, std::size_t bands) {
  check(a.gains.empty() || a.gains.size() == 1 || a.gains.size() == bands,
        "--gnyq: {} gains for {} bands; give one, or one for each", a.gains.size(), bands);
  for (const double gain : a.gains) check(gain > 0 && gain < 1, "--gnyq {}: expected gains between 0 and 1", gain);
  check(a.pan_gain == 0 || (a.pan_gain > 0 && a.pan_gain < 1), "--pan-gnyq {}: expected a gain between 0 and 1", a.pan_gain);
}

double asked_scale(const SimulateArguments& a, const ValueLook& pan, const ValueLook& ms, bool integers) {
  check(a.scale == 0 || a.bit_depth.empty(), "--scale and --bit-depth both say what becomes 1; leave one out");
  check(a.scale >= 0 && std::isfinite(a.scale), "--scale {}: expected a positive number", a.scale);
  if (a.scale > 0) return a.scale;
  if (a.bit_depth == "auto") return scale_for(pan, ms, integers);
  if (!a.bit_depth.empty()) return static_cast<double>((std::int64_t{1} << std::stoi(a.bit_depth)) - 1);
  return preset_of(a.sensor).scale;
}

void choose_scale(const SimulateArguments& a, Scene& scene) {
  const ValueLook pan = look_at(*scene.pan, scene.pan_nodata, all_bands(scene.pan->info()));
  const ValueLook ms = look_at(*scene.ms, scene.ms_nodata, all_bands(scene.ms->info()));
  const bool integers = is_integer(scene.pan->info().type) && is_integer(scene.ms->info().type);
  scene.scale = asked_scale(a, pan, ms, integers);
  const ScaleVerdict verdict = judge_scale(pan, ms, scene.scale);
  if (verdict.text.empty()) return;
  check(!verdict.far_off || a.force, "{}; --force takes it all the same", verdict.text);
  log::warning("{}", verdict.text);
}

Scene open_scene(const SimulateArguments& a) {
  Scene scene;
  scene.pan = open_raster(paths_of(a.pan));
  scene.ms = open_raster(paths_of(a.ms));
  const RasterInfo& pan = scene.pan->info();
  const RasterInfo& ms = scene.ms->info();
  check(pan.bands.size() <= ms.bands.size() || pan.bands.size() == 1,
        "{} has {} bands and {} has {}; are --pan and --ms swapped?", pan.name, pan.bands.size(), ms.name, ms.bands.size());
  scene.alignment = align(pan, ms, {.force = a.force});
  check(a.ratio == 0 || a.ratio == scene.alignment.ratio, "--ratio {}: by their geotransforms the ratio is {} ({:.4f} x {:.4f})",
        a.ratio, scene.alignment.ratio, scene.alignment.ratio_x, scene.alignment.ratio_y);
  log::info("{}", describe(scene.alignment));
  check_gains(a, ms.bands.size());
  scene.gains = a.gains.empty() ? mtf_gains(a.sensor, std::ssize(ms.bands)) : a.gains;
  NodataChoice choice;
  if (a.nodata == "none") choice.ignore = true;
  if (!a.nodata.empty() && a.nodata != "none") choice.input = parse_nodata(a.nodata, "--nodata");
  std::vector<std::string> remarks;
  scene.pan_nodata = NodataRule(pan, all_bands(pan), choice, remarks);
  scene.ms_nodata = NodataRule(ms, all_bands(ms), choice, remarks);
  for (const std::string& remark : remarks) log::warning("{}", remark);
  scene.whole_numbers = is_unsigned_short(pan.type) && is_unsigned_short(ms.type);
  choose_scale(a, scene);
  return scene;
}

ordered_json to_json(const Window& w) { return {w.row, w.col, w.rows, w.cols}; }

ordered_json to_json(const RasterInfo& info, const std::vector<std::string>& files, const NodataRule& nodata) {
  ordered_json json = ordered_json::array();
  for (const std::string& file : files) json.push_back({{"file", file}, {"xxh3", file_checksum(file)}});
  return {{"files", json},
          {"rows", info.rows},
          {"cols", info.cols},
          {"bands", info.bands.size()},
          {"type", name_of(info.type)},
          {"crs", crs_name(info.crs)},
          {"nodata", nodata.text()}};
}

ordered_json to_json(const simulate::SetSummary& set) {
  ordered_json windows = ordered_json::array();
  for (const Window& w : set.windows) windows.push_back(to_json(w));
  return {{"file", set.file.string()}, {"samples", set.samples}, {"skipped", set.skipped},
          {"rows", set.rows},          {"cols", set.cols},       {"windows", windows}};
}

ordered_json manifest(const SimulateArguments& a, const Scene& scene, const simulate::SceneSets& sets) {
  const SceneAlignment& at = scene.alignment;
  ordered_json regions = ordered_json::array();
  constexpr std::array kParts = {"train", "valid", "test"};
  for (const auto& region : sets.regions) {
    regions.push_back({{"part", kParts[static_cast<std::size_t>(region.part)]}, {"window", to_json(region.window)}});
  }
  return {{"made_by", "cfrun simulate"},
          {"pan", to_json(scene.pan->info(), a.pan, scene.pan_nodata)},
          {"ms", to_json(scene.ms->info(), a.ms, scene.ms_nodata)},
          {"sensor", canonical_sensor(a.sensor)},
          {"scale", scene.scale},
          {"ratio", at.ratio},
          {"measured_ratio", {{"rows", at.ratio_y}, {"cols", at.ratio_x}}},
          {"grids_aligned", at.aligned},
          {"mtf_gains", scene.gains},
          {"pan_low_pass", a.pan_gain > 0 ? ordered_json(a.pan_gain) : ordered_json("imresize")},
          {"lms", is_power_of_two(at.ratio) ? "interp23tap" : "bicubic"},
          {"type", scene.whole_numbers ? "uint16, rounded" : "float32, not rounded"},
          {"seed", a.sets.seed},
          {"split", a.split},
          {"patch", sets.patch},
          {"overlap", sets.overlap},
          {"windows_are", "row, column, rows, columns; of MS, in test_full of the cells of ratio x ratio PAN pixels"},
          {"usable", to_json(sets.usable)},
          {"regions", regions},
          {"train", to_json(sets.train)},
          {"valid", to_json(sets.valid)},
          {"test_reduced", to_json(sets.test_reduced)},
          {"test_full", to_json(sets.test_full)}};
}

// A run that suits a small set; what a large one asks for is the user's choice.
ordered_json configuration(const SimulateArguments& a, const Scene& scene, const simulate::SceneSets& sets,
                           const std::filesystem::path& folder) {
  const std::int64_t batch = std::min<std::int64_t>(8, sets.train.samples);
  const std::int64_t steps_per_epoch = std::max<std::int64_t>(1, sets.train.samples / batch);
  ordered_json data = {{"dir", std::filesystem::absolute(folder).lexically_normal().string()},
                       {"sensor", preset_of(a.sensor).name},
                       {"train", "train.h5"}};
  if (sets.valid.samples > 0) data["valid"] = "valid.h5";
  if (sets.test_reduced.samples > 0) data["test"] = "test_reduced.h5";
  if (sets.test_full.samples > 0) data["test_full"] = "test_full.h5";
  data["bands"] = scene.ms->info().bands.size();
  data["pan_bands"] = scene.pan->info().bands.size();
  data["ratio"] = scene.alignment.ratio;
  data["scale"] = scene.scale;
  data["flips"] = true;
  data["turns"] = true;
  return {{"name", "cf2n_" + std::filesystem::absolute(folder / "").parent_path().filename().string()},
          {"model", {{"name", "cf2n"}}},
          {"data", data},
          {"loss", {{"name", "l1"}, {"detail_weight", 0.1}}},
          {"optimizer", {{"name", "adam"}, {"lr", 2e-3}, {"ema", 0.99}}},
          {"schedule",
           {{"name", "cosine"}, {"steps", std::clamp<std::int64_t>(20 * steps_per_epoch, 1200, 20000)}, {"warmup_steps", 50}}},
          {"train",
           {{"batch", batch},
            {"seed", a.sets.seed},
            {"validate_every", sets.valid.samples > 0 ? std::max<std::int64_t>(1, 100 / steps_per_epoch) : 0}}}};
}

void print_set(const char* name, const simulate::SetSummary& set) {
  const std::string skipped = set.skipped > 0 ? fmt::format(", {} left out for pixels without data", set.skipped) : "";
  if (set.samples == 0) {
    fmt::print("{:<15} none{}\n", name, skipped);
  } else {
    fmt::print("{:<15} {} of {} x {}{}\n", name, set.samples, set.rows, set.cols, skipped);
  }
}

int simulate_sets(SimulateArguments a) {
  if (a.threads > 0) set_threads(a.threads);
  check(a.split.size() == 3, "--split: {} numbers, expected three: the shares of training, validation and test", a.split.size());
  std::copy(a.split.begin(), a.split.end(), a.sets.shares.begin());
  Scene scene = open_scene(a);
  simulate::Reducer reducer(
      {*scene.pan, *scene.ms, scene.alignment, scene.pan_nodata, scene.ms_nodata, scene.gains, a.pan_gain, scene.whole_numbers});
  simulate::SceneSets sets = plan_sets(reducer, a.sets);
  const std::filesystem::path folder = a.out;
  make_directories(folder);
  {
    Progress progress(0, sets.train.samples + sets.valid.samples + sets.test_reduced.samples + sets.test_full.samples, "image");
    write_sets(reducer, folder, sets, [&](std::int64_t done, std::int64_t) { progress.update(done, "simulating"); });
    progress.clear();
  }
  const ordered_json config = configuration(a, scene, sets, folder);
  static_cast<void>(experiment_from(config, "simulate"));  // a configuration that cannot be read would be our own fault
  write_json(folder / "manifest.json", manifest(a, scene, sets));
  write_json(folder / "cf2n.json", config);
  print_set("train.h5", sets.train);
  print_set("valid.h5", sets.valid);
  print_set("test_reduced.h5", sets.test_reduced);
  print_set("test_full.h5", sets.test_full);
  fmt::print("ratio {}, {} bands, scale {:g}, patches of {} with {} pixels of overlap\n", scene.alignment.ratio,
             scene.ms->info().bands.size(), scene.scale, sets.patch, sets.overlap);
  fmt::print("next: cfrun train {}\n", (folder / "cf2n.json").string());
  return 0;
}

}  // namespace

void add_simulate(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("simulate", "Make training and test sets from your own scene (Wald's protocol)");
  auto a = std::make_shared<SimulateArguments>();
  command->add_option("--pan", a->pan, "raster of PAN; several single-band files stand for one")->required();
  command->add_option("--ms", a->ms, "raster of MS, or its bands in several files")->required();
  command
      ->add_option("--sensor", a->sensor, "whose MTF gains degrade MS: wv2, wv3, wv4, qb, ikonos, ge1, gf2, landsat, none (0.30)")
      ->required();
  command->add_option("--gnyq", a->gains, "MTF gain at Nyquist of each MS band, as 0.35,0.34,..., or one; default: the sensor's")
      ->delimiter(',');
  command->add_option("--pan-gnyq", a->pan_gain, "low-pass PAN by this MTF gain, instead of by the antialiasing of imresize");
  command->add_option("--out,-o", a->out, "folder for the sets, made where it is missing")->required();
  command->add_option("--ratio", a->ratio, "what the ratio must be; default: that of the geotransforms");
  command->add_option("--patch", a->sets.patch, "side of patches in MS pixels (default: 64, or what the ratio allows)");
  command->add_option("--overlap", a->sets.overlap,
                      "of neighbouring patches in MS pixels (default: a quarter, more in small scenes)");
  command->add_option("--split", a->split, "shares of training, validation and test; 0: none")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--seed", a->sets.seed, "which blocks go where, and of the training")->capture_default_str();
  command->add_option("--test-images", a->sets.test_images, "at most, of each test set")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--scale", a->scale, "DN that becomes 1 (default: the sensor's)");
  command->add_option("--bit-depth", a->bit_depth, "the same by bits: 8, 10, 11, 12, 16 or auto")
      ->check(CLI::IsMember({"8", "10", "11", "12", "16", "auto"}));
  command->add_option("--nodata", a->nodata, "value without data in both rasters, nan, or none to switch declared ones off");
  command->add_flag("--force", a->force, "take ratios that are no whole number, and scales that look wrong");
  command->add_option("--threads", a->threads, "default: all");
  command->callback([a, &action] { action = [a] { return simulate_sets(*a); }; });
}

}  // namespace cf

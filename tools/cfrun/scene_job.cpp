#include "tools/cfrun/scene_job.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>

#include "data/scene/look.h"
#include "data/scene/stream.h"
#include "framework/core/check.h"
#include "framework/core/log.h"
#include "framework/core/parallel.h"
#include "framework/core/staged_file.h"
#include "framework/train/interrupt.h"
#include "framework/train/progress.h"
#include "tools/cfrun/ranks.h"
#include "tools/cfrun/scene_inputs.h"
#include "tools/cfrun/scene_looks.h"
#include "tools/cfrun/scene_summary.h"

namespace cf {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSpareMemory = std::int64_t{48} << 20U;  // what threads and libraries take on their own

// Resident memory of this process.
std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  file >> pages >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

// The largest it was. getrusage() would count what the process that started this one had, too.
std::int64_t peak_bytes() {
  std::ifstream file("/proc/self/status");
  std::int64_t kilobytes = 0;
  for (std::string line; kilobytes == 0 && std::getline(file, line);) {
    if (line.starts_with("VmHWM:")) std::istringstream(line.substr(6)) >> kilobytes;
  }
  return kilobytes * 1024;
}

void check_output(const FuseOptions& o) {
  check(!o.output.empty(), "fuse: name the output with -o");
  std::vector<std::string> inputs = o.pan;
  inputs.insert(inputs.end(), o.ms.begin(), o.ms.end());
  inputs.push_back(o.checkpoint);
  for (const std::string& written : {o.output, o.json, o.report}) {
    for (const std::string& input : inputs) {
      std::error_code ignored;
      const bool same = !written.empty() && !input.empty() && (written == input || fs::equivalent(written, input, ignored));
      check(!same, "{}: is read, and would be written over; choose another name", written);
    }
    if (!written.empty()) (void)StagedFile(written);  // says now where its folder is missing
  }
}

// Name, size and time of a file: enough to notice another one.
std::string identity_of(const std::string& name) {
  if (name.empty()) return {};
  std::error_code error;
  const fs::path path = fs::weakly_canonical(name, error);
  const auto size = fs::file_size(path, error);
  const auto time = fs::last_write_time(path, error);
  return fmt::format("{}, {} bytes, changed at {}", path.string(), size, time.time_since_epoch().count());
}

// Version and compiler: another program may round differently. The number of threads is not part of it.
std::string program_identity() { return fmt::format("cfrun {}, compiler {}", CF_VERSION, __VERSION__); }

SceneIdentity identity(const FuseOptions& o, const ChosenMethod& chosen, const SceneInputs& in, const RasterInfo& out,
                       const TilePlan& tiles) {
  SceneIdentity id = {{"program", program_identity()}, {"method", chosen.key}, {"checkpoint", identity_of(o.checkpoint)}};
  if (chosen.is_network()) id.emplace_back("configuration", to_json(chosen.session->experiment).dump());
  for (const std::string& file : o.pan) id.emplace_back("PAN", identity_of(file));
  for (std::size_t i = 0; i < o.ms.size(); ++i) id.emplace_back(fmt::format("MS {}", i + 1), identity_of(o.ms[i]));
  const SceneAlignment& a = in.alignment;
  id.emplace_back("bands", fmt::format("{}", fmt::join(in.ms_bands, ",")));
  id.emplace_back("grid", fmt::format("{} x {} from {}, {}", a.rows, a.cols, a.pan_row, a.pan_col));
  id.emplace_back("phase", fmt::format("{}, {}", a.lms_row.offset, a.lms_col.offset));
  id.emplace_back("scale", fmt::format("{}", in.scale));
  id.emplace_back("statistics", o.statistics == PooledStatistics::scene ? "scene" : "window");
  id.emplace_back("weights", fmt::format("{}", static_cast<int>(o.weight_choice)));
  id.emplace_back("nodata", in.pan_nodata.text() + "; " + in.ms_nodata.text());
  const auto& nodata = out.bands.front().nodata;
  id.emplace_back("output", fmt::format("{}, nodata {}", name_of(out.type), nodata ? nodata_text(*nodata) : "none"));
  id.emplace_back("tiles", fmt::format("{} x {}", tiles.rows, tiles.cols));
  return id;
}

// Temporary files of runs for this output that were killed.
void remove_leavings(const fs::path& output) {
  const fs::path folder = output.has_parent_path() ? output.parent_path() : fs::path(".");
  const std::string prefix = output.filename().string() + ".tmp";
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    int pid = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, pid);
    const bool gone = parsed.ec == std::errc{} && pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH;
    if (gone) fs::remove(entry.path(), ignored);
  }
}

SceneRaster describe_raster(const char* role, const RasterInfo& info, std::string nodata) {
  return {role,
          info.name,
          info.format,
          info.rows,
          info.cols,
          std::ssize(info.bands),
          std::string(name_of(info.type)),
          crs_name(info.crs),
          info.transform,
          std::move(nodata)};
}

SceneRanks scene_ranks() {
  ProcessGroup& group = world();
  return {.rank = group.rank(),
          .size = group.size(),
          .to_all = [&group](const std::string& text) { return group.all_gather_text(text); },
          .to_first = [&group](const std::string& text) { return group.gather_text(text); }};
}

// The plan of the rank that has the least memory left, for all.
TilePlan smallest(const TilePlan& mine) {
  TilePlan least = mine;
  for (const std::string& text : world().all_gather_text(fmt::format("{} {} {}", mine.rows, mine.cols, mine.bytes))) {
    TilePlan plan;
    std::istringstream(text) >> plan.rows >> plan.cols >> plan.bytes;
    if (plan.rows * plan.cols < least.rows * least.cols) least = plan;
  }
  return least;
}

// One run of the command.
class FuseJob {
 public:
  explicit FuseJob(const FuseOptions& options)
      : options_(options), chosen_(choose_method(options)), in_(open_inputs(options, chosen_)) {
    out_ = describe_output(options, chosen_, in_);
    set_raster_cache(raster_cache());
    if (!options.report.empty()) looks_ = make_looks();
    TileLimits limits;
    limits.tile = options.tile;
    limits.block = options.format.block;
    limits.bytes = options.max_memory - resident_bytes() - raster_cache() - kSpareMemory - (looks_ ? looks_->bytes() : 0);
    limits.ranks = ranks_.size;
    chosen_.method->begin(in_.source->grid());
    tiles_ = smallest(plan_tiles(*chosen_.method, *in_.source, limits));
  }

  int run() {
    const SceneIdentity id = identity(options_, chosen_, in_, out_, tiles_);
    compare_ranks(id);
    // Classical methods take little longer than reading and writing: the first rank does it all.
    if (!chosen_.is_network()) ranks_.size = 1;
    if (ranks_.rank > 0 && ranks_.size == 1) return 0;
    const InterruptGuard interrupts;
    return ranks_.rank == 0 ? run_first(id) : run_other();
  }

 private:
  // The rank that has the output.
  int run_first(const SceneIdentity& id) {
    std::unique_ptr<PartFile> parts;
    if (options_.resume) remove_leavings(options_.output);
    const std::unique_ptr<RasterWriter> writer = create_raster(options_.output, out_, options_.format);
    if (chosen_.is_network()) {
      parts = std::make_unique<PartFile>(PartFile::beside(options_.output), id, options_.resume);
      if (parts->done() > 0) log::info("{} tiles are there from the interrupted run", parts->done());
    }
    const StreamResult result = stream(writer.get(), parts.get());
    if (result.stopped) return report_stop(parts.get());
    if (parts != nullptr) parts->remove();
    report(result);
    return 0;
  }

  int run_other() { return stream(nullptr, nullptr).stopped ? exit_code() : 0; }

  StreamResult stream(RasterWriter* writer, PartFile* parts) {
    const std::optional<double> nodata = out_.bands.front().nodata;
    const SampleEncoder encoder(out_.type, range_of(out_), nodata, in_.scale);
    const StreamResult result = stream_scene(*chosen_.method, *in_.source, writer, encoder, parts, stream_options());
    progress_.reset();
    return result;
  }

  // Of a run that was interrupted, maybe by a signal to another rank.
  static int exit_code() { return 128 + (InterruptGuard::signal() != 0 ? InterruptGuard::signal() : SIGINT); }

  // Two rows of the output's blocks, so that blocks which tiles share are whole before they are written, but not much more: what
  // is in the cache at the end is written when nothing is left to compute beside it.
  std::int64_t raster_cache() const {
    const std::int64_t row = options_.format.block * out_.cols * std::ssize(out_.bands) * 4;
    const std::int64_t most = std::clamp(options_.max_memory / 16, std::int64_t{16} << 20U, std::int64_t{128} << 20U);
    return std::clamp(2 * row, std::int64_t{16} << 20U, most);
  }

  std::unique_ptr<SceneLooks> make_looks() {
    const ValueLook ms = look_at(*in_.ms, in_.ms_nodata, in_.ms_bands);
    const double lowest = std::min(0.0, ms.lowest);
    const double highest = ms.count > 0 ? ms.largest + 0.25 * (ms.largest - lowest) : 1;
    return std::make_unique<SceneLooks>(in_.source->grid(), lowest, std::max(highest, lowest + 1e-6));
  }

  StreamOptions stream_options() {
    StreamOptions options;
    options.tiles = tiles_;
    options.ranks = ranks_;
    options.stopped = [] {
      watch::progress();  // asked before every part
      return InterruptGuard::signal() != 0;
    };
    if (ranks_.rank > 0) return options;
    options.progress = [this](StreamStage stage, std::int64_t done, std::int64_t total) {
      if (progress_ == nullptr || stage != stage_) {
        progress_ = nullptr;  // the old bar ends before the new one begins
        progress_ = std::make_unique<Progress>(0, total, stage == StreamStage::survey ? "window" : "tile");
        stage_ = stage;
      }
      if (done > 0 && done < total) progress_->update(done, stage == StreamStage::survey ? "looking" : "fusing");
      if (done == total) progress_->clear();
    };
    if (looks_) {
      options.observe = [this](const ScenePart& part, std::span<const float> samples) { looks_->add(part, samples); };
    }
    return options;
  }

  int report_stop(const PartFile* parts) const {
    if (parts != nullptr && parts->done() > 0) {
      fmt::print(stderr, "stopped; {} tiles are kept in {}. To go on: the same command with --resume\n", parts->done(),
                 PartFile::beside(options_.output).string());
    } else {
      fmt::print(stderr, "stopped; nothing was written\n");
    }
    return exit_code();
  }

  void report(const StreamResult& result) {
    FuseSummary summary = summarize(result);
    if (looks_) looks_->finish(summary);
    fmt::print("{}", to_text(summary));
    if (!options_.json.empty()) write_json(options_.json, to_json(summary));
    if (!options_.report.empty()) write_scene_report(options_.report, summary);
  }

  FuseSummary summarize(const StreamResult& result) const;

  const FuseOptions& options_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  ChosenMethod chosen_;
  SceneInputs in_;
  RasterInfo out_;
  TilePlan tiles_;
  SceneRanks ranks_ = scene_ranks();
  std::unique_ptr<SceneLooks> looks_;
  std::unique_ptr<Progress> progress_;
  StreamStage stage_ = StreamStage::survey;
};

FuseSummary FuseJob::summarize(const StreamResult& result) const {
  FuseSummary s;
  s.method = chosen_.title;
  if (chosen_.is_network()) s.device = chosen_.session->device();
  s.checkpoint = options_.checkpoint;
  s.sensor = chosen_.sensor;
  s.scale = in_.scaled ? in_.scale : 0;
  s.pan = describe_raster("PAN", in_.pan->info(), in_.pan_nodata.text());
  s.ms = describe_raster("MS", in_.ms->info(), in_.ms_nodata.text());
  const auto& nodata = out_.bands.front().nodata;
  s.output = describe_raster("Output", out_, nodata ? nodata_text(*nodata) : "none");
  s.output.format = options_.format.layout == Layout::cog ? "COG" : "GTiff";
  for (const RasterBand& band : out_.bands) s.band_names.push_back(band.name);
  const SceneAlignment& a = in_.alignment;
  s.ratio = a.ratio;
  s.measured_ratio_x = a.ratio_x;
  s.measured_ratio_y = a.ratio_y;
  s.offset_x = a.ms_corner(a.col);
  s.offset_y = a.ms_corner(a.row);
  const Extent extent = options_.align.extent;
  s.extent = extent == Extent::intersection ? "intersection" : extent == Extent::pan ? "pan" : "union";
  s.phase = options_.align.phase == Phase::centred ? "centred" : "toolbox";
  if (chosen_.key == "cf2n") s.stats = options_.statistics == PooledStatistics::scene ? "scene" : "window";
  s.pixels = a.rows * a.cols;
  s.nodata = result.counts.nodata;
  s.samples = (s.pixels - s.nodata) * s.output.bands;
  s.clamped = result.counts.clamped;
  s.above_scale = in_.scaled ? result.counts.above : 0;
  s.moved = result.counts.moved;
  s.tile = tiles_.rows;
  s.halo = chosen_.method->needs().halo;
  s.tiles = result.tiles;
  s.resumed_tiles = result.resumed_tiles;
  s.computed_pixels = result.computed_pixels;
  s.surveyed_pixels = result.surveyed_pixels;
  s.times.total = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  s.times.surveying = result.survey_seconds;
  s.times.computing = result.compute_seconds;
  s.times.reading = result.read_seconds;
  s.times.writing = result.write_seconds;
  s.times.waiting = result.wait_seconds;
  s.peak_bytes = peak_bytes();
  s.memory_limit = options_.max_memory;
  s.warnings = in_.warnings;
  return s;
}

}  // namespace

int fuse_scene(const FuseOptions& options) {
  (void)world();  // shares threads out, where there are several ranks and nobody says how many
  if (options.threads > 0) set_threads(options.threads);
  check_output(options);
  return FuseJob(options).run();
}

}  // namespace cf

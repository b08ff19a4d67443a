// cfrun test: metrics, pictures and fused images of a trained network on test sets.
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>

#include "data/mat.h"
#include "data/results.h"
#include "framework/core/log.h"
#include "framework/core/parallel.h"
#include "framework/io/files.h"
#include "framework/train/run_folder.h"
#include "tools/cfrun/baselines.h"
#include "tools/cfrun/choice.h"
#include "tools/cfrun/command.h"
#include "tools/cfrun/evaluate.h"
#include "tools/cfrun/fuser.h"
#include "tools/cfrun/launch.h"
#include "tools/cfrun/metric_table.h"
#include "tools/cfrun/noise_use.h"
#include "tools/cfrun/ranks.h"
#include "tools/cfrun/report_test.h"
#include "tools/cfrun/rounds.h"
#include "tools/cfrun/sampling_sweep.h"
#include "tools/cfrun/tested_image.h"

namespace cf {
namespace {

struct TestArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string checkpoint;
  std::string data;
  std::string out;
  std::string metrics;
  std::int64_t crop = -1;
  bool clip = false;
  bool no_pictures = false;
  bool baselines = false;
  std::string report;
  std::int64_t report_images = 3;
  // Of networks that sample:
  std::vector<std::int64_t> steps;
  std::vector<std::string> samplers;
  std::int64_t tile_stride = 0;
  bool noise_use = false;
  WeightChoice weights = WeightChoice::automatic;
  std::int64_t ranks = 0;  // 0: not said
};

// One test set, from images to files and to a section of the report.
class SetTest {
 public:
  // `shown`: images in the report. `baselines`: classical methods are measured, too.
  SetTest(const Session& session, std::filesystem::path out, bool pictures, std::int64_t shown, bool baselines)
      : session_(session), fuse_(session), out_(std::move(out)), pictures_(pictures), shown_(shown), baselines_(baselines) {}

  // The images are shared out over the ranks; what is written and returned is rank 0's, the others return an empty table.
  MetricTable run(const std::filesystem::path& file, TestReport& report) {
    const Experiment& e = session_.experiment;
    const Dataset set = Dataset::open(file, e.dataset_options(false, session_.model->size_multiple()));
    MetricTable table(file.filename().string(), set.has_gt() ? "reduced resolution" : "full resolution",
                      conventions(quality_options(e)));
    const auto compute = [&](std::int64_t i) { return test_image(set, i); };
    const auto pack = [](const TestedImage& image) { return packed(image); };
    if (world().rank() > 0) {
      in_rounds(world(), set.size(), compute, pack, unpacked_image, [](std::int64_t, TestedImage&&) {});
      return table;
    }
    make_directories(out_);
    FusedFile fused(out_ / "fused.h5", {set.size(), set.height(), set.width(), set.bands()});
    SetReport section(session_, set, shown_);
    SamplingCost cost;
    in_rounds(world(), set.size(), compute, pack, unpacked_image, [&](std::int64_t i, TestedImage&& found) {
      if (!found.batch.lms.defined()) found.batch = set.read(std::vector<std::int64_t>{i});
      table.add(found.rows);
      section.add(found.batch, found.output, table.methods().front().rows.back(), found.seconds);
      cost += found.cost;
      write_image(i, found, fused);
    });
    fused.commit();
    if (session_.denoiser() != nullptr) table.note("sampling", describe(e.sampler, cost), to_json(e.sampler, cost));
    write_json(out_ / "metrics.json", table.json());
    write_file(out_ / "metrics.csv", table.csv());
    report.add(section, table);
    return table;
  }

 private:
  TestedImage test_image(const Dataset& set, std::int64_t i) {
    const Experiment& e = session_.experiment;
    TestedImage found;
    found.batch = set.read(std::vector<std::int64_t>{i});
    const SamplingCost before = fuse_.cost();
    const auto begin = std::chrono::steady_clock::now();
    found.output = fuse_(found.batch);
    found.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    found.cost = fuse_.cost() - before;
    const auto metrics = [&](const Tensor& images) { return metrics_of(found.batch, image_in_dn(images, 0, e.scale()), e); };
    found.rows = {{"network", metrics(found.output.fused)}, {"EXP", metrics(found.batch.lms)}};
    if (baselines_) std::ranges::move(baseline_rows(found.batch, e), std::back_inserter(found.rows));
    return found;
  }

  void write_image(std::int64_t i, const TestedImage& found, FusedFile& fused) const {
    const Tensor image = image_in_dn(found.output.fused, 0, session_.experiment.scale());
    fused.put(i, image);
    if (mat::has_v5()) write_fused_mat(out_ / fmt::format("output_mulExm_{}.mat", i), image);
    if (pictures_) write_pictures(i, found.batch, found.output);
  }

  void write_pictures(std::int64_t image, const Batch& batch, const FusionOutput& output) const {
    for (const auto& [name, picture] :
         pictures_of(batch.pan, batch.lms, output.fused, batch.gt, output.detail, session_.experiment.rgb())) {
      write_png(out_ / fmt::format("{:03}_{}.png", image, name), picture);
    }
  }

  const Session& session_;
  Fuser fuse_;
  std::filesystem::path out_;
  bool pictures_;
  std::int64_t shown_;
  bool baselines_;
};

// The folder of the results, made before the work, so that an impossible one shows; gone again where nothing was put into it.
class ResultFolder {
 public:
  explicit ResultFolder(std::filesystem::path path) : path_(std::move(path)), made_(!std::filesystem::exists(path_)) {
    make_directories(path_);
  }
  ~ResultFolder() {
    std::error_code not_empty;
    if (made_) std::filesystem::remove(path_, not_empty);
  }
  ResultFolder(const ResultFolder&) = delete;
  ResultFolder& operator=(const ResultFolder&) = delete;

 private:
  std::filesystem::path path_;
  bool made_;
};

void apply_options(const TestArguments& a, Experiment& e) {
  if (!a.metrics.empty()) e.test.metrics = a.metrics;
  if (a.crop >= 0) e.test.crop = a.crop;
  if (a.clip) e.test.clip = true;
  if (a.tile_stride > 0) e.tiles.stride = a.tile_stride;
}

// The files to test: the one that was named, or the configuration's.
std::vector<std::filesystem::path> test_files(const TestArguments& a, const Experiment& e) {
  if (!a.data.empty()) return {a.data};
  std::vector<std::filesystem::path> files;
  for (const std::string& name : {e.data.test, e.data.test_full}) {
    if (!name.empty()) files.push_back(e.data_path(name));
  }
  check(!files.empty(), "test: the configuration names no test set (data.test, data.test_full); name one with --data");
  return files;
}

std::filesystem::path folder_of(const std::filesystem::path& file, std::size_t files, const std::filesystem::path& out) {
  return files == 1 ? out : out / file.stem();
}

std::vector<std::string> names_of(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.string());
  return names;
}

// "dpmpp" is short for the only DPM-Solver++ there is.
std::string sampler_name(const std::string& name) { return name == "dpmpp" ? "dpmpp2m" : name; }

int write_report(TestReport& report) {
  if (world().rank() > 0) return 0;
  report.write();
  fmt::print("report: {}\n", report.file().string());
  return 0;
}

int test_steps(const TestArguments& a, const Session& session, const std::vector<std::filesystem::path>& files,
               const std::filesystem::path& out, TestReport& report) {
  std::vector<std::string> samplers;
  for (const std::string& name : a.samplers) samplers.push_back(sampler_name(name));
  if (samplers.empty()) samplers = {session.experiment.sampler.name};
  SamplingSweep sweep(session, samplers, a.steps.empty() ? std::vector{session.experiment.sampler.steps} : a.steps);
  for (const auto& file : files) {
    const auto folder = folder_of(file, files.size(), out);
    const SweepResult result = sweep.run(file, folder);
    if (world().rank() > 0) continue;
    report.add(result);
    fmt::print("\n{}table and curves in {}\n", result.text(), folder.string());
  }
  return write_report(report);
}

int test_noise_use(const TestArguments& a, const Session& session) {
  const Experiment& e = session.experiment;
  check(!a.data.empty() || !e.data.valid.empty(), "test: the configuration names no validation set; name a set with --data");
  const std::filesystem::path file = a.data.empty() ? e.data_path(e.data.valid) : std::filesystem::path(a.data);
  const NoiseUse use = measure_noise_use(session, file);
  fmt::print(
      "{}: {} tiles, steps below 20: L1 loss {:.6f} with a tile's own noisy residual, {:.6f} with another's: {:.3f} times\n",
      file.filename().string(), use.tiles, use.own, use.other, use.ratio());
  return 0;
}

// The exit code of the ranks that were asked for, where this is not one of them.
std::optional<int> start(const TestArguments& a, const std::filesystem::path& checkpoint) {
  RankRequest request{.ranks = a.ranks, .saves = false, .device = "cpu", .gpus = {}};
  if (a.ranks > 1) {
    const Experiment e = a.config.empty() ? stored_experiment(checkpoint, a.overrides) : read_experiment(a.config, a.overrides);
    request.device = e.device;
    request.gpus = e.gpus;
  }
  return start_ranks(request);
}

int test(const TestArguments& a) {
  const std::filesystem::path checkpoint =
      a.checkpoint.empty() ? newest_run("runs", "best.cfk") / "best.cfk" : std::filesystem::path(a.checkpoint);
  if (const std::optional<int> code = start(a, checkpoint)) return *code;
  std::unique_ptr<Session> session;
  if (a.config.empty()) {
    session = load_session(checkpoint, a.overrides, a.weights);
  } else {
    const Experiment config = read_experiment(a.config, a.overrides);
    session = load_session(checkpoint, config, a.weights);
  }
  apply_options(a, session->experiment);
  if (session->experiment.train.threads > 0) set_threads(static_cast<int>(session->experiment.train.threads));
  const std::filesystem::path out =
      a.out.empty() ? std::filesystem::absolute(checkpoint).parent_path() / "test" : std::filesystem::path(a.out);
  fmt::print("checkpoint: {}\n", checkpoint.string());
  if (a.noise_use) return test_noise_use(a, *session);
  const auto files = test_files(a, session->experiment);
  std::optional<ResultFolder> folder_of_results;
  if (a.report.empty() && world().rank() == 0) folder_of_results.emplace(out);
  compare_ranks({{"checkpoint", checkpoint.string()},
                 {"configuration", to_json(session->experiment).dump()},
                 {"test sets", fmt::format("{}", fmt::join(names_of(files), ", "))}});
  TestReport report(a.report.empty() ? out / "report.html" : std::filesystem::path(a.report), *session, checkpoint, a.weights);
  if (!a.steps.empty() || !a.samplers.empty()) return test_steps(a, *session, files, out, report);
  for (const auto& file : files) {
    const auto folder = folder_of(file, files.size(), out);
    const MetricTable table =
        SetTest(*session, folder, !a.no_pictures, a.no_pictures ? 0 : a.report_images, a.baselines).run(file, report);
    if (world().rank() > 0) continue;
    fmt::print("\n{}\nfused images, metrics{} in {}\n", table.text(), a.no_pictures ? "" : ", pictures", folder.string());
  }
  return write_report(report);
}

}  // namespace

void add_test(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("test", "Measure a trained network on test sets and write its images");
  auto a = std::make_shared<TestArguments>();
  command->add_option("config", a->config, "configuration file (default: the one stored in the checkpoint)");
  command->add_option("--set", a->overrides, "path.to.key=value: overrides a configured value; may be repeated")
      ->allow_extra_args(false);
  add_device_option(*command, a->overrides);
  command->add_option("--checkpoint", a->checkpoint, "default: best.cfk of the newest run under runs/");
  command->add_option("--data", a->data, "test this file instead of the configured ones");
  command->add_option("--out", a->out, "output folder (default: test/ beside the checkpoint)");
  command->add_option("--metrics", a->metrics, "conventions")
      ->check(CLI::IsMember({"toolbox", "cf2n", "hyperspectral", "clouds"}));
  command->add_option("--crop", a->crop, "border left out of reduced-resolution metrics, as the toolbox's dim_cut; 0: none");
  command->add_flag("--clip", a->clip, "clip fused images to the sensor's range before reduced-resolution metrics");
  command->add_flag("--baselines", a->baselines, "measure the classical methods Brovey, GSA, BT-H and MTF-GLP-FS beside it");
  add_ranks_option(*command, a->ranks);
  command->add_flag("--no-pictures", a->no_pictures, "write no PNG files, and none into the report");
  command->add_option("--report", a->report,
                      "page (HTML) with tables, curves and pictures (default: report.html in the output folder)");
  command->add_option("--report-images", a->report_images, "images of each set that the report shows")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_choice<WeightChoice>(*command, "--weights", a->weights,
                           {{"auto", WeightChoice::automatic}, {"ema", WeightChoice::averaged}, {"live", WeightChoice::live}},
                           "of the checkpoint: auto (averaged ones where it has them), ema or live");
  command->add_option("--steps", a->steps, "numbers of network calls per tile to compare, as 1,2,5,10: a table and its curves")
      ->delimiter(',');
  command->add_option("--sampler", a->samplers, "samplers to compare, as ddim,dpmpp")->delimiter(',');
  command->add_option("--tile-stride", a->tile_stride, "PAN pixels from tile to tile (default: tiles.stride)");
  command->add_flag("--noise-use", a->noise_use, "only measure whether a denoising network reads its noisy input");
  command->callback([a, &action] { action = [a] { return test(*a); }; });
}

}  // namespace cf

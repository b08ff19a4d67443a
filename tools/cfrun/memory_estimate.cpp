#include "tools/cfrun/memory_estimate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "data/loader.h"

namespace cf {
namespace {

// Values per parameter: the weight, its gradient, what the optimizer keeps, the average.
std::int64_t copies_of_parameters(const OptimizerConfig& optimizer) {
  std::int64_t moments = 2;  // adam, adamw
  if (optimizer.name == "sgd") moments = optimizer.momentum > 0 ? 1 : 0;
  if (optimizer.name == "rmsprop") moments = 1;
  return 2 + moments + (optimizer.ema > 0 ? 1 : 0);
}

// The shapes of a set that is there, without reading its images.
std::optional<Dataset> look_at(const Experiment& e, const std::string& file, bool require_gt, std::int64_t multiple) {
  const std::filesystem::path path = e.data_path(file);
  if (file.empty() || !std::filesystem::exists(path)) return std::nullopt;
  DatasetOptions options = e.dataset_options(require_gt, multiple);
  options.memory_limit = 0;
  return Dataset::open(path, options);
}

// Bytes of f32 images in a batch of n patches.
std::size_t batch_bytes(const DataConfig& d, std::int64_t n, std::int64_t height, std::int64_t width) {
  const std::int64_t fine = height * width * (2 * d.bands + d.pan_bands);  // gt, lms, pan
  const std::int64_t coarse = height / d.ratio * (width / d.ratio) * d.bands;
  return static_cast<std::size_t>(n * (fine + coarse)) * sizeof(float);
}

// What fusing an image takes: networks that sample see tiles.
std::size_t fusing_bytes(const Session& session, std::int64_t height, std::int64_t width) {
  const TileConfig& tiles = session.experiment.tiles;
  const bool samples = session.denoiser() != nullptr;
  const std::int64_t side = samples ? tiles.size : std::min({height, width, std::int64_t{64}});
  const std::int64_t patch = std::max<std::int64_t>(session.model->patch_multiple(),
                                                    side / session.model->patch_multiple() * session.model->patch_multiple());
  const ModelSummary one = summarize(*session.model, session.params, 1, patch, patch);
  if (samples) return one.forward_bytes * static_cast<std::size_t>(tiles.batch);
  const double share = static_cast<double>(height * width) / static_cast<double>(patch * patch);
  return static_cast<std::size_t>(static_cast<double>(one.forward_bytes) * share);
}

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / 0x1p20; }

}  // namespace

MemoryEstimate estimate_memory(const Session& session, std::int64_t height, std::int64_t width) {
  const Experiment& e = session.experiment;
  MemoryEstimate estimate;
  estimate.height = height;
  estimate.width = width;
  const auto train = look_at(e, e.data.train, true, session.model->patch_multiple());
  if (train) {
    estimate.height = train->height();
    estimate.width = train->width();
    const bool held = train->bytes() <= static_cast<std::int64_t>(e.data.memory_gb * 0x1p30);
    estimate.set = held ? static_cast<std::size_t>(train->bytes()) : 0;
  }
  const ModelSummary one = summarize(*session.model, session.params, 1, estimate.height, estimate.width);
  estimate.state = one.parameter_bytes * static_cast<std::size_t>(copies_of_parameters(e.optimizer));
  // The loss holds what it compares: the difference, its gradient, the detail that is missing from LMS.
  const auto image = static_cast<std::size_t>(estimate.height * estimate.width * e.data.bands) * sizeof(float);
  estimate.step = (one.training_bytes + 3 * image) * static_cast<std::size_t>(e.train.batch);
  estimate.batches = batch_bytes(e.data, e.train.batch, estimate.height, estimate.width) *
                     static_cast<std::size_t>(2 + LoaderOptions().prefetch);  // one in use, one in the making
  const auto test = look_at(e, e.data.test, false, session.model->size_multiple());
  estimate.fused_height = test ? test->height() : estimate.height;
  estimate.fused_width = test ? test->width() : estimate.width;
  estimate.fusing = fusing_bytes(session, estimate.fused_height, estimate.fused_width);
  return estimate;
}

std::string memory_table(const MemoryEstimate& m, const Experiment& e) {
  std::string text =
      fmt::format("memory of cfrun train, estimated: batches of {} patches of {} x {}\n", e.train.batch, m.height, m.width);
  const auto line = [&](const char* what, std::size_t bytes) {
    text += fmt::format("  {:<42} {:>10.1f} MiB\n", what, mebibytes(bytes));
  };
  line("weights, gradients, optimizer, averages", m.state);
  line("one step", m.step);
  line("batches, those read ahead included", m.batches);
  if (m.set) line(*m.set > 0 ? "training set, held in memory" : "training set, streamed", *m.set);
  if (!m.set)
    text += fmt::format("  training set                               not known: {} is not there\n",
                        e.data_path(e.data.train).string());
  line("together", m.training());
  text += fmt::format("memory of fusing {} x {}, estimated: {:.1f} MiB\n", m.fused_height, m.fused_width, mebibytes(m.fusing));
  const auto machine = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (std::max(m.training(), m.fusing) > machine) {
    text += fmt::format(
        "warning: this machine has {:.1f} MiB; smaller batches (train.batch), a narrower network or a streamed set "
        "(data.memory_gb) take less\n",
        mebibytes(machine));
  }
  return text;
}

}  // namespace cf

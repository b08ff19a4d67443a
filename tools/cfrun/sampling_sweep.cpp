#include "tools/cfrun/sampling_sweep.h"

#include <fmt/core.h>

#include <algorithm>

#include "data/plot.h"
#include "framework/io/files.h"
#include "models/ssdiff/sampler.h"
#include "tools/cfrun/ranks.h"
#include "tools/cfrun/rounds.h"
#include "tools/cfrun/tested_image.h"

namespace cf {
namespace {

double per(double total, std::int64_t count) { return total / static_cast<double>(std::max<std::int64_t>(count, 1)); }

std::string table(const std::vector<SweepRow>& rows) {
  std::string text = fmt::format("{:<10} {:>6} {:>10} {:>10}", "sampler", "steps", "calls", "s/image");
  for (const auto& [name, value] : rows.front().mean) text += fmt::format(" {:>10}", name);
  text += "\n";
  for (const SweepRow& row : rows) {
    text += fmt::format("{:<10} {:>6} {:>10} {:>10.2f}", row.sampler.name, row.sampler.steps, row.cost.calls,
                        per(row.cost.seconds, row.cost.images));
    for (const auto& [name, value] : row.mean) text += fmt::format(" {:>10.4f}", value);
    text += "\n";
  }
  return text;
}

std::string csv(const std::vector<SweepRow>& rows) {
  std::string text = "sampler,steps,calls,seconds_per_image";
  for (const auto& [name, value] : rows.front().mean) text += "," + name;
  text += "\n";
  for (const SweepRow& row : rows) {
    text += fmt::format("{},{},{},{:.6g}", row.sampler.name, row.sampler.steps, row.cost.calls,
                        per(row.cost.seconds, row.cost.images));
    for (const auto& [name, value] : row.mean) text += fmt::format(",{:.10g}", value);
    text += "\n";
  }
  return text;
}

ordered_json json(const std::vector<SweepRow>& rows) {
  ordered_json all = ordered_json::array();
  for (const SweepRow& row : rows) {
    ordered_json one = to_json(row.sampler, row.cost);
    for (const auto& [name, value] : row.mean) one["mean"][name] = value;
    all.push_back(one);
  }
  return all;
}

// A panel for each of the first three metrics, a curve for each sampler.
Picture picture(const std::vector<SweepRow>& rows) {
  std::vector<Panel> panels;
  for (std::size_t m = 0; m < std::min<std::size_t>(3, rows.front().mean.size()); ++m) {
    Panel panel{.title = rows.front().mean[m].first, .curves = {}};
    for (const SweepRow& row : rows) {
      if (panel.curves.empty() || panel.curves.back().name != row.sampler.name)
        panel.curves.push_back({.name = row.sampler.name, .x = {}, .y = {}});
      panel.curves.back().x.push_back(static_cast<double>(row.sampler.steps));
      panel.curves.back().y.push_back(row.mean[m].second);
    }
    panels.push_back(std::move(panel));
  }
  return plot(panels);
}

}  // namespace

SamplingSweep::SamplingSweep(const Session& session, const std::vector<std::string>& samplers,
                             const std::vector<std::int64_t>& steps)
    : session_(session) {
  check(session.denoiser() != nullptr, "test: {} fuses in one pass; --steps and --sampler are for networks that sample",
        session.experiment.model.name);
  for (const std::string& name : samplers) {
    for (const std::int64_t count : steps) {
      SamplerConfig way = session.experiment.sampler;
      way.name = name;
      way.steps = count;
      plan_sampling(session.denoiser()->schedule(), way);
      ways_.push_back(way);
    }
  }
  check(!ways_.empty(), "test: no sampler and number of steps to try");
}

// On rank 0; the others fuse their share of the images and return nothing of use.
SweepRow SamplingSweep::measure(const SamplerConfig& sampler, const Dataset& set) const {
  Fuser fuse(session_, sampler);
  SweepRow row{sampler, {}, {}};
  std::vector<MetricList> rows;
  const auto compute = [&](std::int64_t i) {
    TestedImage found;
    const Batch batch = set.read(std::vector<std::int64_t>{i});
    const SamplingCost before = fuse.cost();
    const Tensor image = image_in_dn(fuse(batch).fused, 0, session_.experiment.scale());
    found.rows = {{"network", metrics_of(batch, image, session_.experiment)}};
    found.cost = fuse.cost() - before;
    return found;
  };
  const auto pack = [](const TestedImage& image) { return packed(image); };
  in_rounds(world(), set.size(), compute, pack, unpacked_image, [&](std::int64_t, TestedImage&& found) {
    rows.push_back(std::move(found.rows.front().second));
    row.cost += found.cost;
  });
  if (world().rank() == 0) row.mean = mean_of(rows);
  return row;
}

std::string SweepResult::text() const {
  return fmt::format("{}: {} image{}\n{}", set, images, images == 1 ? "" : "s", table(rows));
}

SweepResult SamplingSweep::run(const std::filesystem::path& file, const std::filesystem::path& out) {
  const Dataset set = Dataset::open(file, session_.experiment.dataset_options(false, session_.model->size_multiple()));
  std::vector<SweepRow> rows;
  for (const SamplerConfig& way : ways_) rows.push_back(measure(way, set));
  if (world().rank() > 0) return {};
  make_directories(out);
  write_json(out / "steps.json", {{"set", file.filename().string()}, {"rows", json(rows)}});
  write_file(out / "steps.csv", csv(rows));
  write_png(out / "steps.png", picture(rows));
  return {file.filename().string(), set.size(), conventions(quality_options(session_.experiment)), std::move(rows)};
}

std::string describe(const SamplerConfig& sampler, const SamplingCost& cost) {
  return fmt::format("{}, {} steps; {} tiles and {} network calls per image; {:.3f} s per image, {:.4f} s per tile", sampler.name,
                     sampler.steps, cost.tiles / std::max<std::int64_t>(cost.images, 1),
                     cost.calls / std::max<std::int64_t>(cost.images, 1), per(cost.seconds, cost.images),
                     per(cost.seconds, cost.tiles));
}

ordered_json to_json(const SamplerConfig& sampler, const SamplingCost& cost) {
  return {{"sampler", sampler.name},
          {"steps", sampler.steps},
          {"images", cost.images},
          {"tiles", cost.tiles},
          {"calls", cost.calls},
          {"seconds_per_image", per(cost.seconds, cost.images)},
          {"seconds_per_tile", per(cost.seconds, cost.tiles)}};
}

}  // namespace cf

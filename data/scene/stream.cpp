#include "data/scene/stream.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "data/raster/stored.h"
#include "data/scene/part_threads.h"
#include "framework/core/check.h"

namespace cf {
namespace {

std::vector<PartRequest> requests_for(std::span<const Window> cores, const PartRequest& like) {
  std::vector<PartRequest> requests(cores.size(), like);
  for (std::size_t i = 0; i < cores.size(); ++i) requests[i].core = cores[i];
  return requests;
}

// Parts begin, begin + size, ... of the cores.
std::vector<Window> share_of(const std::vector<Window>& cores, std::int64_t begin, const SceneRanks& ranks) {
  std::vector<Window> mine;
  for (auto i = static_cast<std::size_t>(begin + ranks.rank); i < cores.size(); i += static_cast<std::size_t>(ranks.size)) {
    mine.push_back(cores[i]);
  }
  return mine;
}

std::vector<std::string> to_all(const SceneRanks& ranks, const std::string& text) {
  return ranks.size > 1 ? ranks.to_all(text) : std::vector{text};
}

// Whether any rank was asked to stop.
bool any_stopped(const SceneRanks& ranks, bool stopped) {
  const std::vector<std::string> all = to_all(ranks, stopped ? "stop" : "");
  return std::any_of(all.begin(), all.end(), [](const std::string& one) { return !one.empty(); });
}

// Adds what the other ranks found.
void share_found(SceneMethod& method, const SceneRanks& ranks, StreamResult& result) {
  if (ranks.size == 1) return;
  const std::vector<std::string> pixels = ranks.to_all(std::to_string(std::exchange(result.surveyed_pixels, 0)));
  for (const std::string& one : pixels) result.surveyed_pixels += std::stoll(one);
  const std::vector<std::string> all = ranks.to_all(method.found());
  for (int rank = 0; rank < ranks.size; ++rank) {
    if (rank != ranks.rank) method.take_in(all[static_cast<std::size_t>(rank)]);
  }
}

// This rank's part of the survey. False where it was stopped.
bool survey_share(SceneMethod& method, SceneSource& source, const StreamOptions& options, StreamResult& result) {
  const SceneNeeds needs = method.needs();
  const SceneGrid grid = source.grid();
  const auto cores = share_of(cut(grid.rows, grid.cols, needs.survey_core, needs.survey_core), 0, options.ranks);
  options.progress(StreamStage::survey, 0, std::ssize(cores));
  PartReader reader(source, requests_for(cores, {.core = {}, .halo = needs.survey_halo, .multiple = needs.multiple}));
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (options.stopped()) return false;
    RawPart raw = reader.next();
    if (!raw.outside) {
      result.surveyed_pixels += raw.core.pixels();
      method.survey(source.assemble(std::move(raw)));
    }
    options.progress(StreamStage::survey, static_cast<std::int64_t>(i) + 1, std::ssize(cores));
  }
  return true;
}

// False where it was stopped.
bool survey(SceneMethod& method, SceneSource& source, PartFile* parts, const StreamOptions& options, StreamResult& result) {
  if (method.needs().survey_core == 0) return true;
  const Stopwatch watch(result.survey_seconds);
  const std::string kept = to_all(options.ranks, parts == nullptr ? "" : parts->survey()).front();
  if (!kept.empty()) {
    method.take_in(kept);
  } else {
    const bool done = survey_share(method, source, options, result);
    if (any_stopped(options.ranks, !done)) return false;
    share_found(method, options.ranks, result);
    const std::string found = parts == nullptr ? "" : method.found();
    if (!found.empty()) parts->keep_survey(found);
  }
  method.finish_survey();
  return true;
}

bool any_valid(const ScenePart& part) {
  const auto flags = part.valid.span<std::uint8_t>();
  for (std::int64_t y = 0; y < part.core.rows; ++y) {
    const auto row = flags.begin() + (part.core.row - part.window.row + y) * part.window.cols + part.core.col - part.window.col;
    if (std::find(row, row + part.core.cols, std::uint8_t{1}) != row + part.core.cols) return true;
  }
  return false;
}

// A part on its way from who computed it to the file.
struct FusedPart {
  Tensor samples;  // undefined where computing was stopped
  SceneCounts counts;
  std::int64_t computed_pixels = 0;
};

// As a text for another rank.
std::string packed(const FusedPart& part) {
  if (!part.samples.defined()) return {};
  const std::array<std::int64_t, 5> numbers = {part.counts.nodata, part.counts.above, part.counts.clamped, part.counts.moved,
                                               part.computed_pixels};
  const auto samples = part.samples.span<std::uint8_t>();
  std::string text(sizeof(numbers) + samples.size(), '\0');
  std::memcpy(text.data(), numbers.data(), sizeof(numbers));
  std::memcpy(text.data() + sizeof(numbers), samples.data(), samples.size());
  return text;
}

FusedPart unpacked(const std::string& text, Tensor samples) {
  FusedPart part;
  if (text.empty()) return part;
  std::array<std::int64_t, 5> numbers{};
  const auto to = samples.span<std::uint8_t>();
  check(text.size() == sizeof(numbers) + to.size(), "scene: a part of {} bytes came from another rank, expected {}", text.size(),
        sizeof(numbers) + to.size());
  std::memcpy(numbers.data(), text.data(), sizeof(numbers));
  std::memcpy(to.data(), text.data() + sizeof(numbers), to.size());
  part.samples = std::move(samples);
  part.counts = {numbers[0], numbers[1], numbers[2], numbers[3]};
  part.computed_pixels = numbers[4];
  return part;
}

// The pass that writes the scene. Ranks go through it in rounds: each computes one part, then the first has them all.
class FusingPass {
 public:
  FusingPass(SceneMethod& method, SceneSource& source, const SampleEncoder& encoder, PartFile* parts,
             const StreamOptions& options, StreamResult& result)
      : method_(method), source_(source), encoder_(encoder), parts_(parts), options_(options), result_(result) {
    method.stop_when(options.stopped);
  }

  // False where it was stopped. `file` is null on all ranks but the first.
  bool run(RasterWriter* file) {
    const SceneGrid grid = source_.grid();
    cores_ = cut(grid.rows, grid.cols, options_.tiles.rows, options_.tiles.cols);
    result_.tiles = std::ssize(cores_);
    const std::int64_t done = parts_ == nullptr ? 0 : std::min(parts_->done(), result_.tiles);
    result_.resumed_tiles = std::stoll(to_all(options_.ranks, std::to_string(done)).front());
    options_.progress(StreamStage::fuse, 0, result_.tiles);
    PartReader reader(source_, requests_for(parts_to_read(), request()));
    std::optional<PartWriter> writer;
    if (file != nullptr) writer.emplace(*file);
    if (!run(reader, writer)) return false;
    const Stopwatch watch(result_.wait_seconds);
    result_.read_seconds = reader.seconds();
    if (writer) result_.write_seconds = writer->end();
    return true;
  }

 private:
  bool looks() const { return options_.observe != nullptr && options_.ranks.rank == 0; }

  PartRequest request() const {
    const SceneNeeds needs = method_.needs();
    return {.core = {}, .halo = needs.halo, .multiple = needs.multiple, .pan = needs.pan || looks(), .ms = needs.ms};
  }
  // Parts that are there already, or are computed elsewhere, are read only for those who look.
  std::vector<Window> parts_to_read() const { return looks() ? cores_ : share_of(cores_, result_.resumed_tiles, options_.ranks); }

  bool run(PartReader& reader, std::optional<PartWriter>& writer) {
    bool left_off = false;
    for (std::int64_t i = 0; writer && i < result_.resumed_tiles && !left_off; ++i) {
      take_over(i, reader, *writer);
      left_off = options_.stopped();
    }
    for (std::int64_t first = result_.resumed_tiles; first < result_.tiles; first += options_.ranks.size) {
      if (any_stopped(options_.ranks, left_off || options_.stopped())) return false;
      const std::int64_t mine = first + options_.ranks.rank;
      FusedPart part;
      if (mine < result_.tiles) part = compute(core(mine), reader);
      left_off = !gather(first, std::move(part), reader, writer);
    }
    return !any_stopped(options_.ranks, left_off);
  }

  const Window& core(std::int64_t i) const { return cores_[static_cast<std::size_t>(i)]; }

  RawPart next(PartReader& reader) {
    const Stopwatch watch(result_.wait_seconds);
    return reader.next();
  }

  void observe(const ScenePart& part, const Tensor& samples) const {
    options_.observe(part, from_stored(encoder_.type(), std::as_bytes(samples.span<std::uint8_t>())));
  }

  void put(std::int64_t index, Tensor samples, PartWriter& writer) {
    const Stopwatch watch(result_.wait_seconds);
    writer.put(core(index), std::move(samples));
    options_.progress(StreamStage::fuse, index + 1, result_.tiles);
  }

  void take_over(std::int64_t index, PartReader& reader, PartWriter& writer) {
    Tensor samples = encoder_.room(core(index), source_.grid().bands);
    parts_->read(index, std::as_writable_bytes(samples.span<std::uint8_t>()), result_.counts);
    look_at(reader, samples);
    put(index, std::move(samples), writer);
  }

  // At a part that was not computed here.
  void look_at(PartReader& reader, const Tensor& samples) {
    if (!looks()) return;
    RawPart raw = next(reader);
    if (!raw.outside) observe(source_.assemble(std::move(raw)), samples);
  }

  FusedPart compute(const Window& core, PartReader& reader) {
    RawPart raw = next(reader);
    const Stopwatch watch(result_.compute_seconds);
    FusedPart fused;
    fused.counts.above = raw.pan_above + raw.ms_above;
    if (raw.outside) {
      fused.samples = encoder_.nothing(core, source_.grid().bands, fused.counts);
      return fused;
    }
    const ScenePart part = source_.assemble(std::move(raw));
    if (any_valid(part)) {
      fused.computed_pixels = method_.computed_pixels(part);
      try {
        fused.samples = encoder_.encode(method_.fuse(part), core, part.valid, part.window, fused.counts);
      } catch (const SceneStopped&) {
        return {};
      }
    } else {
      fused.samples = encoder_.nothing(core, source_.grid().bands, fused.counts);
    }
    if (looks()) observe(part, fused.samples);
    return fused;
  }

  // Parts first, first + 1, ... of the ranks into the file. False where one of them was stopped.
  bool gather(std::int64_t first, FusedPart mine, PartReader& reader, std::optional<PartWriter>& writer) {
    std::vector<std::string> texts;
    if (options_.ranks.size > 1) texts = options_.ranks.to_first(options_.ranks.rank > 0 ? packed(mine) : "");
    if (!writer) return true;
    for (std::int64_t i = first; i < std::min<std::int64_t>(first + options_.ranks.size, result_.tiles); ++i) {
      if (i > first) mine = unpacked(texts[static_cast<std::size_t>(i - first)], encoder_.room(core(i), source_.grid().bands));
      FusedPart part = std::exchange(mine, {});
      if (!part.samples.defined()) return false;
      if (i > first) look_at(reader, part.samples);
      result_.computed_pixels += part.computed_pixels;
      result_.counts += part.counts;
      if (parts_ != nullptr) parts_->append(std::as_bytes(part.samples.span<std::uint8_t>()), part.counts);
      put(i, std::move(part.samples), *writer);
    }
    return true;
  }

  SceneMethod& method_;
  SceneSource& source_;
  const SampleEncoder& encoder_;
  PartFile* parts_;
  const StreamOptions& options_;
  StreamResult& result_;
  std::vector<Window> cores_;
};

}  // namespace

StreamResult stream_scene(SceneMethod& method, SceneSource& source, RasterWriter* writer, const SampleEncoder& encoder,
                          PartFile* parts, const StreamOptions& options) {
  StreamResult result;
  result.stopped =
      !survey(method, source, parts, options, result) || !FusingPass(method, source, encoder, parts, options, result).run(writer);
  if (result.stopped || writer == nullptr) return result;
  const Stopwatch watch(result.write_seconds);
  const Stopwatch waited(result.wait_seconds);
  writer->finish();
  return result;
}

}  // namespace cf

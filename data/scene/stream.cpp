#include "data/scene/stream.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>

#include "data/scene/queue.h"
#include "framework/core/check.h"

namespace cf {
namespace {

// Adds the seconds that it lives.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds), begin_(Clock::now()) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  Clock::time_point begin_;
};

// Reads parts ahead of whoever computes.
class PartReader {
 public:
  PartReader(SceneSource& source, std::vector<PartRequest> requests)
      : thread_([this, &source, todo = std::move(requests)] {
          try {
            for (const PartRequest& request : todo) {
              std::optional<RawPart> part;
              {
                const Stopwatch watch(seconds_);
                part = source.read(request);
              }
              if (!queue_.push(std::move(*part))) return;
            }
          } catch (...) {
            error_ = std::current_exception();
          }
          queue_.close();
        }) {}
  ~PartReader() { queue_.abandon(); }
  PartReader(const PartReader&) = delete;
  PartReader& operator=(const PartReader&) = delete;

  RawPart next() {
    std::optional<RawPart> part = queue_.pop();
    if (part) return std::move(*part);
    thread_.join();
    if (error_) std::rethrow_exception(error_);
    fail("scene: a part was asked for behind the last one");
  }
  // Once all parts were taken.
  double seconds() {
    queue_.abandon();
    if (thread_.joinable()) thread_.join();
    return seconds_;
  }

 private:
  BoundedQueue<RawPart> queue_{1};
  double seconds_ = 0;
  std::exception_ptr error_;
  std::jthread thread_;  // the last member: it uses the others
};

// Writes parts behind whoever computes.
class PartWriter {
 public:
  explicit PartWriter(RasterWriter& writer)
      : thread_([this, &writer] {
          try {
            while (const std::optional<Part> part = queue_.pop()) {
              const Stopwatch watch(seconds_);
              writer.write(part->window, part->samples.span<float>());
            }
          } catch (...) {
            error_ = std::current_exception();
            queue_.abandon();
          }
        }) {}
  ~PartWriter() { queue_.abandon(); }
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  void put(const Window& window, Tensor samples) {
    if (!queue_.push({window, std::move(samples)})) end();
  }
  // Waits until all is written; the seconds that it took.
  double end() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
    if (error_) std::rethrow_exception(error_);
    return seconds_;
  }

 private:
  struct Part {
    Window window;
    Tensor samples;
  };
  BoundedQueue<Part> queue_{1};
  double seconds_ = 0;
  std::exception_ptr error_;
  std::jthread thread_;
};

std::vector<PartRequest> requests_for(const std::vector<Window>& cores, std::int64_t halo, std::int64_t multiple) {
  std::vector<PartRequest> requests;
  for (const Window& core : cores) requests.push_back({core, halo, multiple});
  return requests;
}

// False where it was stopped.
bool survey(SceneMethod& method, SceneSource& source, const StreamOptions& options, StreamResult& result) {
  const SceneNeeds needs = method.needs();
  if (needs.survey_core == 0) return true;
  const Stopwatch watch(result.survey_seconds);
  const SceneGrid grid = source.grid();
  const std::vector<Window> cores = cut(grid.rows, grid.cols, needs.survey_core, needs.survey_core);
  options.progress(StreamStage::survey, 0, std::ssize(cores));
  PartReader reader(source, requests_for(cores, needs.survey_halo, needs.multiple));
  for (std::size_t i = 0; i < cores.size(); ++i) {
    if (options.stopped()) return false;
    RawPart raw = reader.next();
    if (!raw.outside) method.survey(source.assemble(std::move(raw)));
    options.progress(StreamStage::survey, static_cast<std::int64_t>(i) + 1, std::ssize(cores));
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

// The pass that writes the scene.
class FusingPass {
 public:
  FusingPass(SceneMethod& method, SceneSource& source, const SampleEncoder& encoder, PartFile* parts,
             const StreamOptions& options, StreamResult& result)
      : method_(method), source_(source), encoder_(encoder), parts_(parts), options_(options), result_(result) {}

  // False where it was stopped.
  bool run(RasterWriter& file) {
    const SceneGrid grid = source_.grid();
    const SceneNeeds needs = method_.needs();
    const std::vector<Window> cores = cut(grid.rows, grid.cols, options_.tiles.rows, options_.tiles.cols);
    result_.tiles = std::ssize(cores);
    result_.resumed_tiles = parts_ == nullptr ? 0 : std::min(parts_->done(), result_.tiles);
    options_.progress(StreamStage::fuse, 0, result_.tiles);
    // Parts that are there already are read again only for those who look.
    const std::int64_t first = options_.observe ? 0 : result_.resumed_tiles;
    PartReader reader(source_, requests_for({cores.begin() + first, cores.end()}, needs.halo, needs.multiple));
    PartWriter writer(file);
    for (std::int64_t i = 0; i < result_.tiles; ++i) {
      if (options_.stopped()) return false;
      const Window& core = cores[static_cast<std::size_t>(i)];
      Tensor samples = i < result_.resumed_tiles ? take_over(i, core, reader) : compute(core, reader);
      const Stopwatch watch(result_.wait_seconds);
      writer.put(core, std::move(samples));
      options_.progress(StreamStage::fuse, i + 1, result_.tiles);
    }
    const Stopwatch watch(result_.wait_seconds);
    result_.read_seconds = reader.seconds();
    result_.write_seconds = writer.end();
    return true;
  }

 private:
  RawPart next(PartReader& reader) {
    const Stopwatch watch(result_.wait_seconds);
    return reader.next();
  }

  Tensor take_over(std::int64_t index, const Window& core, PartReader& reader) {
    const Shape shape{core.rows, core.cols, source_.grid().bands};
    Tensor samples = Tensor::from(shape, parts_->read(index, result_.counts));
    if (!options_.observe) return samples;
    RawPart raw = next(reader);
    if (!raw.outside) options_.observe(source_.assemble(std::move(raw)), samples.span<float>());
    return samples;
  }

  Tensor compute(const Window& core, PartReader& reader) {
    RawPart raw = next(reader);
    const Stopwatch watch(result_.compute_seconds);
    SceneCounts counts;
    counts.above = raw.pan_above + raw.ms_above;
    Tensor samples;
    if (raw.outside) {
      samples = encoder_.nothing(core, source_.grid().bands, counts);
    } else {
      const ScenePart part = source_.assemble(std::move(raw));
      if (any_valid(part)) {
        result_.computed_pixels += part.window.pixels();
        samples = encoder_.encode(method_.fuse(part), core, part.valid, part.window, counts);
      } else {
        samples = encoder_.nothing(core, source_.grid().bands, counts);
      }
      if (options_.observe) options_.observe(part, samples.span<float>());
    }
    if (parts_ != nullptr) parts_->append(samples.span<float>(), counts);
    result_.counts += counts;
    return samples;
  }

  SceneMethod& method_;
  SceneSource& source_;
  const SampleEncoder& encoder_;
  PartFile* parts_;
  const StreamOptions& options_;
  StreamResult& result_;
};

}  // namespace

StreamResult stream_scene(SceneMethod& method, SceneSource& source, RasterWriter& writer, const SampleEncoder& encoder,
                          PartFile* parts, const StreamOptions& options) {
  StreamResult result;
  result.stopped = !survey(method, source, options, result);
  if (!result.stopped) result.stopped = !FusingPass(method, source, encoder, parts, options, result).run(writer);
  if (result.stopped) return result;
  const Stopwatch watch(result.write_seconds);
  const Stopwatch waited(result.wait_seconds);
  writer.finish();
  return result;
}

}  // namespace cf

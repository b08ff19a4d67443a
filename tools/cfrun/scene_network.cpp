#include "tools/cfrun/scene_network.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "framework/autograd/record.h"
#include "framework/core/allocator.h"
#include "framework/core/device_services.h"
#include "framework/ops/layout.h"
#include "models/ssdiff/sampler.h"
#include "tools/cfrun/scene_statistics.h"

namespace cf {
namespace {

std::int64_t rounded_up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }

// Rows and columns of (1, H, W, C); the tensor itself where it is all of them.
Tensor crop(const Tensor& images, std::int64_t row, std::int64_t col, std::int64_t rows, std::int64_t cols) {
  Tensor part = images;
  if (rows != part.dim(1)) part = ops::slice(part, 1, row, row + rows);
  if (cols != part.dim(2)) part = ops::slice(part, 2, col, col + cols);
  return part;
}

// The largest number of live bytes while `work` runs, on the host and the device.
template <class F>
double measured_peak(Device device, F&& work) {
  CachingAllocator host(make_host_source());
  const UseAllocator use(Device{}, host);
  std::size_t device_bytes = 0;
  if (device.is_cpu()) {
    work();
  } else {
    CachingAllocator& there = allocator_for(device);
    const std::size_t before = there.stats().live_bytes;
    there.reset_peak();
    work();
    device_bytes = there.stats().peak_bytes - before;
  }
  return static_cast<double>(host.stats().peak_bytes + device_bytes);
}

// A network on parts of a scene: what all of them share.
class NetworkMethod : public SceneMethod {
 public:
  explicit NetworkMethod(const Session& session) : session_(session) {}

  std::string name() const override { return session_.experiment.model.name; }

  void begin(const SceneGrid& grid) final {
    const ModelConfig& c = session_.model->config();
    check(grid.rows > 0 && grid.cols > 0 && grid.ratio > 0, "{}: a scene of {} x {} pixels, ratio {}", c.name, grid.rows,
          grid.cols, grid.ratio);
    check(grid.bands == c.bands && grid.pan_bands == c.pan_bands,
          "{}: the network fuses {} PAN and {} MS bands, the scene has {} and {}", c.name, c.pan_bands, c.bands, grid.pan_bands,
          grid.bands);
    check(!session_.model->reads_ms() || grid.ratio == c.ratio,
          "{}: the network reads MS pixels {} times as large as PAN's, the scene's are {} times as large", c.name, c.ratio,
          grid.ratio);
    open(grid);
    measure();
    open(grid);
  }

  std::int64_t computed_pixels(const ScenePart& part) const override { return seen(part).pixels(); }

  Tensor fuse(const ScenePart& part) final {
    const NoGrad no_grad;
    const Tensor fused = fuse_core(part).to(Device{});
    const Tensor core = fused.alias({part.core.rows, part.core.cols, grid_.bands});
    check_finite(core, part.core);
    return core;
  }

 protected:
  // Prepares for the scene of grid_.
  virtual void start() {}
  // Finds out what fusing takes, on whatever scenes it opens.
  virtual void measure() = 0;
  // (1, core rows, core cols, B).
  virtual Tensor fuse_core(const ScenePart& part) = 0;

  void open(const SceneGrid& grid) {
    grid_ = grid;
    start();
  }

  // Windows begin and end where the network's own grid does, and where MS pixels do.
  std::int64_t multiple() const { return std::lcm(session_.model->size_multiple(), grid_.ratio); }
  // The scene's sides, rounded up to what the network takes.
  std::int64_t scene_rows() const { return rounded_up(grid_.rows, session_.model->size_multiple()); }
  std::int64_t scene_cols() const { return rounded_up(grid_.cols, session_.model->size_multiple()); }

  // What the network sees of a part: what lies inside the scene, mirrored pixels only where its sides were rounded up, so that
  // the scene's edge is to the network what an image's edge is.
  Window seen(const ScenePart& part) const {
    const Window& w = part.window;
    const std::int64_t row = std::max<std::int64_t>(0, w.row);
    const std::int64_t col = std::max<std::int64_t>(0, w.col);
    return {row, col, std::min(w.row + w.rows, scene_rows()) - row, std::min(w.col + w.cols, scene_cols()) - col};
  }
  FusionInput input_of(const ScenePart& part) const {
    const Window w = seen(part);
    const auto cut = [&](const Tensor& images, std::int64_t divisor) {
      const Tensor inside = crop(images, (w.row - part.window.row) / divisor, (w.col - part.window.col) / divisor,
                                 w.rows / divisor, w.cols / divisor);
      return inside.to(session_.device());
    };
    return {cut(part.pan, 1), cut(part.lms, 1), session_.model->reads_ms() ? cut(part.ms, grid_.ratio) : Tensor()};
  }

  const Session& session_;
  SceneGrid grid_;
  // Memory that an allocator holds for live bytes: it comes in segments of 8 MiB and more, and pieces between tensors are free,
  // but too small. 1.4 to 1.7 times the live bytes was measured.
  static std::int64_t held_for(double live_bytes) { return (8 << 20) + std::llround(1.75 * live_bytes); }

 private:
  void check_finite(const Tensor& core, const Window& where) const {
    const auto values = core.span<float>();
    const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    if (bad == values.end()) return;
    const std::int64_t pixel = (bad - values.begin()) / grid_.bands;
    fail("{}: the fused value at row {}, column {} is not finite; look for such values in the weights and the images", name(),
         where.row + pixel / where.cols, where.col + pixel % where.cols);
  }
};

// A network whose result depends on a pixel's surroundings, and on what it pools over each part that it is given, if it does.
class LocalMethod : public NetworkMethod {
 public:
  explicit LocalMethod(const Session& session) : NetworkMethod(session), reach_(session.model->reach().value()) {}

  SceneNeeds needs() const override {
    return {.halo = rounded_up(reach_, multiple()), .multiple = multiple(), .ms = session_.model->reads_ms()};
  }

  std::int64_t working_bytes(std::int64_t rows, std::int64_t cols) const override {
    const std::int64_t halo = needs().halo;
    const auto pixels = static_cast<double>((rows + 2 * halo) * (cols + 2 * halo));
    return held_for(fixed_bytes_ + pixel_bytes_ * pixels);
  }

 protected:
  // On the CPU, what is computed has memory of its own, anew for each size of parts: pieces that are left between tensors of one
  // size do not fit those of another, and parts that are read meanwhile would keep them from being given back.
  Tensor fuse_core(const ScenePart& part) override {
    if (!session_.device().is_cpu() || &allocator_for(Device{}) != &cpu_allocator()) return core_of(part);
    if (memory_ == nullptr || part.lms.shape() != memory_shape_) memory_ = std::make_unique<CachingAllocator>(make_host_source());
    memory_shape_ = part.lms.shape();
    const Tensor core = Tensor::empty({1, part.core.rows, part.core.cols, grid_.bands});
    const UseAllocator use(Device{}, *memory_);
    core.copy_from(core_of(part));
    return core;
  }
  // The fused image of a window of the scene, of which `input` shows all.
  virtual Tensor fused(const FusionInput& input, const Window& window) const {
    (void)window;
    return session_.forward(input).fused;
  }

 private:
  // It depends on network, device and precision, and grows with the pixels: two small scenes tell how.
  void measure() override {
    const std::int64_t side = rounded_up(kMeasuredSide, multiple());
    const double small = measured_bytes(side);
    const double large = measured_bytes(2 * side);
    pixel_bytes_ = (large - small) / static_cast<double>(3 * side * side);
    fixed_bytes_ = std::max(0.0, small - pixel_bytes_ * static_cast<double>(side * side));
  }

  double measured_bytes(std::int64_t side) {
    SceneGrid grid = grid_;
    grid.rows = grid.cols = side;
    open(grid);
    const std::int64_t beyond = side + multiple();  // as at the scene's end, where parts are cut
    const auto zeros = [](std::int64_t n, std::int64_t bands) { return Tensor::zeros({1, n, n, bands}); };
    ScenePart part;
    part.window = {0, 0, beyond, beyond};
    part.core = {0, 0, side, side};
    part.pan = zeros(beyond, grid.pan_bands);
    part.lms = zeros(beyond, grid.bands);
    if (session_.model->reads_ms()) part.ms = zeros(beyond / grid.ratio, grid.bands);
    return measured_peak(session_.device(), [&] { fuse(part); });
  }

  Tensor core_of(const ScenePart& part) const {
    const Window w = seen(part);
    return crop(fused(input_of(part), w), part.core.row - w.row, part.core.col - w.col, part.core.rows, part.core.cols);
  }

  static constexpr std::int64_t kMeasuredSide = 64;

  std::int64_t reach_;
  double fixed_bytes_ = 0;
  double pixel_bytes_ = 0;
  std::unique_ptr<CachingAllocator> memory_;
  Shape memory_shape_;  // of the parts that it is for
};

// The same with the pooled statistics of the whole scene.
class PooledMethod final : public LocalMethod {
 public:
  PooledMethod(const Session& session, std::int64_t side)
      : LocalMethod(session),
        network_(*session.pooling()),
        stages_(static_cast<std::int64_t>(network_.pooled_stages())),
        side_(side) {}

  SceneNeeds needs() const override {
    SceneNeeds needs = LocalMethod::needs();
    needs.survey_core = kWindowsAlong * side_;
    return needs;
  }

  std::int64_t working_bytes(std::int64_t rows, std::int64_t cols) const override {
    return LocalMethod::working_bytes(rows, cols) + statistics_->bytes();
  }

  // Each window alone, as the network saw a patch in training: features at its border are those of a border.
  void survey(const ScenePart& part) override {
    for (std::int64_t row = 0; row < part.core.rows; row += side_) {
      const std::int64_t rows = std::min(side_, part.core.rows - row);
      std::vector<Counted> whole;
      for (std::int64_t col = 0; col < part.core.cols; col += side_) {
        const std::int64_t cols = std::min(side_, part.core.cols - col);
        const Window window{part.core.row + row, part.core.col + col, rows, cols};
        const std::optional<Counted> counted = count(part, window);
        if (!counted) continue;
        if (cols == side_)
          whole.push_back(*counted);
        else
          pool({*counted});
      }
      if (!whole.empty()) pool(whole);
    }
  }
  std::string found() const override { return statistics_->packed(); }
  void take_in(const std::string& found) override { statistics_->add(found); }
  void finish_survey() override {
    statistics_->finish(1);
    cpu_allocator().trim();
  }

 protected:
  void start() override { statistics_.emplace(grid_.rows, grid_.cols, side_, stages_ * network_.pooled_channels()); }

  Tensor fused(const FusionInput& input, const Window& window) const override {
    const std::int64_t channels = network_.pooled_channels();
    const auto map = [&](std::size_t stage) {
      return statistics_->map(window, static_cast<std::int64_t>(stage) * channels, channels, session_.device());
    };
    return session_.forward_pooled(input, map).fused;
  }

 private:
  // A window of which some pixels count.
  struct Counted {
    Window window;
    Tensor lms;    // (1, rows, cols, B)
    Tensor valid;  // (1, rows, cols, 1), f32
  };

  static constexpr std::int64_t kWindowsAlong = 4;  // of a part that is surveyed

  static std::optional<Counted> count(const ScenePart& part, const Window& w) {
    const auto cut = [&](const Tensor& t) { return crop(t, w.row - part.window.row, w.col - part.window.col, w.rows, w.cols); };
    const Tensor valid = cut(part.valid);
    const auto mask = valid.span<std::uint8_t>();
    if (std::all_of(mask.begin(), mask.end(), [](std::uint8_t v) { return v == 0; })) return std::nullopt;
    return Counted{w, cut(part.lms), valid.to(DType::f32)};
  }

  // Windows of one size.
  void pool(const std::vector<Counted>& windows) {
    const NoGrad no_grad;
    std::vector<Tensor> lms;
    std::vector<Tensor> valid;
    for (const Counted& c : windows) {
      lms.push_back(c.lms);
      valid.push_back(c.valid);
    }
    const Device device = session_.device();
    const std::vector<Tensor> stages = session_.pool(ops::concat(lms, 0).to(device), ops::concat(valid, 0).to(device));
    const Tensor all = ops::concat(stages).to(Device{});  // (windows, 1, 1, stages * C)
    const auto length = static_cast<std::size_t>(all.dim(3));
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const auto mask = valid[i].span<float>();
      const auto counted = static_cast<double>(std::count(mask.begin(), mask.end(), 1.0F));
      const Window& w = windows[i].window;
      statistics_->set(w.row / side_, w.col / side_, counted / static_cast<double>(side_ * side_),
                       all.span<float>().subspan(i * length, length));
    }
  }

  const PoolingModel& network_;
  std::int64_t stages_;
  std::int64_t side_;
  std::optional<SceneStatistics> statistics_;
};

// A network that samples tiles of a grid fixed to the scene: a part takes those that touch its core, so those between two parts
// are sampled for both.
class SampledMethod final : public NetworkMethod {
 public:
  explicit SampledMethod(const Session& session) : NetworkMethod(session) {
    if (session.experiment.capture && !session.device().is_cpu()) graph_ = std::make_shared<SamplingGraph>();
  }

  SceneNeeds needs() const override {
    return {
        .halo = rounded_up(tiles().size, multiple()), .multiple = multiple(), .core = kCore, .ms = session_.model->reads_ms()};
  }

  // Held while tiles are sampled: noise in f32, sums and weights of the core in f64. Beside them in turn: noise when it is drawn
  // in f64, a batch of tiles, the core in f64 and f32 when all are added.
  std::int64_t working_bytes(std::int64_t rows, std::int64_t cols) const override {
    const std::int64_t halo = needs().halo;
    const std::int64_t pixels = (rows + 2 * halo) * (cols + 2 * halo);
    const std::int64_t values = grid_.bands * pixels;
    const std::int64_t core_values = grid_.bands * rows * cols;
    const std::int64_t held = 4 * fields_ * values + 8 * (core_values + rows * cols);
    const std::int64_t batch = held_for(fixed_bytes_ + tile_bytes_ * static_cast<double>(tiles().batch));
    const std::int64_t copies = session_.device().is_cpu() ? 0 : 2 * 4 * (2 * values + grid_.pan_bands * pixels);
    return held + copies + std::max({8 * values, batch, 12 * core_values});
  }

 protected:
  // Of a batch of tiles it depends on network, device and precision, and grows with the tiles.
  void measure() override {
    const double one = measured_bytes(1);
    tile_bytes_ = measured_bytes(2) - one;
    fixed_bytes_ = std::max(0.0, one - tile_bytes_);
    fields_ = 1;
    for (const SamplerStep& step : plan_sampling(session_.denoiser()->schedule(), session_.experiment.sampler)) {
      fields_ += step.update.noise != 0 ? 1 : 0;
    }
  }

  Tensor fuse_core(const ScenePart& part) override {
    const Window w = seen(part);
    SamplingOptions options{.sampler = session_.experiment.sampler, .tiles = tiles()};
    options.graph = graph_;
    options.progress = [this](std::int64_t, std::int64_t) {
      if (stopped()) throw SceneStopped();
    };
    options.scene = SceneView{.height = scene_rows(), .width = scene_cols(), .image = region(w), .core = region(part.core)};
    return session_.sample(input_of(part), options).fused;
  }

 private:
  static constexpr std::int64_t kCore = 1024;  // with the default tiles, 6 % of them are sampled again

  double measured_bytes(std::int64_t count) const {
    const std::int64_t side = tiles().size;
    const Device device = session_.device();
    const auto zeros = [&](std::int64_t n, std::int64_t bands) { return Tensor::zeros({count, n, n, bands}).to(device); };
    const FusionInput input{zeros(side, grid_.pan_bands), zeros(side, grid_.bands), zeros(side / grid_.ratio, grid_.bands)};
    SamplingOptions options{.sampler = session_.experiment.sampler, .tiles = tiles()};
    options.sampler.steps = std::min<std::int64_t>(options.sampler.steps, 2);  // more hold no more at once
    options.tiles.rule = TileRule::smooth;                                     // one tile per image
    options.tiles.batch = count;
    return measured_peak(device, [&] { session_.sample(input, options); });
  }
  static Region region(const Window& w) { return {w.row, w.col, w.rows, w.cols}; }
  const TileConfig& tiles() const { return session_.experiment.tiles; }

  double fixed_bytes_ = 0;
  double tile_bytes_ = 0;
  std::int64_t fields_ = 1;               // of noise
  std::shared_ptr<SamplingGraph> graph_;  // null: nothing is recorded
};

}  // namespace

std::unique_ptr<SceneMethod> network_method(const Session& session, const SceneNetworkOptions& options) {
  check(options.training_size >= 1, "statistics: windows of {} pixels; take the side of the patches the network was trained on",
        options.training_size);
  const std::string& network = session.experiment.model.name;
  if (session.denoiser() != nullptr) return std::make_unique<SampledMethod>(session);
  check(session.model->reach().has_value(),
        "{}: does not say how far around a pixel it sees (FusionModel::reach), so it cannot fuse a scene in parts", network);
  if (session.pooling() == nullptr || options.statistics == PooledStatistics::window) {
    return std::make_unique<LocalMethod>(session);
  }
  return std::make_unique<PooledMethod>(session, options.training_size);
}

}  // namespace cf

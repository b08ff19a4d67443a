#include "models/ssdiff/tile_sampling.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "framework/autograd/record.h"
#include "framework/core/log.h"
#include "framework/ops/layout.h"
#include "models/ssdiff/diffusion.h"

namespace cf {
namespace {

// Index of the first of the tiles `t` (count, ...) with a value that is not finite; -1 where all are. Waits for the device.
std::int64_t first_bad_tile(const Tensor& t) {
  const Tensor host = t.to(Device{}).to(DType::f64);
  const auto values = host.span<double>();
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  return bad == values.end() ? -1 : (bad - values.begin()) / (host.numel() / host.dim(0));
}

// Images that are no part of a larger scene are one.
SceneView view_of(const Shape& images, const std::optional<SceneView>& scene) {
  const Region whole{0, 0, images[1], images[2]};
  return scene.value_or(SceneView{images[1], images[2], whole, whole});
}

// Tiles first .. first + count - 1 of the images.
struct Batch {
  std::int64_t first;
  std::int64_t count;
};

class TileSampler {
 public:
  TileSampler(std::string network, const FusionInput& images, std::int64_t ratio, const std::vector<SamplerStep>& plan,
              const SamplingOptions& options, const TileDenoiser& denoiser)
      : network_(std::move(network)),
        host_{images.pan.to(Device{}), images.lms.to(Device{}), images.ms.to(Device{})},
        device_(images.lms.device()),
        ratio_(ratio),
        sampling_{denoiser, plan, options.sampler.space},
        options_(options),
        view_(view_of(images.lms.shape(), options.scene)),
        tiles_(plan_tiles(view_.height, view_.width, ratio, options.tiles, view_.core)),
        noise_(plan.size() + 1) {
    for (Tile& tile : tiles_) place(tile);
  }

  Tensor run() {
    const Region core{view_.core.row - view_.image.row, view_.core.column - view_.image.column, view_.core.height,
                      view_.core.width};
    TileMerger merger(host_.lms.shape(), core);
    if (options_.progress) options_.progress(0, total());
    for (std::int64_t first = 0; first < total(); first += options_.tiles.batch) {
      const Batch batch{first, std::min(options_.tiles.batch, total() - first)};
      merger.add(finite_batch(batch), tiles_, first);
      if (options_.progress) options_.progress(first + batch.count, total());
    }
    return merger.merged(host_.lms.dtype()).to(device_);
  }

 private:
  // From the scene's coordinates to those of the images, which must hold the tile, or all of a scene that is smaller.
  void place(Tile& tile) const {
    const std::int64_t size = options_.tiles.size;
    tile.row -= view_.image.row;
    tile.column -= view_.image.column;
    const auto holds = [&](std::int64_t at, std::int64_t shown, std::int64_t scene) {
      return at >= 0 && at + size <= std::max(shown, shown == scene ? size : 0);
    };
    check(holds(tile.row, view_.image.height, view_.height) && holds(tile.column, view_.image.width, view_.width),
          "{}: the tile of the scene at row {}, column {} is not inside the part that was read, {} x {} pixels from row {}, "
          "column {}; read {} pixels around the core",
          network_, tile.row + view_.image.row, tile.column + view_.image.column, view_.image.height, view_.image.width,
          view_.image.row, view_.image.column, size);
  }

  // The fused tiles of a batch, on the host. On the CPU every estimate is looked at when it is there; on a device, where looking
  // means waiting, only the result is, and the batch done again to find out where it went wrong.
  Tensor finite_batch(const Batch& batch) {
    const bool on_host = device_.kind == Device::Kind::cpu;
    Tensor fused = sample(batch, on_host).to(Device{});
    if (on_host || first_bad_tile(fused) < 0) return fused;
    sample(batch, true);
    fail("{}: the fused image has values that are not finite at {}", network_, describe(batch.first + first_bad_tile(fused)));
  }

  Tensor sample(const Batch& batch, bool look) {
    FusionInput part{cut(host_.pan, batch), cut(host_.lms, batch), cut(host_.ms, batch, ratio_)};
    std::vector<Tensor> drawn = {cut(noise(0), batch)};
    for (const SamplerStep& step : sampling_.plan) {
      drawn.push_back(step.update.noise != 0 ? cut(noise(step.number + 1), batch) : Tensor());
    }
    if (options_.graph != nullptr && device_.kind != Device::Kind::cpu && !look) return repeat(part, drawn, batch.count);
    for (Tensor* t : {&part.pan, &part.lms, &part.ms}) *t = t->to(device_);
    for (Tensor& t : drawn) t = t.defined() ? t.to(device_) : t;
    const auto check = [&](const Tensor& residual, const SamplerStep& step) { check_finite(residual, batch, step); };
    return look ? sample_batch(sampling_, part, drawn, check) : sample_batch(sampling_, part, drawn);
  }

  // By the graph, whose batches are full.
  Tensor repeat(const FusionInput& part, std::vector<Tensor>& drawn, std::int64_t count) {
    const std::int64_t full = std::min(options_.tiles.batch, total());
    for (Tensor& t : drawn) t = filled(t, full);
    const FusionInput tiles{filled(part.pan, full), filled(part.lms, full), filled(part.ms, full)};
    const Tensor all = (*options_.graph)(device_, sampling_, tiles, drawn).to(Device{});
    return count == full ? all : ops::slice(all, 0, 0, count);
  }

  // Of tiles (count, ...) on the host `full`, the last one repeated.
  static Tensor filled(const Tensor& tiles, std::int64_t full) {
    if (!tiles.defined() || tiles.dim(0) == full) return tiles;
    std::vector<Tensor> parts = {tiles};
    const Tensor last = ops::slice(tiles, 0, tiles.dim(0) - 1, tiles.dim(0));
    for (std::int64_t i = tiles.dim(0); i < full; ++i) parts.push_back(last);
    return ops::concat(parts, 0);
  }

  std::int64_t total() const { return host_.lms.dim(0) * static_cast<std::int64_t>(tiles_.size()); }

  Tensor cut(const Tensor& images, const Batch& batch, std::int64_t divisor = 1) const {
    return cut_tiles(images, tiles_, batch.first, batch.count, options_.tiles.size / divisor, divisor);
  }

  // Over the images, and beyond them where a tile is larger, as far as tiles reach.
  const Tensor& noise(std::int64_t draw) {
    Tensor& field = noise_[static_cast<std::size_t>(draw)];
    if (!field.defined()) {
      const Shape& s = host_.lms.shape();
      const Region part{view_.image.row, view_.image.column, std::max(s[1], options_.tiles.size),
                        std::max(s[2], options_.tiles.size)};
      field = noise_field(options_.sampler.seed, draw, part, s[3], host_.lms.dtype());
    }
    return field;
  }

  void check_finite(const Tensor& residual, const Batch& batch, const SamplerStep& step) const {
    const std::int64_t bad = first_bad_tile(residual);
    check(bad < 0,
          "{}: at step {} of {} (t = {}) the network's estimate is not finite for {}; look for such values in the weights and "
          "the image",
          network_, step.number + 1, sampling_.plan.size(), step.t, describe(batch.first + bad));
  }

  std::string describe(std::int64_t k) const {
    const auto per_image = static_cast<std::int64_t>(tiles_.size());
    const Tile& tile = tiles_[static_cast<std::size_t>(k % per_image)];
    return fmt::format("tile {} of {}, whose corner is row {}, column {} of image {}", k % per_image + 1, per_image,
                       tile.row + view_.image.row, tile.column + view_.image.column, k / per_image + 1);
  }

  std::string network_;
  FusionInput host_;
  Device device_;
  std::int64_t ratio_;
  TileSampling sampling_;
  const SamplingOptions& options_;
  SceneView view_;
  std::vector<Tile> tiles_;    // by their place in the images
  std::vector<Tensor> noise_;  // by draw
};

void tell_small_image(const std::string& network, const SceneView& view, std::int64_t size) {
  static std::once_flag told;
  if (view.height >= size && view.width >= size) return;
  std::call_once(told, [&] {
    log::warning("{}: images of {} x {} pixels are mirrored at their edges to fill a tile of {} x {}", network, view.height,
                 view.width, size, size);
  });
}

void check_view(const std::string& network, const SceneView& view, const Shape& images, std::int64_t ratio) {
  const Region& image = view.image;
  const Region& core = view.core;
  for (const std::int64_t n : {view.height, view.width, image.row, image.column}) {
    check(n >= 0 && n % ratio == 0, "{}: a scene of {} x {} pixels, read from row {}, column {}; all must be multiples of {}",
          network, view.height, view.width, image.row, image.column, ratio);
  }
  check(images[1] == image.height && images[2] == image.width, "{}: images of shape {} for {} x {} pixels of a scene", network,
        images.str(), image.height, image.width);
  check(core.row >= image.row && core.column >= image.column && core.height > 0 && core.width > 0 &&
            core.row + core.height <= image.row + image.height && core.column + core.width <= image.column + image.width,
        "{}: the core of {} x {} pixels at row {}, column {} is not inside the part that was read", network, core.height,
        core.width, core.row, core.column);
}

}  // namespace

Tensor sample_tiles(const std::string& network, const FusionInput& images, std::int64_t ratio,
                    const std::vector<SamplerStep>& plan, const SamplingOptions& options, const TileDenoiser& denoiser) {
  check(options.tiles.batch >= 1, "tiles: tiles.batch is {}, must be at least 1", options.tiles.batch);
  const SceneView view = view_of(images.lms.shape(), options.scene);
  check_view(network, view, images.lms.shape(), ratio);
  tell_small_image(network, view, options.tiles.size);
  const NoGrad no_grad;
  return TileSampler(network, images, ratio, plan, options, denoiser).run();
}

}  // namespace cf

#include "models/ssdiff/tile_sampling.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "framework/autograd/record.h"
#include "framework/core/log.h"
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
        plan_(plan),
        options_(options),
        denoiser_(denoiser),
        tiles_(plan_tiles(images.lms.dim(1), images.lms.dim(2), ratio, options.tiles)),
        noise_(plan.size() + 1) {}

  Tensor run() {
    TileMerger merger(host_.lms.shape());
    const std::int64_t total = host_.lms.dim(0) * static_cast<std::int64_t>(tiles_.size());
    for (std::int64_t first = 0; first < total; first += options_.tiles.batch) {
      const Batch batch{first, std::min(options_.tiles.batch, total - first)};
      merger.add(finite_batch(batch), tiles_, first);
      if (options_.progress) options_.progress(first + batch.count, total);
    }
    return merger.merged(host_.lms.dtype()).to(device_);
  }

 private:
  // The fused tiles of a batch, on the host. On the CPU every estimate is looked at when it is there; on a device, where looking
  // means waiting, only the result is, and the batch done again to find out where it went wrong.
  Tensor finite_batch(const Batch& batch) {
    const bool on_host = device_.kind == Device::Kind::cpu;
    Tensor fused = sample_batch(batch, on_host).to(Device{});
    if (on_host || first_bad_tile(fused) < 0) return fused;
    sample_batch(batch, true);
    fail("{}: the fused image has values that are not finite at {}", network_, describe(batch.first + first_bad_tile(fused)));
  }

  Tensor sample_batch(const Batch& batch, bool look) {
    const FusionInput part{cut(host_.pan, batch), cut(host_.lms, batch), cut(host_.ms, batch, ratio_)};
    const SamplerSpace space = options_.sampler.space;
    Sampling sampling;
    sampling.estimate = [&](const Tensor& x, const SamplerStep& step) {
      const Tensor residual = denoiser_(part, x, step);
      if (look) check_finite(residual, batch, step);
      return limited_estimate(residual, part.lms, space);
    };
    sampling.noise = [&](const SamplerStep& step) { return cut(noise(step.number + 1), batch); };
    return image_of(sample(plan_, cut(noise(0), batch), sampling), part.lms, space);
  }

  Tensor cut(const Tensor& images, const Batch& batch, std::int64_t divisor = 1) const {
    return cut_tiles(images, tiles_, batch.first, batch.count, options_.tiles.size / divisor, divisor).to(device_);
  }

  // Over the whole image, and beyond it where a tile is larger, as far as tiles reach.
  const Tensor& noise(std::int64_t draw) {
    Tensor& field = noise_[static_cast<std::size_t>(draw)];
    if (!field.defined()) {
      const Shape& s = host_.lms.shape();
      field = noise_field(options_.sampler.seed, draw, std::max(s[1], options_.tiles.size), std::max(s[2], options_.tiles.size),
                          s[3], host_.lms.dtype());
    }
    return field;
  }

  void check_finite(const Tensor& residual, const Batch& batch, const SamplerStep& step) const {
    const std::int64_t bad = first_bad_tile(residual);
    check(bad < 0,
          "{}: at step {} of {} (t = {}) the network's estimate is not finite for {}; look for such values in the weights and "
          "the image",
          network_, step.number + 1, plan_.size(), step.t, describe(batch.first + bad));
  }

  std::string describe(std::int64_t k) const {
    const auto per_image = static_cast<std::int64_t>(tiles_.size());
    const Tile& tile = tiles_[static_cast<std::size_t>(k % per_image)];
    return fmt::format("tile {} of {}, whose corner is row {}, column {} of image {}", k % per_image + 1, per_image, tile.row,
                       tile.column, k / per_image + 1);
  }

  std::string network_;
  FusionInput host_;
  Device device_;
  std::int64_t ratio_;
  const std::vector<SamplerStep>& plan_;
  const SamplingOptions& options_;
  const TileDenoiser& denoiser_;
  std::vector<Tile> tiles_;
  std::vector<Tensor> noise_;  // by draw
};

void tell_small_image(const std::string& network, const Shape& images, std::int64_t size) {
  static std::once_flag told;
  if (images[1] >= size && images[2] >= size) return;
  std::call_once(told, [&] {
    log::warning("{}: images of {} x {} pixels are mirrored at their edges to fill a tile of {} x {}", network, images[1],
                 images[2], size, size);
  });
}

}  // namespace

Tensor sample_tiles(const std::string& network, const FusionInput& images, std::int64_t ratio,
                    const std::vector<SamplerStep>& plan, const SamplingOptions& options, const TileDenoiser& denoiser) {
  check(options.tiles.batch >= 1, "tiles: tiles.batch is {}, must be at least 1", options.tiles.batch);
  tell_small_image(network, images.lms.shape(), options.tiles.size);
  const NoGrad no_grad;
  return TileSampler(network, images, ratio, plan, options, denoiser).run();
}

}  // namespace cf

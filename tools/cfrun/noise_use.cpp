#include "tools/cfrun/noise_use.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "framework/autograd/record.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/layout.h"
#include "framework/ops/loss.h"
#include "models/ssdiff/diffusion.h"
#include "models/ssdiff/tiles.h"

namespace cf {
namespace {

constexpr std::int64_t kSteps[] = {2, 6, 10, 14, 18};
constexpr std::uint64_t kSeed = 1;

// All tiles of a set, side by side.
struct Tiles {
  FusionInput input;
  Tensor gt;
  std::int64_t count;
};

Tiles all_tiles(const Session& session, const std::filesystem::path& file) {
  const Experiment& e = session.experiment;
  const Dataset set = Dataset::open(file, e.dataset_options(true, session.model->size_multiple()));
  std::vector<std::int64_t> indices(static_cast<std::size_t>(set.size()));
  std::iota(indices.begin(), indices.end(), 0);
  const Batch batch = set.read(indices);
  TileConfig config = e.tiles;
  config.stride = config.size;
  const auto tiles = plan_tiles(set.height(), set.width(), e.data.ratio, config);
  const std::int64_t count = set.size() * static_cast<std::int64_t>(tiles.size());
  const auto cut = [&](const Tensor& images, std::int64_t divisor) {
    return cut_tiles(images, tiles, 0, count, config.size / divisor, divisor);
  };
  return {{cut(batch.pan, 1), cut(batch.lms, 1), cut(batch.ms, e.data.ratio)}, cut(batch.gt, 1), count};
}

// Tiles begin .. begin + count - 1.
Tensor part(const Tensor& t, std::int64_t begin, std::int64_t count) { return ops::slice(t, 0, begin, begin + count); }

// The mean of the loss over all tiles, each seen with the noisy residual `noisy` at step t.
double loss(const Session& session, const Tiles& tiles, const Tensor& residual, const Tensor& noisy, std::int64_t t) {
  const DenoisingModel& model = *session.denoiser();
  const Device device = session.device();
  const Tensor time = model.embed_steps({static_cast<double>(t)}, DType::f32).to(device);
  double sum = 0;
  for (std::int64_t begin = 0; begin < tiles.count; begin += session.experiment.tiles.batch) {
    const std::int64_t n = std::min(session.experiment.tiles.batch, tiles.count - begin);
    const auto there = [&](const Tensor& all) { return part(all, begin, n).to(device); };
    const FusionInput input{there(tiles.input.pan), there(tiles.input.lms), there(tiles.input.ms)};
    const Tensor estimate = model.denoise(input, there(noisy), time);
    sum += static_cast<double>(n) * ops::l1_loss(estimate, there(residual)).item();
  }
  return sum / static_cast<double>(tiles.count);
}

}  // namespace

NoiseUse measure_noise_use(const Session& session, const std::filesystem::path& file) {
  check(session.denoiser() != nullptr, "test: {} fuses in one pass; --noise-use is for networks that sample",
        session.experiment.model.name);
  const NoGrad no_grad;
  const Tiles tiles = all_tiles(session, file);
  check(tiles.count >= 2, "{}: one tile has no other to compare with", file.string());
  const NoiseSchedule& schedule = session.denoiser()->schedule();
  const Tensor residual = ops::sub(tiles.gt, tiles.input.lms);
  NoiseUse use{.tiles = tiles.count};
  for (const std::int64_t t : kSteps) {
    const Tensor noise = draw_diffusion(schedule, residual.shape(), kSeed, t, 0).noise;
    const Tensor noisy = ops::add(ops::affine(residual, std::sqrt(schedule.signal(t)), 0),
                                  ops::affine(noise, std::sqrt(1 - schedule.signal(t)), 0));
    const Tensor next = ops::concat({part(noisy, 1, tiles.count - 1), part(noisy, 0, 1)}, 0);
    use.own += loss(session, tiles, residual, noisy, t) / std::size(kSteps);
    use.other += loss(session, tiles, residual, next, t) / std::size(kSteps);
  }
  return use;
}

}  // namespace cf

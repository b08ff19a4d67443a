// What every fusion network is to the rest of the program: PAN and multispectral in, sharpened image out.
#pragma once

#include <optional>
#include <vector>

#include "framework/tensor/tensor.h"
#include "models/config.h"

namespace cf {

// Images scaled to [0, 1], all of one dtype. P, B and R are the configuration's pan_bands, bands and ratio.
struct FusionInput {
  Tensor pan;  // (N, H, W, P)
  Tensor lms;  // (N, H, W, B), the multispectral image interpolated to the PAN grid
  Tensor ms;   // (N, H/R, W/R, B); undefined is allowed where the network does not read it
};

struct FusionOutput {
  Tensor fused;   // (N, H, W, B)
  Tensor detail;  // (N, H, W, B), the reconstructed spatial detail; undefined where the network has none
};

// What a training step compares.
struct TrainingOutput {
  Tensor prediction;
  Tensor target;  // of the same shape
  Tensor detail;  // as FusionOutput's
};

// Which random numbers a training step draws: samples `first`, first + 1, ... of the batch of step `step`.
struct DrawKey {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int64_t first = 0;
};

// The halves of a network with two branches.
enum class Branch : std::uint8_t { none, spatial, spectral };

// How the network is evaluated in training.
struct NetworkOptions {
  bool batch_statistics = false;  // batch normalisation by the batch, which moves the running statistics
  Branch detach = Branch::none;   // where the branches meet, this one receives no gradient
};

class FusionModel {
 public:
  explicit FusionModel(const ModelConfig& config);
  virtual ~FusionModel() = default;
  FusionModel(const FusionModel&) = delete;
  FusionModel& operator=(const FusionModel&) = delete;

  // Throws Error where the shapes do not fit the configuration or each other. Records for backward unless NoGrad is alive.
  FusionOutput forward(const FusionInput& input) const;
  // H and W must be divisible by it.
  virtual std::int64_t size_multiple() const { return 1; }

  // A training step on patches with the ground truth gt (N, H, W, B) and what draw() gave for it, on gt's device. Patches have
  // sides divisible by patch_multiple(). Throws Error as forward().
  TrainingOutput train(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>& drawn,
                       const NetworkOptions& options = {.batch_statistics = true}) const;
  // The random tensors that a step on a ground truth of this shape needs, f32 on the host, samples along the first dimension:
  // functions of the key alone. None for most networks.
  virtual std::vector<Tensor> draw(const Shape& gt, const DrawKey& key) const;
  virtual std::int64_t patch_multiple() const { return size_multiple(); }

  // Pixels around a pixel of the result that it depends on, statistics of a PoolingModel apart: windows that reach so far beyond
  // a part of an image, and begin at multiples of size_multiple(), give that part's pixels. None: not known, or all.
  virtual std::optional<std::int64_t> reach() const { return std::nullopt; }

  // Whether forward reads `ms`.
  virtual bool reads_ms() const { return false; }
  const ModelConfig& config() const { return config_; }

 protected:
  // Called with checked input.
  virtual FusionOutput run(const FusionInput& input) const = 0;
  // Compares the fused image with the ground truth, unless the network is trained on something else.
  virtual TrainingOutput run_training(const FusionInput& input, const Tensor& gt, const std::vector<Tensor>& drawn,
                                      const NetworkOptions& options) const;
  void check_input(const FusionInput& input, std::int64_t multiple) const;

 private:
  ModelConfig config_;
};

}  // namespace cf

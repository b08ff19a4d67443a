// What every fusion network is to the rest of the program: PAN and multispectral in, sharpened image out.
#pragma once

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
  // Whether forward reads `ms`.
  virtual bool reads_ms() const { return false; }
  const ModelConfig& config() const { return config_; }

 protected:
  // Called with checked input.
  virtual FusionOutput run(const FusionInput& input) const = 0;

 private:
  void check_input(const FusionInput& input) const;

  ModelConfig config_;
};

}  // namespace cf

// Sizes and procedures of SSDiff, as a configuration gives them.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "framework/io/config_rules.h"

namespace cf {

// How FMIM attenuates its four low frequencies: auto takes the closed form.
enum class FmimMethod : std::uint8_t { automatic, closed, fft };
constexpr auto enum_names(FmimMethod) {
  return std::to_array<config::EnumName<FmimMethod>>(
      {{FmimMethod::automatic, "auto"}, {FmimMethod::closed, "closed"}, {FmimMethod::fft, "fft"}});
}

struct SsdiffConfig {
  std::int64_t dim = 32;
  std::int64_t head_dim = 16;
  std::int64_t groups = 32;
  FmimMethod fmim = FmimMethod::automatic;

  template <class V>
  void fields(V& v) {
    v("dim", dim, "features per pixel at full resolution; a multiple of 8", config::at_least(8));
    v("head_dim", head_dim, "features per attention head; divides dim", config::at_least(1));
    v("groups", groups, "groups of a normalisation, one per feature where it has fewer; divides 2 dim where that is more",
      config::at_least(1));
    v("fmim", fmim, "how low frequencies are attenuated: closed form, Fourier transform, or the faster of the two");
  }
};

enum class ScheduleKind : std::uint8_t { cosine, linear };
constexpr auto enum_names(ScheduleKind) {
  return std::to_array<config::EnumName<ScheduleKind>>({{ScheduleKind::cosine, "cosine"}, {ScheduleKind::linear, "linear"}});
}

// The process that a denoising network is trained on.
struct DiffusionConfig {
  ScheduleKind schedule = ScheduleKind::cosine;
  std::int64_t steps = 1000;
  double step_exponent = 1;

  template <class V>
  void fields(V& v) {
    v("schedule", schedule, "how the noise grows over the steps");
    v("steps", steps, "steps from the clean residual to noise", config::at_least(2));
    v("step_exponent", step_exponent,
      "training visits step `steps` * u^step_exponent, u uniform in [0, 1); 1: all steps alike, larger: clean ones more often",
      config::at_least(1));
  }
};

// Which of the trained steps a sampler visits.
enum class Spacing : std::uint8_t { trailing, leading };
constexpr auto enum_names(Spacing) {
  return std::to_array<config::EnumName<Spacing>>({{Spacing::trailing, "trailing"}, {Spacing::leading, "leading"}});
}

// What a sampler tells the network as time: the step of the trained process, or the number of the sampler's own step.
enum class SamplerTime : std::uint8_t { original, index };
constexpr auto enum_names(SamplerTime) {
  return std::to_array<config::EnumName<SamplerTime>>({{SamplerTime::original, "original"}, {SamplerTime::index, "index"}});
}

// What a sampler moves: the residual GT - LMS, as in training, or the image itself.
enum class SamplerSpace : std::uint8_t { residual, image };
constexpr auto enum_names(SamplerSpace) {
  return std::to_array<config::EnumName<SamplerSpace>>({{SamplerSpace::residual, "residual"}, {SamplerSpace::image, "image"}});
}

// time = index with space = image is what the code published with SSDiff does; the defaults are the trained process.
struct SamplerConfig {
  std::string name = "ddim";
  std::int64_t steps = 10;
  double eta = 0;
  Spacing spacing = Spacing::trailing;
  SamplerTime time = SamplerTime::original;
  SamplerSpace space = SamplerSpace::residual;
  std::uint64_t seed = 1;

  template <class V>
  void fields(V& v) {
    v("name", name, "ddim, dpmpp2m (DPM-Solver++ of order 2), or single: one network call whatever `steps` says",
      config::one_of({"ddim", "dpmpp2m", "single"}));
    v("steps", steps, "network calls per tile", config::at_least(1));
    v("eta", eta, "ddim: share of fresh noise; 0: none, the result is a function of the first noise", config::at_least(0));
    v("spacing", spacing, "steps visited: evenly up to the noisiest (any number), or with the published stride from the first");
    v("time", time, "time given to the network: the trained process's, or the sampler's own step number");
    v("space", space, "what is denoised: the residual, as trained, or the image");
    v("seed", seed, "of the noise");
  }
};

enum class TileRule : std::uint8_t { smooth, centre };
constexpr auto enum_names(TileRule) {
  return std::to_array<config::EnumName<TileRule>>({{TileRule::smooth, "smooth"}, {TileRule::centre, "centre"}});
}

// How an image is cut into tiles of the size that the network was trained on, and put together again.
struct TileConfig {
  std::int64_t size = 64;
  std::int64_t stride = 32;
  TileRule rule = TileRule::smooth;
  std::int64_t batch = 16;

  template <class V>
  void fields(V& v) {
    v("size", size, "PAN pixels along a side; a multiple of 16", config::at_least(16));
    v("stride", stride, "PAN pixels from tile to tile; at most `size`", config::at_least(1));
    v("rule", rule, "overlaps: smooth weights, or the mean of tile centres as published");
    v("batch", batch, "tiles that the network sees at once", config::at_least(1));
  }
};

}  // namespace cf

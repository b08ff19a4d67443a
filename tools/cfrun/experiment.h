// A whole experiment as one JSON file describes it: network, data, loss, optimizer, schedule, loop, test.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/presets.h"
#include "framework/io/config.h"
#include "models/config.h"
#include "models/ssdiff/lbaf.h"
#include "tools/cfrun/train_config.h"

namespace cf {

struct DataConfig {
  std::string dir = ".";
  std::string sensor = "wv3";
  std::string train;
  std::string valid;
  std::string test;
  std::string test_full;
  std::int64_t bands = 0;
  double scale = 0;
  std::int64_t ratio = 0;
  std::int64_t pan_bands = 0;
  std::vector<std::int64_t> rgb;
  std::vector<double> rgb_nm;
  std::vector<double> wavelengths;
  bool flips = false;
  bool turns = false;
  double memory_gb = 4;
  std::string resident = "auto";

  template <class V>
  void fields(V& v) {
    v("dir", dir, "folder of the files below; a relative one is relative to the current folder");
    v("sensor", sensor, "preset of bands, ratio, scale, MTF gains, picture bands and metrics", config::one_of(sensor_names()));
    v("train", train, "training set (gt, ms, lms, pan)");
    v("valid", valid, "validation set; empty: none");
    v("test", test, "reduced-resolution test set, with gt; empty: none");
    v("test_full", test_full, "full-resolution test set, without gt; empty: none");
    v("bands", bands, "bands of the MS image; 0: the sensor's", config::between(0, 4096));
    v("scale", scale, "DN that becomes 1; 0: the sensor's", config::at_least(0));
    v("ratio", ratio, "PAN pixels per MS pixel, along one axis; 0: the sensor's", config::between(0, 64));
    v("pan_bands", pan_bands, "bands of the PAN image; 0: the sensor's", config::between(0, 64));
    v("rgb", rgb, "three bands, counted from 1, that pictures show as red, green and blue; empty: the sensor's",
      config::at_least(1));
    v("rgb_nm", rgb_nm, "the same by wavelength: the bands nearest to these, which must be within 30 nm", config::above(0));
    v("wavelengths", wavelengths, "centre of each band in nm; empty: the sensor's, where they are known", config::above(0));
    v("flips", flips, "augment by mirroring both axes");
    v("turns", turns, "augment by quarter turns");
    v("memory_gb", memory_gb, "a larger set is read by chunks instead of kept in memory", config::at_least(0));
    v("resident", resident, "training set in the GPU's memory; auto: where it takes no more than half of what is free",
      config::one_of({"auto", "on", "off"}));
  }
};

struct LossConfig {
  std::string name = "l1";
  double detail_weight = 0.05;  // measured: docs/benchmarks.md

  template <class V>
  void fields(V& v) {
    v("name", name, "distance between the fused image and the ground truth", config::one_of({"l1", "mse", "charbonnier"}));
    v("detail_weight", detail_weight,
      "weight of the L1 distance between the reconstructed detail and GT - LMS, for networks with one", config::at_least(0));
  }
};

struct TestConfig {
  std::string metrics = "auto";
  std::int64_t crop = 0;
  bool clip = false;
  bool substitute_mtf = true;
  std::int64_t parts = 0;
  std::string statistics = "scene";

  template <class V>
  void fields(V& v) {
    v("metrics", metrics,
      "conventions: the field's MATLAB toolbox, those of CF2N's repository, what is reported on hyperspectral sets or where "
      "clouds are removed; auto: the sensor's",
      config::one_of({"auto", "toolbox", "cf2n", "hyperspectral", "clouds"}));
    v("crop", crop, "border that reduced-resolution metrics leave out, as the toolbox counts it (dim_cut); 0: none",
      config::at_least(0));
    v("clip", clip, "clip fused images to the sensor's range before reduced-resolution metrics");
    v("substitute_mtf", substitute_mtf,
      "use IKONOS' MTF gains for QuickBird and GaoFen-2, as the toolbox's batch evaluation does");
    v("parts", parts, "fuse test images as scenes are fused, in parts of so many pixels along a side; 0: whole",
      config::at_least(0));
    v("statistics", statistics,
      "in parts, CF2N's spectral attention pools over windows of the image, interpolated (scene), or over each part (window)",
      config::one_of({"scene", "window"}));
  }
};

struct Experiment {
  std::string name = "experiment";
  std::string device = "auto";
  std::string precision = "f32";
  bool deterministic = false;
  bool capture = false;
  std::vector<std::int64_t> gpus;
  ModelConfig model;
  DiffusionConfig diffusion;
  SamplerConfig sampler;
  TileConfig tiles;
  LbafConfig lbaf;
  DataConfig data;
  LossConfig loss;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  TrainConfig train;
  CheckpointConfig checkpoint;
  TestConfig test;

  template <class V>
  void fields(V& v) {
    v("name", name, "names the run's folder");
    v("device", device, "cpu, cuda (the first), cuda:N, or auto: a GPU where one works, else the CPU");
    v("precision", precision,
      "f32; tf32, on a GPU: matrix units with a 10-bit mantissa; bf16, on a GPU: mixed with f32 (weights stay f32), on a CPU "
      "with units for it: convolutions and products of factors rounded to bf16",
      config::one_of({"f32", "tf32", "bf16"}));
    v("deterministic", deterministic, "the same numbers each run on a GPU, too, at some cost");
    v("capture", capture, "on a GPU: record a step once and repeat it as one piece (a CUDA graph)");
    v("gpus", gpus, "GPUs of this machine, [0, 1]: each gets a rank, which cfrun starts itself; empty: those of mpirun, or one",
      config::at_least(0));
    v("model", model, "the network");
    v("diffusion", diffusion, "the process that a denoising network is trained on");
    v("sampler", sampler, "how a denoising network fuses");
    v("tiles", tiles, "how a denoising network's images are cut");
    v("lbaf", lbaf, "branch-wise alternating fine-tuning, for networks with a spatial and a spectral branch");
    v("data", data, "files, scaling and augmentation");
    v("loss", loss, "what training minimises");
    v("optimizer", optimizer, "how weights follow gradients");
    v("schedule", schedule, "how the learning rate goes");
    v("train", train, "the loop");
    v("checkpoint", checkpoint, "what is kept");
    v("test", test, "conventions of the metrics");
  }

  // Folder and name of one of data's files; empty where `file` is.
  std::filesystem::path data_path(const std::string& file) const;
  // DN that becomes 1: the configured one or the sensor's.
  double scale() const;
  // Bands (0-based) that pictures show as red, green and blue. Throws Error on a band or wavelength that is not there.
  std::array<std::int64_t, 3> rgb() const;
  // What a set must look like to be used here.
  DatasetOptions dataset_options(bool require_gt, std::int64_t size_multiple) const;
};

// Reads a configuration file and applies "path.to.key=value" overrides. Throws Error as framework/io/config.h says.
Experiment read_experiment(const std::filesystem::path& path, const std::vector<std::string>& overrides);
// From the resolved configuration inside a checkpoint; `source` names it in errors.
Experiment experiment_from(const ordered_json& json, const std::string& source);
// The resolved configuration.
ordered_json to_json(const Experiment& experiment);
// The JSON schema of a configuration file.
ordered_json experiment_schema();

}  // namespace cf

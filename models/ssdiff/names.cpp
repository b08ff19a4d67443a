#include "models/ssdiff/names.h"

#include <fmt/core.h>

#include <array>

namespace cf::ssdiff {
namespace {

struct Names {
  const char* published;
  const char* ours;
};

// {} stands for the number of a repeated part, which runs from 0 to count - 1.
struct Part {
  int count;
  const char* published;
  const char* ours;
  std::vector<Names> layers;
};

const std::vector<Part>& parts() {
  static const std::vector<Part> kParts = {
      {1,
       "",
       "",
       {{"time_embed.0", "time.in"},
        {"time_embed.2", "time.out"},
        {"upsample.upsamle.0", "base"},
        {"conv_pan2x_t", "spatial.in"},
        {"emb_layers_pan.1", "spatial.time"},
        {"out_layers_pan.0", "spatial.norm"},
        {"out_layers_pan.3", "spatial.out"},
        {"conv_lms2x_t", "spectral.in"},
        {"emb_layers_lms.1", "spectral.time"},
        {"out_layers_lms.0", "spectral.norm"},
        {"out_layers_lms.3", "spectral.out"},
        {"to_hrms.0", "head0"},
        {"to_hrms.2", "head1"}}},
      {4,
       "resblock{}.",
       "block{}.",
       {{"conv0", "squeeze"}, {"conv1", "expand"}, {"emb_layers.1", "time"}, {"out_layers.0", "norm"}, {"out_layers.3", "out"}}},
      {5,
       "fusformer{}.layers.0.",
       "fusion{}.",
       {{"0.fn.norm", "norm"},
        {"0.fn.fn.sa1", "sa1"},
        {"0.fn.fn.sa2", "sa2"},
        {"0.fn.fn.se1", "se1"},
        {"0.fn.fn.se2", "se2"},
        {"0.fn.fn.to_out.0", "to_out"},
        {"1.fn.norm", "ff.norm"},
        {"1.fn.fn.net.0", "ff.in"},
        {"1.fn.fn.net.3", "ff.out"}}},
      {2, "down{}.", "down{}.", {{"conv.0", "halve"}, {"conv.2", "widen"}, {"conv.3", "depthwise"}}},
      {2, "up{}.", "up{}.", {{"up1.0", "twice"}, {"conv", "conv"}}},
  };
  return kParts;
}

std::vector<std::pair<std::string, std::string>> expanded() {
  std::vector<std::pair<std::string, std::string>> list;
  for (const Part& part : parts()) {
    for (int i = 0; i < part.count; ++i) {
      for (const Names& layer : part.layers) {
        list.emplace_back(fmt::format(fmt::runtime(part.published), i) + layer.published,
                          fmt::format(fmt::runtime(part.ours), i) + layer.ours);
      }
    }
  }
  return list;
}

}  // namespace

const std::vector<std::pair<std::string, std::string>>& layer_names() {
  static const auto kNames = expanded();
  return kNames;
}

std::string name_of_published(std::string_view published) {
  if (is_published_unused(published)) return {};
  for (const auto& [theirs, ours] : layer_names()) {
    if (published.starts_with(theirs + ".")) return ours + std::string(published.substr(theirs.size()));
  }
  return {};
}

bool is_published_unused(std::string_view published) {
  constexpr std::array kUnused = {"raise_ms_dim.",       "raise_pan_dim.", "conv_x_t.", "down0.maxpool_conv.",
                                  "down1.maxpool_conv.", "up0.up0.",       "up1.up0."};
  if (published.ends_with(".num_batches_tracked")) return true;
  for (const char* prefix : kUnused) {
    if (published.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace cf::ssdiff

#include "tools/cfrun/scene_method.h"

#include <algorithm>
#include <cctype>

#include "data/classical/classical.h"
#include "framework/core/check.h"

namespace cf {
namespace {

std::string known_methods() {
  std::string names;
  for (const ClassicalName& name : classical_names()) names += std::string(name.key) + ", ";
  return names + "or a checkpoint's network (cf2n, fusionnet, ssdiff)";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

ChosenMethod classical(const FuseOptions& o) {
  check(o.checkpoint.empty(), "--checkpoint {}: {} is no network; leave the checkpoint or --method out", o.checkpoint, o.method);
  check(o.weights.empty() || o.method == "brovey", "--weights: {} has none; they are Brovey's", o.method);
  check(o.overrides.empty(), "--set and --device: {} is no network", o.method);
  ClassicalOptions options;
  if (!o.sensor.empty()) options.sensor = o.sensor;
  options.weights = o.weights;
  ChosenMethod chosen;
  chosen.method = classical_method(o.method, options);
  chosen.key = o.method;
  const auto names = classical_names();
  const auto name = std::find_if(names.begin(), names.end(), [&](const ClassicalName& n) { return n.key == o.method; });
  chosen.title = name->title;
  chosen.sensor = o.sensor;
  return chosen;
}

ChosenMethod network(const FuseOptions& o) {
  check(o.sensor.empty(), "--sensor {}: gives MTF gains to classical methods; a network knows its sensor", o.sensor);
  check(o.weights.empty(), "--weights: are Brovey's; a network has its own");
  ChosenMethod chosen;
  chosen.session = load_session(o.checkpoint, o.overrides, o.weight_choice);
  const Experiment& e = chosen.session->experiment;
  check(o.method.empty() || o.method == e.model.name, "--method {}: {} holds the network {}", o.method, o.checkpoint,
        e.model.name);
  SceneNetworkOptions options;
  options.statistics = o.statistics;
  chosen.method = network_method(*chosen.session, options);
  chosen.key = e.model.name;
  chosen.title = e.model.name == "ssdiff" ? "SSDiff" : e.model.name == "fusionnet" ? "FusionNet" : upper(e.model.name);
  chosen.sensor = e.data.sensor;
  return chosen;
}

}  // namespace

ChosenMethod choose_method(const FuseOptions& options) {
  if (is_classical(options.method)) return classical(options);
  check(!options.method.empty() || !options.checkpoint.empty(),
        "fuse: name a checkpoint (--checkpoint) or a method (--method): {}", known_methods());
  const bool network_name =
      options.method.empty() || options.method == "cf2n" || options.method == "ssdiff" || options.method == "fusionnet";
  check(network_name, "--method {}: no such method; known are {}", options.method, known_methods());
  check(!options.checkpoint.empty(), "--method {}: is a network and needs --checkpoint; without one: {}", options.method,
        known_methods());
  return network(options);
}

}  // namespace cf

#include "models/registry.h"

#include "framework/nn/scope.h"
#include "models/cf2n/cf2n.h"
#include "models/fusionnet/fusionnet.h"
#include "models/ssdiff/network.h"

namespace cf {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<FusionModel> (*make)(const ModelConfig& config, const Scope& scope);
};

template <class Network>
std::unique_ptr<FusionModel> make(const ModelConfig& config, const Scope& scope) {
  return std::make_unique<Network>(config, scope);
}

constexpr Entry kNetworks[] = {
    {"cf2n", make<Cf2n>},
    {"fusionnet", make<FusionNet>},
    {"ssdiff", make<Ssdiff>},
};

}  // namespace

std::unique_ptr<FusionModel> make_model(const ModelConfig& config, ParamStore& store, std::uint64_t seed) {
  check(store.params().empty(), "{}: built in a store that already holds parameters", config.name);
  for (const Entry& entry : kNetworks) {
    if (config.name != entry.name) continue;
    auto model = entry.make(config, Scope(store, seed));
    store.pack();
    return model;
  }
  std::string known;
  for (const Entry& entry : kNetworks) known += (known.empty() ? "" : ", ") + std::string(entry.name);
  fail("model.name is '{}', which is no network of this program; it has {}", config.name, known);
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kNetworks) names.emplace_back(entry.name);
  return names;
}

}  // namespace cf

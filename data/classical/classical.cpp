#include "data/classical/classical.h"

#include <algorithm>
#include <array>

#include "data/classical/methods.h"
#include "data/image/mtf.h"

namespace cf {
namespace {

using classical::Method;
using classical::Settings;

struct Entry {
  ClassicalName name;
  std::unique_ptr<Method> (*make)(const Settings&);
};

constexpr std::array<Entry, 5> kMethods = {{
    {{"exp", "EXP"}, [](const Settings&) { return classical::make_exp(); }},
    {{"brovey", "Brovey"}, classical::make_brovey},
    {{"gsa", "GSA"}, classical::make_gsa},
    {{"bt-h", "BT-H"}, classical::make_bt_h},
    {{"mtf-glp-fs", "MTF-GLP-FS"}, classical::make_mtf_glp_fs},
}};

}  // namespace

std::span<const ClassicalName> classical_names() {
  static const auto names = [] {
    std::array<ClassicalName, kMethods.size()> all;
    std::transform(kMethods.begin(), kMethods.end(), all.begin(), [](const Entry& entry) { return entry.name; });
    return all;
  }();
  return names;
}

bool is_classical(std::string_view key) {
  return std::any_of(kMethods.begin(), kMethods.end(), [&](const Entry& entry) { return entry.name.key == key; });
}

namespace classical {

std::unique_ptr<Method> make_method(std::string_view key, const Settings& settings) {
  std::string known;
  for (const Entry& entry : kMethods) {
    if (entry.name.key == key) return entry.make(settings);
    known += (known.empty() ? "" : ", ") + std::string(entry.name.key);
  }
  fail("'{}' is no classical method; there are {}", key, known);
}

Settings settle(const ClassicalOptions& options, std::int64_t bands, std::int64_t ratio) {
  check(ratio >= 2, "classical methods: ratio is {}, expected 2 or more", ratio);
  const auto n = static_cast<std::size_t>(bands);
  Settings settings{.bands = bands, .ratio = ratio, .toolbox = options.toolbox};
  settings.gains = options.gains.empty() ? mtf_gains(options.sensor, bands) : options.gains;
  check(settings.gains.size() == 1 || settings.gains.size() == n, "classical methods: {} MTF gains for {} bands",
        settings.gains.size(), bands);
  if (settings.gains.size() == 1) settings.gains.assign(n, settings.gains.front());
  settings.pan_gain = options.pan_gain == 0 ? mtf_pan_gain(options.sensor) : options.pan_gain;
  settings.weights = options.weights.empty() ? std::vector<double>(n, 1.0 / static_cast<double>(bands)) : options.weights;
  check(settings.weights.size() == n, "classical methods: {} weights for {} bands", settings.weights.size(), bands);
  for (const double gain : settings.gains)
    check(gain > 0 && gain < 1, "MTF gain at Nyquist is {}, expected between 0 and 1", gain);
  check(settings.pan_gain > 0 && settings.pan_gain < 1, "MTF gain of PAN at Nyquist is {}, expected between 0 and 1",
        settings.pan_gain);
  return settings;
}

}  // namespace classical
}  // namespace cf

#include "data/scene/look.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/presets.h"

namespace cf {
namespace {

constexpr std::int64_t kSide = 256;  // of a window
constexpr std::int64_t kWindowsPerSide = 6;

std::vector<Window> windows_of(const RasterInfo& info, bool whole) {
  std::vector<Window> windows;
  if (whole) {
    for (std::int64_t row = 0; row < info.rows; row += kSide) {
      windows.push_back({row, 0, std::min(kSide, info.rows - row), info.cols});
    }
    return windows;
  }
  const auto place = [](std::int64_t i, std::int64_t length) {
    return std::max<std::int64_t>(0, (length - kSide) * i / (kWindowsPerSide - 1));
  };
  for (std::int64_t i = 0; i < kWindowsPerSide * kWindowsPerSide; ++i) {
    windows.push_back({place(i / kWindowsPerSide, info.rows), place(i % kWindowsPerSide, info.cols), std::min(kSide, info.rows),
                       std::min(kSide, info.cols)});
  }
  return windows;
}

}  // namespace

ValueLook look_at(RasterReader& raster, const NodataRule& rule, std::span<const std::int64_t> bands) {
  const RasterInfo& info = raster.info();
  const std::size_t all = info.bands.size();
  ValueLook look;
  look.whole = info.rows * info.cols <= kWindowsPerSide * kWindowsPerSide * kSide * kSide;
  std::vector<float> samples, used, values;
  std::vector<std::uint8_t> valid;
  for (const Window& window : windows_of(info, look.whole)) {
    samples.resize(static_cast<std::size_t>(window.pixels()) * all);
    raster.read(window, samples);
    valid.assign(static_cast<std::size_t>(window.pixels()), 1);
    if (rule.masked()) raster.read_mask(window, valid);
    used.clear();
    for (std::size_t i = 0; i < valid.size(); ++i) {
      for (const std::int64_t b : bands) used.push_back(samples[i * all + static_cast<std::size_t>(b)]);
    }
    rule.mark(used, valid);
    for (std::size_t i = 0; i < valid.size(); ++i) {
      if (valid[i] == 0) continue;
      values.insert(values.end(), used.begin() + static_cast<std::ptrdiff_t>(i * bands.size()),
                    used.begin() + static_cast<std::ptrdiff_t>((i + 1) * bands.size()));
    }
  }
  look.count = std::ssize(values);
  if (values.empty()) return look;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  look.lowest = static_cast<double>(*least);
  look.largest = static_cast<double>(*most);
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  look.median = static_cast<double>(*middle);
  return look;
}

double scale_for(const ValueLook& pan, const ValueLook& ms, bool integers) {
  const double largest = std::max(pan.largest, ms.largest);
  if (!integers && largest <= 2) return 1;
  return likely_scale(largest);
}

ScaleVerdict judge_scale(const ValueLook& pan, const ValueLook& ms, double scale) {
  const std::string what = fmt::format("(PAN: median {:.6g}, largest {:.6g}; MS: median {:.6g}, largest {:.6g})", pan.median,
                                       pan.largest, ms.median, ms.largest);
  const std::string remedy = fmt::format("--scale {:g} or --bit-depth auto would fit", scale_for(pan, ms, false));
  if (pan.count > 0 && ms.count > 0 && std::max(pan.largest, ms.largest) < scale / 50) {
    return {fmt::format("all values are tiny beside the scale {:g} {}; {}", scale, what, remedy), true};
  }
  for (const ValueLook& look : {pan, ms}) {
    if (look.count > 0 && look.median > scale) {
      return {fmt::format("most values are above the scale {:g} {}; {}", scale, what, remedy), true};
    }
  }
  if (pan.count > 0 && ms.count > 0 && std::max(pan.largest, ms.largest) < scale / 8) {
    return {fmt::format("the largest values are far below the scale {:g} {}; {}", scale, what, remedy), false};
  }
  return {};
}

}  // namespace cf

#include "data/synth/satellites.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "data/synth/noise.h"
#include "framework/core/parallel.h"

namespace cf::synth {
namespace {

enum Kind : std::uint64_t { kSpeckle = 40, kCloudShape = 41, kCloudTexture = 42, kCameraNoise = 43 };

constexpr std::int64_t kBands = 13;
constexpr int kLooks = 4;
constexpr double kReflectance = 10000;

// Typical backscatter in dB, VV and VH, in the order of Material.
constexpr std::array<std::array<double, 2>, kMaterials> kBackscatter = {{
    {-12.5, -19},    // grass
    {-9.5, -15},     // canopy
    {-10, -15.5},    // conifer
    {-10.5, -16.5},  // crop
    {-11.5, -18},    // ripe crop
    {-13, -20},      // dry grass
    {-13.5, -22},    // brown soil
    {-14, -22.5},    // red soil
    {-18, -27},      // sand
    {-19, -28},      // asphalt
    {-15, -24},      // concrete
    {-5, -13},       // tile
    {-2, -11},       // metal
    {-5, -13},       // blue roof
    {-6, -14},       // dark roof
    {-16, -25},      // white paint
    {-22, -31},      // clear water
    {-21, -30},      // turbid water
}};

// Reflectance at 1610 and 2190 nm, beyond the spectral library, in the order of Material.
constexpr std::array<std::array<double, 2>, kMaterials> kShortwave = {{
    {.28, .14},
    {.20, .09},
    {.12, .05},
    {.30, .15},
    {.42, .30},
    {.42, .32},
    {.36, .33},
    {.38, .34},
    {.52, .50},
    {.13, .13},
    {.32, .31},
    {.40, .38},
    {.36, .34},
    {.30, .28},
    {.09, .09},
    {.50, .45},
    {.001, .0005},
    {.004, .002},
}};

struct OpticalBand {
  double nm;
  double through;  // share of the surface's light that passes the air, water vapour included
  double cloud;    // reflectance of a thick cloud
};
constexpr std::array<OpticalBand, kBands> kOptical = {{{443, .80, .78},
                                                       {490, .85, .77},
                                                       {560, .88, .76},
                                                       {665, .91, .75},
                                                       {705, .88, .75},
                                                       {740, .90, .74},
                                                       {783, .92, .74},
                                                       {842, .92, .73},
                                                       {865, .94, .73},
                                                       {945, .45, .45},
                                                       {1375, .005, .14},
                                                       {1610, .93, .48},
                                                       {2190, .90, .36}}};

double surface(Material material, std::size_t band) {
  const auto m = static_cast<std::size_t>(material);
  if (band < 10) return reflectance(material, kOptical[band].nm);
  return band == 12 ? kShortwave[m][1] : kShortwave[m][0];
}

// Calls fn(cell) for the cells of pixel p.
template <class F>
void for_cells(const Canvas& canvas, std::int64_t side, std::int64_t p, F&& fn) {
  for (std::int64_t i = 0; i < kCellsPerPixel * kCellsPerPixel; ++i) {
    fn(canvas.at(p / side * kCellsPerPixel + i / kCellsPerPixel, p % side * kCellsPerPixel + i % kCellsPerPixel));
  }
}

constexpr double kCells = kCellsPerPixel * kCellsPerPixel;

// Calls fn(p) for every pixel, in parallel.
template <class F>
void for_pixels(std::int64_t pixels, F&& fn) {
  parallel_for(pixels, 1 << 12, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) fn(p);
  });
}

// A gamma variate of shape kLooks and mean 1: a sum of exponential ones.
double speckle(const Philox& rng, std::uint64_t index) {
  double sum = 0;
  for (std::uint64_t look = 0; look < kLooks; ++look) sum -= std::log(1.0 - rng.uniform(index * kLooks + look));
  return sum / kLooks;
}

}  // namespace

Planes radar_image(const Canvas& canvas, std::uint64_t seed) {
  const std::int64_t side = canvas.side / kCellsPerPixel;
  Planes out(side, side, 2);
  const Philox rng = make_rng(seed, RngStream::synth, std::uint64_t{kSpeckle} << 40U);
  for_pixels(out.pixels(), [&](std::int64_t p) {
    for (std::int64_t b = 0; b < 2; ++b) {
      const auto power = [&](Material m) {
        return std::pow(10, kBackscatter[static_cast<std::size_t>(m)][static_cast<std::size_t>(b)] / 10);
      };
      double sum = 0;
      for_cells(canvas, side, p,
                [&](const Cell& c) { sum += power(c.base) + static_cast<double>(c.mix) * (power(c.other) - power(c.base)); });
      out.band(b)[p] = 10 * std::log10(sum / kCells * speckle(rng, static_cast<std::uint64_t>(2 * p + b)));
    }
  });
  return out;
}

Planes optical_image(const Canvas& canvas) {
  const std::int64_t side = canvas.side / kCellsPerPixel;
  Planes out(side, side, kBands);
  for (std::size_t b = 0; b < kOptical.size(); ++b) {
    const double nm = kOptical[b].nm;
    // Sky light and path radiance as for the other sensors (spectra.cpp), in units of reflectance.
    const double diffuse = 0.12 + 0.12 * std::pow(450 / nm, 2);
    const double path = nm == 1375 ? 0.001 : 0.07 * std::pow(450 / nm, 3.5);
    std::array<double, kMaterials> of_material{};
    for (int m = 0; m < kMaterials; ++m) of_material[static_cast<std::size_t>(m)] = surface(static_cast<Material>(m), b);
    for_pixels(out.pixels(), [&](std::int64_t p) {
      double sum = 0;
      for_cells(canvas, side, p, [&](const Cell& c) {
        const double base = of_material[static_cast<std::size_t>(c.base)];
        const double mixed = base + static_cast<double>(c.mix) * (of_material[static_cast<std::size_t>(c.other)] - base);
        sum += static_cast<double>(c.light) * mixed * (diffuse + (1 - diffuse) * static_cast<double>(c.sun));
      });
      out.band(static_cast<std::int64_t>(b))[p] = kReflectance * (path + kOptical[b].through * sum / kCells);
    });
  }
  return out;
}

CloudField make_clouds(const Canvas& canvas, std::int64_t side, double cover, std::uint64_t seed) {
  const auto pixels = static_cast<std::size_t>(side * side);
  const std::vector<float> shape = fractal_noise(side, static_cast<double>(side) / 3, 5, seed, kCloudShape);
  CloudField clouds{std::vector<float>(pixels), std::vector<float>(pixels), fractal_noise(side, 24, 3, seed, kCloudTexture)};
  std::vector<float> sorted = shape;
  const auto at = static_cast<std::size_t>((1 - cover) * static_cast<double>(pixels - 1));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  const float edge = sorted[at];
  // Half thick where the field reaches `edge`, with thin margins.
  constexpr float kMargin = 0.25F;
  for (std::size_t p = 0; p < pixels; ++p) clouds.opacity[p] = std::clamp(0.5F + (shape[p] - edge) / (2 * kMargin), 0.0F, 1.0F);
  const double reach = static_cast<double>(side) / 16 / canvas.sun_slope;
  const auto dy = static_cast<std::int64_t>(std::round(-canvas.sun_y * reach));
  const auto dx = static_cast<std::int64_t>(std::round(-canvas.sun_x * reach));
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      const std::int64_t from_y = std::clamp<std::int64_t>(y - dy, 0, side - 1);
      const std::int64_t from_x = std::clamp<std::int64_t>(x - dx, 0, side - 1);
      clouds.shadow[static_cast<std::size_t>(y * side + x)] = clouds.opacity[static_cast<std::size_t>(from_y * side + from_x)];
    }
  }
  for (float& b : clouds.brightness) b = std::clamp(1 + 0.05F * b, 0.8F, 1.2F);
  return clouds;
}

Planes with_clouds(const Planes& image, const CloudField& clouds) {
  constexpr double kDarkening = 0.6;  // of the deepest shadow
  Planes out = image;
  for (std::int64_t b = 0; b < image.bands; ++b) {
    const double cloud = kReflectance * kOptical[static_cast<std::size_t>(b)].cloud;
    for_pixels(image.pixels(), [&](std::int64_t p) {
      const auto i = static_cast<std::size_t>(p);
      const auto opacity = static_cast<double>(clouds.opacity[i]);
      const double ground = image.band(b)[p] * (1 - kDarkening * static_cast<double>(clouds.shadow[i]));
      out.band(b)[p] = opacity * cloud * static_cast<double>(clouds.brightness[i]) + (1 - opacity) * ground;
    });
  }
  return out;
}

void digitise_optical(Planes& image, std::uint64_t seed, std::uint64_t taken) {
  const Philox rng = make_rng(seed, RngStream::synth, (std::uint64_t{kCameraNoise} << 40U) ^ taken);
  parallel_for(static_cast<std::int64_t>(image.data.size()), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      double& v = image.data[static_cast<std::size_t>(i)];
      const double sigma = 3 + 0.004 * v;
      v = std::clamp(std::round(v + sigma * rng.normal(static_cast<std::uint64_t>(i))), 0.0, 65535.0);
    }
  });
}

}  // namespace cf::synth

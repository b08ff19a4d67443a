#include "data/classical/methods.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

namespace cf::classical {
namespace {

constexpr double kGaussGain = 0.3;  // of LPfilterGauss
constexpr double kGaussSpan = 41;

// Calls fn with the number of bands as a constant where it is a usual one, so that loops over bands are unrolled.
template <class F>
void with_bands(std::int64_t bands, F&& fn) {
  switch (bands) {
    case 3: fn(std::integral_constant<std::int64_t, 3>()); break;
    case 4: fn(std::integral_constant<std::int64_t, 4>()); break;
    case 8: fn(std::integral_constant<std::int64_t, 8>()); break;
    default: fn(bands);
  }
}

std::vector<float> narrow(const std::vector<double>& values) { return {values.begin(), values.end()}; }

// The mean and variance of sum w_b E_b, from the bands' means and covariances.
struct Intensity {
  double mean = 0;
  double variance = 0;
};

Intensity intensity_of(const std::vector<double>& weights, const Moments& pixels) {
  Intensity result;
  const auto n = static_cast<std::int64_t>(weights.size());
  for (std::int64_t i = 0; i < n; ++i) {
    result.mean += weights[static_cast<std::size_t>(i)] * pixels.mean(i);
    for (std::int64_t j = 0; j < n; ++j) {
      result.variance += weights[static_cast<std::size_t>(i)] * weights[static_cast<std::size_t>(j)] * pixels.covariance(i, j);
    }
  }
  return result;
}

double ratio_of(double a, double b) { return b > 0 ? a / b : 0; }

class Exp : public Method {
 public:
  bool reads_pan() const override { return false; }
  void fuse_row(const Piece& piece, std::int64_t y, float* out) const override {
    std::copy_n(piece.lms.row(y), piece.cols * piece.bands, out);
  }
};

// f_b = (E_b - L_b) (gain P + offset) / I + L_b, I = sum w_b E_b + constant: Brovey and BT-H.
class Modulation : public Method {
 public:
  void fuse_row(const Piece& piece, std::int64_t y, float* out) const override {
    with_bands(piece.bands, [&](auto bands) { modulate(piece.pan.row(y), piece.lms.row(y), piece.cols, bands, out); });
  }

 protected:
  template <class Bands>
  void modulate(const float* pan, const float* lms, std::int64_t cols, Bands bands, float* out) const {
    for (std::int64_t x = 0; x < cols; ++x) {
      const float* e = lms + x * bands;
      float* f = out + x * bands;
      float intensity = constant_;
      for (std::int64_t b = 0; b < bands; ++b) intensity += weights_[static_cast<std::size_t>(b)] * e[b];
      const bool usable = intensity > kLeastIntensity;
      const float factor = usable ? (gain_ * pan[x] + offset_) / intensity : 1.0F;
      for (std::int64_t b = 0; b < bands; ++b) {
        const float haze = haze_[static_cast<std::size_t>(b)];
        const float above = e[b] - haze;
        f[b] = (subtracts_haze_ && usable ? std::max(above, 0.0F) : above) * factor + haze;
      }
    }
  }

  // P' = (P - mean) deviation of I / deviation of PAN + mean of I.
  void fit_pan(double pan_mean, double pan_variance, const Intensity& intensity) {
    const double gain = std::sqrt(ratio_of(intensity.variance, pan_variance));
    gain_ = static_cast<float>(gain);
    offset_ = static_cast<float>(intensity.mean - gain * pan_mean);
  }

  static constexpr float kLeastIntensity = 1e-9F;
  std::vector<float> weights_;
  float constant_ = 0;
  float gain_ = 1;
  float offset_ = 0;
  std::vector<float> haze_;
  bool subtracts_haze_ = false;
};

class Brovey : public Modulation {
 public:
  explicit Brovey(const Settings& settings) : settings_(settings) {
    weights_ = narrow(settings.weights);
    haze_.assign(weights_.size(), 0.0F);
  }
  Demand demand() const override {
    Demand demand;
    if (settings_.toolbox) demand.pairs = all_pairs(settings_.bands + 1);
    return demand;
  }
  void learn(const Knowledge& knowledge) override {
    if (!settings_.toolbox) return;
    const std::int64_t pan = settings_.bands;
    fit_pan(knowledge.pixels.mean(pan), knowledge.pixels.covariance(pan, pan), intensity_of(settings_.weights, knowledge.pixels));
  }

 private:
  Settings settings_;
};

class BtH : public Modulation {
 public:
  explicit BtH(const Settings& settings) : settings_(settings) { subtracts_haze_ = true; }

  Demand demand() const override {
    Demand demand;
    demand.low = Demand::Low::smooth;
    demand.gains = {kGaussGain};
    demand.span = kGaussSpan;
    demand.low_values = true;
    demand.pairs = all_pairs(settings_.bands);
    const std::int64_t low = settings_.bands + 1;
    for (std::int64_t b = 0; b < settings_.bands; ++b) demand.pairs.emplace_back(b, low);
    demand.pairs.emplace_back(low, low);
    return demand;
  }

  void learn(const Knowledge& knowledge) override {
    const std::int64_t bands = settings_.bands;
    const std::int64_t low = bands + 1;
    std::vector<double> products;
    std::vector<double> with_pan;
    for (std::int64_t i = 0; i < bands; ++i) {
      for (std::int64_t j = 0; j < bands; ++j) products.push_back(knowledge.pixels.raw_product(i, j));
      with_pan.push_back(knowledge.pixels.raw_product(i, low));
    }
    const std::vector<double> weights = solve_symmetric(std::move(products), std::move(with_pan));
    double of_haze = 0;
    haze_.clear();
    for (std::size_t b = 0; b < weights.size(); ++b) {
      const double haze = haze_of(knowledge.low[b], b);
      of_haze += weights[b] * haze;
      haze_.push_back(static_cast<float>(haze));
    }
    weights_ = narrow(weights);
    constant_ = static_cast<float>(-of_haze);
    Intensity intensity = intensity_of(weights, knowledge.pixels);
    intensity.mean -= of_haze;
    fit_pan(knowledge.pixels.mean(low), knowledge.pixels.covariance(low, low), intensity);
  }

 private:
  double haze_of(const LowValues& values, std::size_t band) const {
    constexpr std::array kShare = {0.95, 0.45, 0.40, 0.05};  // of blue, green, red, near infrared
    return settings_.bands == 4 ? kShare[band] * values.quantile(0.01) : values.least();
  }

  Settings settings_;
};

class Gsa : public Method {
 public:
  explicit Gsa(const Settings& settings) : settings_(settings) {}

  Demand demand() const override {
    Demand demand;
    demand.cells = true;
    demand.cell_gain = settings_.toolbox ? kGaussGain : settings_.pan_gain;
    if (settings_.toolbox) demand.cell_span = kGaussSpan;
    demand.pairs = all_pairs(settings_.bands);
    return demand;
  }

  void learn(const Knowledge& knowledge) override {
    const std::int64_t bands = settings_.bands;
    std::vector<double> covariances;
    std::vector<double> with_pan;
    for (std::int64_t i = 0; i < bands; ++i) {
      for (std::int64_t j = 0; j < bands; ++j) covariances.push_back(knowledge.cells.covariance(i, j));
      with_pan.push_back(knowledge.cells.covariance(i, bands));
    }
    // With covariances instead of products the least squares have a constant, which drops out: P and I are used without means.
    const std::vector<double> weights = solve_symmetric(std::move(covariances), std::move(with_pan));
    const Intensity intensity = intensity_of(weights, knowledge.pixels);
    gains_.clear();
    for (std::int64_t b = 0; b < bands; ++b) {
      double covariance = 0;
      for (std::int64_t i = 0; i < bands; ++i)
        covariance += weights[static_cast<std::size_t>(i)] * knowledge.pixels.covariance(i, b);
      gains_.push_back(static_cast<float>(ratio_of(covariance, intensity.variance)));
    }
    weights_ = narrow(weights);
    constant_ = static_cast<float>(intensity.mean - knowledge.pixels.mean(bands));
  }

  void fuse_row(const Piece& piece, std::int64_t y, float* out) const override {
    with_bands(piece.bands, [&](auto bands) { inject(piece.pan.row(y), piece.lms.row(y), piece.cols, bands, out); });
  }

 private:
  template <class Bands>
  void inject(const float* pan, const float* lms, std::int64_t cols, Bands bands, float* out) const {
    for (std::int64_t x = 0; x < cols; ++x) {
      const float* e = lms + x * bands;
      float* f = out + x * bands;
      float detail = pan[x] + constant_;
      for (std::int64_t b = 0; b < bands; ++b) detail -= weights_[static_cast<std::size_t>(b)] * e[b];
      for (std::int64_t b = 0; b < bands; ++b) f[b] = e[b] + gains_[static_cast<std::size_t>(b)] * detail;
    }
  }

  Settings settings_;
  std::vector<float> weights_;
  std::vector<float> gains_;
  float constant_ = 0;
};

}  // namespace

std::unique_ptr<Method> make_exp() { return std::make_unique<Exp>(); }
std::unique_ptr<Method> make_brovey(const Settings& settings) { return std::make_unique<Brovey>(settings); }
std::unique_ptr<Method> make_bt_h(const Settings& settings) { return std::make_unique<BtH>(settings); }
std::unique_ptr<Method> make_gsa(const Settings& settings) { return std::make_unique<Gsa>(settings); }

}  // namespace cf::classical

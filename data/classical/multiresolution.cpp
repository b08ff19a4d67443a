#include <algorithm>

#include "data/classical/methods.h"

namespace cf::classical {
namespace {

// MTF-GLP-FS. Bands of equal gain share a low-passed PAN.
class MtfGlpFs : public Method {
 public:
  explicit MtfGlpFs(const Settings& settings) : bands_(settings.bands) {
    for (const double gain : settings.gains) {
      const auto known = std::find(filters_.begin(), filters_.end(), gain);
      filter_of_.push_back(known - filters_.begin());
      if (known == filters_.end()) filters_.push_back(gain);
    }
  }

  Demand demand() const override {
    Demand demand;
    demand.low = Demand::Low::interpolated;
    demand.gains = filters_;
    for (std::int64_t b = 0; b < bands_; ++b) demand.pairs.emplace_back(b, bands_);
    for (std::int64_t f = 0; f < static_cast<std::int64_t>(filters_.size()); ++f)
      demand.pairs.emplace_back(bands_ + 1 + f, bands_);
    return demand;
  }

  void learn(const Knowledge& knowledge) override {
    gains_.clear();
    for (std::int64_t b = 0; b < bands_; ++b) {
      const double low = knowledge.pixels.covariance(bands_ + 1 + filter_of_[static_cast<std::size_t>(b)], bands_);
      gains_.push_back(low > 0 ? static_cast<float>(knowledge.pixels.covariance(b, bands_) / low) : 0.0F);
    }
  }

  void fuse_row(const Piece& piece, std::int64_t y, float* out) const override {
    const auto filters = static_cast<std::int64_t>(filters_.size());
    const float* pan = piece.pan.row(y);
    const float* lms = piece.lms.row(y);
    const float* low = piece.low.row(y);
    for (std::int64_t x = 0; x < piece.cols; ++x) {
      for (std::int64_t b = 0; b < bands_; ++b) {
        const float detail = pan[x] - low[x * filters + filter_of_[static_cast<std::size_t>(b)]];
        out[x * bands_ + b] = lms[x * bands_ + b] + gains_[static_cast<std::size_t>(b)] * detail;
      }
    }
  }

 private:
  std::int64_t bands_;
  std::vector<double> filters_;  // MTF gains that occur
  std::vector<std::int64_t> filter_of_;
  std::vector<float> gains_;  // of the injected detail
};

}  // namespace

std::unique_ptr<Method> make_mtf_glp_fs(const Settings& settings) { return std::make_unique<MtfGlpFs>(settings); }

}  // namespace cf::classical

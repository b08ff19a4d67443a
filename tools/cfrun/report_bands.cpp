#include "tools/cfrun/report_bands.h"

#include <cmath>

#include "framework/core/check.h"

namespace cf {

void BandErrors::add(const Tensor& fused, const Tensor& truth) {
  const auto bands = sums_.size();
  check(fused.shape() == truth.shape() && static_cast<std::size_t>(fused.dim(-1)) == bands,
        "report: a fused image {} and a ground truth {} of {} bands", fused.shape().str(), truth.shape().str(), bands);
  const auto f = fused.span<double>();
  const auto t = truth.span<double>();
  for (std::size_t i = 0; i < f.size(); ++i) {
    if (!std::isfinite(f[i]) || !std::isfinite(t[i])) continue;
    Sums& s = sums_[i % bands];
    s.n += 1;
    s.f += f[i];
    s.t += t[i];
    s.ff += f[i] * f[i];
    s.tt += t[i] * t[i];
    s.ft += f[i] * t[i];
    s.dd += (f[i] - t[i]) * (f[i] - t[i]);
  }
}

double BandErrors::mean(std::int64_t band) const { return of(band).t / of(band).n; }

double BandErrors::bias(std::int64_t band) const { return (of(band).f - of(band).t) / of(band).n; }

double BandErrors::rmse(std::int64_t band) const { return std::sqrt(of(band).dd / of(band).n); }

double BandErrors::correlation(std::int64_t band) const {
  const Sums& s = of(band);
  return (s.n * s.ft - s.f * s.t) / std::sqrt((s.n * s.ff - s.f * s.f) * (s.n * s.tt - s.t * s.t));
}

}  // namespace cf

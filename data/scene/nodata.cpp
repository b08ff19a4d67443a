#include "data/scene/nodata.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/check.h"

namespace cf {
namespace {

double default_nodata(SampleType type) {
  if (!is_integer(type)) return std::numeric_limits<double>::quiet_NaN();
  return std::min(0.0, range_of(type).lowest);
}

}  // namespace

std::string nodata_text(double value) { return std::isnan(value) ? "NaN" : fmt::format("{:.10g}", value); }

NodataRule::NodataRule(const RasterInfo& info, std::span<const std::int64_t> bands, const NodataChoice& choice,
                       std::vector<std::string>& remarks)
    : masked_(info.has_mask) {
  // Floats may hold NaN whatever is declared.
  values_possible_ = !is_integer(info.type);
  for (const std::int64_t band : bands) {
    std::optional<double> value = info.bands[static_cast<std::size_t>(band)].nodata;
    if (choice.ignore) value.reset();
    if (choice.input) value = choice.input;
    if (value && !declared_) declared_ = value;
    if (value && !holds(info.type, *value)) {
      if (nodata_.empty() || choice.input == std::nullopt) {
        remarks.push_back(fmt::format("{}: nodata is {}, which {} cannot hold: no pixel of it is taken for nodata", info.name,
                                      nodata_text(*value), name_of(info.type)));
      }
      value.reset();
    }
    if (value && std::isnan(*value)) value.reset();  // what is not finite has no data anyway
    nodata_.push_back(value ? std::optional<float>(as_sample(*value)) : std::nullopt);
    any_value_ = any_value_ || value.has_value();
  }
  values_possible_ = values_possible_ || any_value_;
}

bool NodataRule::mark(std::span<const float> samples, std::span<std::uint8_t> valid) const {
  const std::size_t bands = nodata_.size();
  if (values_possible_) {
    for (std::size_t b = 0; b < bands; ++b) {
      const float nodata = nodata_[b].value_or(std::numeric_limits<float>::quiet_NaN());
      for (std::size_t i = 0; i < valid.size(); ++i) {
        const float v = samples[i * bands + b];
        // v - v is 0 unless v is infinite or NaN.
        valid[i] = static_cast<std::uint8_t>(valid[i] & static_cast<std::uint8_t>((v != nodata) & (v - v == 0.0F)));
      }
    }
  }
  return std::find(valid.begin(), valid.end(), std::uint8_t{0}) == valid.end();
}

std::string NodataRule::text() const {
  std::string text = declared_ ? nodata_text(*declared_) : std::string();
  if (masked_) text += text.empty() ? "mask" : ", mask";
  return text.empty() ? "none" : text;
}

std::optional<double> output_nodata(SampleType type, const NodataRule& pan, const NodataRule& ms, const NodataChoice& choice,
                                    bool gaps, std::vector<std::string>& remarks) {
  if (choice.output) {
    check(holds(type, *choice.output), "--out-nodata {}: the output's type {} cannot hold it", nodata_text(*choice.output),
          name_of(type));
    return choice.output;
  }
  std::optional<double> unfit;
  for (const std::optional<double>& value : {ms.declared(), pan.declared()}) {
    if (value && holds(type, *value)) return value;
    if (value && !unfit) unfit = value;
  }
  if (!gaps && !pan.possible() && !ms.possible()) return std::nullopt;
  const double value = default_nodata(type);
  if (unfit) {
    remarks.push_back(fmt::format("nodata {} does not fit the output's type {}: {} is written there instead", nodata_text(*unfit),
                                  name_of(type), nodata_text(value)));
  }
  return value;
}

}  // namespace cf

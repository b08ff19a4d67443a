#include "tools/cfrun/report_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/presets.h"
#include "data/report/html.h"
#include "framework/ops/elementwise.h"
#include "tools/cfrun/evaluate.h"
#include "tools/cfrun/report_metrics.h"
#include "tools/cfrun/report_origin.h"
#include "tools/cfrun/report_published.h"

namespace cf {
namespace {

constexpr std::int64_t kSide = 1024;      // of a picture, at most
constexpr std::int64_t kMostCharts = 16;  // histograms

// What the field calls the bands of a sensor's images.
std::vector<std::string> names_of_bands(const Experiment& e, std::int64_t bands) {
  const std::string& sensor = e.data.sensor;
  if (bands == 8 && (sensor == "wv3" || sensor == "wv2"))
    return {"coastal", "blue", "green", "yellow", "red", "red edge", "NIR 1", "NIR 2"};
  if (bands == 4) return {"blue", "green", "red", "NIR"};
  return {};
}

// For a sentence below a picture: "SAM 3.12 · ERGAS 2.20".
std::string in_words(const MetricList& metrics) {
  std::string text;
  for (const auto& [name, value] : metrics) {
    if (meaning_of(name).better == 0) continue;
    if (std::count(text.begin(), text.end(), ';') == 4) break;
    text += (text.empty() ? "" : "; ") + name + " " + html::fixed(value, std::min(3, meaning_of(name).digits));
  }
  return text;
}

Cell number(double value, int digits) {
  Cell c = cell(html::fixed(value, digits));
  if (std::isfinite(value)) c.exact = fmt::format("{:.10g}", value);
  return c;
}

Tensor difference(const Tensor& a, const Tensor& b) {
  Tensor d = Tensor::empty(a.shape(), DType::f64);
  const auto out = d.span<double>();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = a.span<double>()[i] - b.span<double>()[i];
  return d;
}

Shown colour_picture(const std::string& name, const std::string& about, const Tensor& image, const Stretch& stretch,
                     std::int64_t step) {
  return {name, about, quicklook(thinned(image, step), stretch), {}, ""};
}

Shown map_shown(const std::string& name, const std::string& about, const Tensor& values, const MapScale& scale, std::int64_t step,
                const std::string& unit) {
  return {name, about, map_picture(thinned(values, step), scale), scale, unit};
}

// Files hold digital numbers, or shares of the scale.
std::string unit_of(const Experiment& e) { return e.scale() > 1 ? "DN" : ""; }

}  // namespace

SetReport::SetReport(const Session& session, const Dataset& set, std::int64_t pictures)
    : session_(session),
      network_(network_title(session.experiment.model.name)),
      band_names_(names_of_bands(session.experiment, set.bands())),
      size_(fmt::format("{} × {} pixels, {} bands", set.width(), set.height(), set.bands())),
      path_(set.path().string()),
      height_(set.height()),
      gallery_(set.size(), pictures),
      lms_(set.bands(), -0.1 * session.experiment.scale(), 1.2 * session.experiment.scale(), 2600),
      fused_(lms_),
      network_errors_(set.bands()),
      exp_errors_(set.bands()) {
  if (set.has_gt()) truth_ = lms_;
}

void SetReport::add(const Batch& batch, const FusionOutput& output, const MetricList& metrics, double seconds) {
  const double scale = session_.experiment.scale();
  const Tensor lms = image_in_dn(batch.lms, 0, scale);
  const Tensor fused = image_in_dn(output.fused, 0, scale);
  lms_.add(lms);
  fused_.add(fused);
  if (truth_) {
    const Tensor truth = image_in_dn(batch.gt, 0, scale);
    truth_->add(truth);
    network_errors_.add(fused, truth);
    exp_errors_.add(lms, truth);
  }
  const std::string decides = deciding_metric(metrics);
  const double score = decides.empty() ? std::nan("") : meaning_of(decides).better * metric(metrics, decides);
  gallery_.offer(images_, score, [&] { return viewer_of(batch, output, metrics); });
  ++images_;
  seconds_ += seconds;
}

Viewer SetReport::viewer_of(const Batch& batch, const FusionOutput& output, const MetricList& metrics) const {
  const double scale = session_.experiment.scale();
  const Tensor pan = image_in_dn(batch.pan, 0, scale);
  const Tensor lms = image_in_dn(batch.lms, 0, scale);
  const Tensor fused = image_in_dn(output.fused, 0, scale);
  const Tensor truth = batch.gt.defined() ? image_in_dn(batch.gt, 0, scale) : Tensor();
  const std::int64_t step = thinning(fused, kSide);
  const Stretch colours = percentile_stretch(truth.defined() ? truth : fused, session_.experiment.rgb());
  const std::string image = fmt::format(" of image {}", images_);
  const std::string unit = unit_of(session_.experiment);

  Viewer viewer{.title = fmt::format("Image {}", images_), .note = in_words(metrics), .pictures = {}, .left = 1, .right = 2};
  auto& shown = viewer.pictures;
  shown.push_back(colour_picture("PAN", "Panchromatic image" + image, pan, percentile_stretch(pan, {0, 0, 0}), step));
  shown.push_back(colour_picture("LMS (EXP)", "Multispectral image, interpolated" + image, lms, colours, step));
  shown.push_back(colour_picture(network_, "Fused by " + network_ + image, fused, colours, step));
  if (truth.defined()) {
    shown.push_back(colour_picture("Ground truth", "Ground truth" + image, truth, colours, step));
    const Tensor exp_error = error_map(lms, truth);
    const MapScale errors{ColourMap::viridis, 0, std::max(magnitude(exp_error, 98), 1e-9)};
    shown.push_back(
        map_shown("Error of EXP", "Mean absolute error of the interpolated image" + image, exp_error, errors, step, unit));
    shown.push_back(map_shown("Error of " + network_, "Mean absolute error of the fused image" + image, error_map(fused, truth),
                              errors, step, unit));
  }
  // The detail that CF2N reconstructs; of other networks, what they add to the interpolated image.
  const bool own = output.detail.defined();
  const Tensor detail = band_mean(own ? image_in_dn(output.detail, 0, scale) : difference(fused, lms));
  const double reach = std::max(magnitude(detail, 99), 1e-9);
  shown.push_back(map_shown(
      own ? "Detail D" : "Detail added",
      own ? "Reconstructed detail, mean over the bands," + image : "Fused minus interpolated image, mean over the bands," + image,
      detail, {ColourMap::diverging, -reach, reach}, step, unit));
  return viewer;
}

void SetReport::write_pictures(Page& page, const MetricTable& table) const {
  const auto entries = gallery_.entries();
  if (entries.empty()) return;
  const std::string decides = deciding_metric(table.methods().front().rows.front());
  const Bands rgb = session_.experiment.rgb();
  page.subsection("Pictures");
  page.paragraph(fmt::format(
      "{}LMS, fused image{} share one linear stretch from the 2nd to the 98th percentile; PAN has its own.{} Shown: {} of {} "
      "images{}.",
      rgb[0] == rgb[2] ? fmt::format("Band {}. ", rgb[0] + 1)
                       : fmt::format("Bands {}, {}, {} as red, green, blue. ", rgb[0] + 1, rgb[1] + 1, rgb[2] + 1),
      truth_ ? " and ground truth" : "",
      truth_ ? " Both error maps of an image share one scale, which ends at the 98th percentile of EXP's errors." : "",
      entries.size(), images_,
      entries.size() < static_cast<std::size_t>(images_) ? fmt::format(", the best and the worst by {} among them", decides)
                                                         : ""));
  for (const Gallery::Entry& entry : entries) {
    Viewer viewer = *entry.viewer;
    if (entry.best) viewer.title += ", the best by " + decides;
    if (entry.worst) viewer.title += ", the worst by " + decides;
    page.viewer(viewer);
  }
}

void SetReport::write_bands(Page& page) const {
  page.subsection("Bands");
  std::vector<NamedHistograms> things;
  if (truth_) things.push_back({"Ground truth", Ink::truth, &*truth_});
  things.push_back({"LMS (EXP)", Ink::exp, &lms_});
  things.push_back({network_, Ink::network, &fused_});
  std::vector<std::string> charts = band_histograms(things, band_names_, unit_of(session_.experiment));
  const auto bands = static_cast<std::int64_t>(charts.size());
  if (bands > kMostCharts) {
    std::vector<std::string> some;
    for (std::int64_t i = 0; i < kMostCharts; ++i) some.push_back(charts[static_cast<std::size_t>(i * bands / kMostCharts)]);
    charts = some;
  }
  page.paragraph(fmt::format("Histograms over all pixels of the set, between the percentiles 0.2 and 99.5{}.",
                             bands > kMostCharts ? fmt::format("; {} of {} bands", kMostCharts, bands) : ""));
  page.charts(charts, true, legend_of(things));
  if (!truth_) return;
  const int digits = unit_of(session_.experiment).empty() ? 5 : 2;
  PageTable table{.caption = "Over all pixels of the set, in the images' unit. Bias: mean of the fused image minus the truth.",
                  .head = {{"Band", ""},
                           {"Mean of truth", ""},
                           {"Bias", ""},
                           {"RMSE", ""},
                           {"RMSE of EXP", ""},
                           {"Correlation", ""},
                           {"Correlation of EXP", ""}},
                  .rows = {}};
  for (std::int64_t b = 0; b < bands; ++b) {
    table.rows.push_back({cell(band_title(b, band_names_)), number(exp_errors_.mean(b), digits),
                          number(network_errors_.bias(b), digits), number(network_errors_.rmse(b), digits),
                          number(exp_errors_.rmse(b), digits), number(network_errors_.correlation(b), 4),
                          number(exp_errors_.correlation(b), 4)});
  }
  page.folded_table("Band by band", table);
}

void SetReport::write(Page& page, const MetricTable& table) const {
  std::string kind = table.kind();
  if (!kind.empty()) kind[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(kind[0])));
  page.section(kind, fmt::format("{}: {} image{} of {}{}", table.set(), images_, images_ == 1 ? "" : "s", size_,
                                 truth_ ? ", compared with their ground truth." : ", without ground truth."));
  page.cards(metric_cards(table));
  page.table(methods_table(table, network_));
  const double per_image = seconds_ / static_cast<double>(std::max<std::int64_t>(1, images_));
  page.facts({{"File", path_},
              {"Fusing", fmt::format("{} in all, {} an image", html::duration(seconds_), html::duration(per_image))},
              {"Conventions", table.conventions()}});
  page.folded_table("What the figures mean", meanings_table(table.methods().front().rows.front()));
  if (const auto published = published_figures(session_.experiment.data.sensor, table.set(), images_, height_))
    page.folded_table("Published figures", *published);
  page.charts(spread_charts(table, network_));
  if (table.images() > 1) page.folded_table("Image by image", images_table(table));
  write_pictures(page, table);
  write_bands(page);
}

}  // namespace cf

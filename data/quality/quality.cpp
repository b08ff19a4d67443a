#include "data/quality/quality.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/image/mtf.h"
#include "data/quality/cf2n.h"
#include "data/quality/clouds.h"
#include "data/quality/full.h"
#include "data/quality/q2n.h"
#include "data/quality/reduced.h"
#include "data/quality/uiqi.h"

namespace cf {
namespace {

constexpr std::int64_t kBlock = 32;

using Variant = QualityOptions::Variant;

void check_options(const QualityOptions& o) {
  check(o.ratio >= 1, "metrics: ratio is {}, expected 1 or more", o.ratio);
  check(o.peak > 0, "metrics: peak is {}, expected the largest DN of the sensor", o.peak);
  check(o.crop >= 0, "metrics: crop is {}, expected 0 (none) or the number of border pixels", o.crop);
}

Planes crop_toolbox(const Planes& image, std::int64_t cut) {
  if (cut == 0) return image;
  check(2 * cut < image.rows && 2 * cut < image.cols, "metrics: a crop of {} leaves nothing of an image of {} x {}", cut,
        image.rows, image.cols);
  return image.crop(cut - 1, cut - 1, image.rows - 2 * cut + 1, image.cols - 2 * cut + 1);
}

void clip_toolbox(Planes& image, const QualityOptions& o) {
  if (!o.clip) return;
  for (double& v : image.data) v = std::clamp(v, 0.0, o.peak + 1);
}

Planes scaled(Planes image, double peak) {
  for (double& v : image.data) v /= peak;
  return image;
}

// Q2n counts in whole numbers, which shares of a scale are not.
Planes in_levels(const Planes& image, double peak) { return peak > 1 ? image : scaled(image, peak / 65535); }

Planes mean_band(const Planes& image) {
  Planes out(image.rows, image.cols, 1);
  for (std::int64_t b = 0; b < image.bands; ++b) {
    for (std::int64_t p = 0; p < image.pixels(); ++p) out.data[static_cast<std::size_t>(p)] += image.band(b)[p];
  }
  for (double& v : out.data) v /= static_cast<double>(image.bands);
  return out;
}

MetricList reduced_toolbox(const Planes& g, const Planes& f, const QualityOptions& o) {
  using namespace quality;
  return {{"SAM", sam(g, f)},
          {"ERGAS", ergas(g, f, o.ratio)},
          {"Q2n", q2n(in_levels(g, o.peak), in_levels(f, o.peak), kBlock)},
          {"Q", q_sliding(g, f, kBlock)},
          {"SCC", scc(g, f)},
          {"PSNR_band", psnr_band(g, f, o.peak)},
          {"PSNR_pool", psnr_pool(g, f, o.peak)},
          {"SSIM", ssim(g, f, o.peak)},
          {"CC", cc(g, f)},
          {"RMSE", rmse(g, f)}};
}

MetricList reduced_cf2n(const Planes& g, const Planes& f, const QualityOptions& o) {
  namespace q = quality::cf2n;
  return {{"PSNR_band", quality::psnr_band(g, f, 1)},
          {"SSIM", quality::ssim(g, f, 1, quality::SsimWindow::uniform7)},
          {"SAM", q::sam(g, f)},
          {"ERGAS", q::ergas(g, f, o.ratio)},
          {"SCC", q::scc(g, f)},
          {"UIQC", q::uiqc(g, f)},
          {"CC", quality::cc(g, f)},
          {"RMSE", q::rmse(g, f)}};
}

MetricList reduced_hyperspectral(const Planes& g, const Planes& f, const QualityOptions& o) {
  using namespace quality;
  return {{"PSNR", psnr_band(g, f, o.peak)}, {"SAM", sam(g, f)},
          {"ERGAS", ergas(g, f, o.ratio)},   {"CC", cc(g, f)},
          {"SSIM", ssim(g, f, o.peak)},      {"Q2n", q2n(in_levels(g, o.peak), in_levels(f, o.peak), kBlock)}};
}

MetricList reduced_clouds(const Planes& g, const Planes& f, const QualityOptions& o) {
  using namespace quality;
  return {{"PSNR", psnr_pool(g, f, o.peak)}, {"SAM", sam(g, f)}, {"RMSE", rmse(g, f)}, {"SSIM", ssim(g, f, o.peak)}};
}

void check_full_sizes(const Planes& fused, const Planes& ms, const Planes& lms, const Planes& pan, std::int64_t ratio) {
  quality::check_same_size(fused, lms, "full-resolution metrics, fused and LMS");
  check(ms.rows * ratio == fused.rows && ms.cols * ratio == fused.cols && ms.bands == fused.bands,
        "full-resolution metrics: MS is {} x {} x {}, fused {} x {} x {}, the ratio {}", ms.rows, ms.cols, ms.bands, fused.rows,
        fused.cols, fused.bands, ratio);
  check(pan.rows == fused.rows && pan.cols == fused.cols, "full-resolution metrics: PAN is {} x {}, fused {} x {}", pan.rows,
        pan.cols, fused.rows, fused.cols);
}

}  // namespace

MetricList evaluate_reduced(const Tensor& gt, const Tensor& fused, const QualityOptions& options) {
  check_options(options);
  Planes g = to_planes(gt, "metrics, ground truth");
  Planes f = to_planes(fused, "metrics, fused image");
  quality::check_same_size(g, f, "metrics, ground truth and fused image");
  g = crop_toolbox(g, options.crop);
  f = crop_toolbox(f, options.crop);
  clip_toolbox(f, options);
  switch (options.variant) {
    case Variant::toolbox: return reduced_toolbox(g, f, options);
    case Variant::hyperspectral: return reduced_hyperspectral(g, f, options);
    case Variant::clouds: return reduced_clouds(g, f, options);
    case Variant::cf2n: break;
  }
  return reduced_cf2n(scaled(std::move(g), options.peak), scaled(std::move(f), options.peak), options);
}

MetricList evaluate_clouds(const Tensor& gt, const Tensor& fused, const Tensor& cloudy, const QualityOptions& options) {
  check_options(options);
  const Planes g = crop_toolbox(to_planes(gt, "metrics, ground truth"), options.crop);
  const Planes before = crop_toolbox(to_planes(cloudy, "metrics, cloudy image"), options.crop);
  Planes f = crop_toolbox(to_planes(fused, "metrics, fused image"), options.crop);
  clip_toolbox(f, options);
  quality::check_same_size(g, f, "metrics, ground truth and fused image");
  quality::check_same_size(g, before, "metrics, ground truth and cloudy image");
  const std::vector<std::uint8_t> mask = quality::cloud_mask(before);
  const Planes cloudy_g = quality::marked_pixels(g, mask);
  const Planes cloudy_f = quality::marked_pixels(f, mask);
  MetricList list = reduced_clouds(g, f, options);
  list.emplace_back("PSNR_cloud", quality::psnr_pool(cloudy_g, cloudy_f, options.peak));
  list.emplace_back("SAM_cloud", quality::sam(cloudy_g, cloudy_f));
  list.emplace_back("RMSE_cloud", quality::rmse(cloudy_g, cloudy_f));
  list.emplace_back("SSIM_cloud", quality::ssim(g, f, options.peak, quality::SsimWindow::gauss11, mask));
  list.emplace_back("cloudy", static_cast<double>(cloudy_g.cols) / static_cast<double>(g.pixels()));
  return list;
}

MetricList evaluate_full(const Tensor& fused, const Tensor& ms, const Tensor& lms, const Tensor& pan,
                         const QualityOptions& options) {
  check_options(options);
  Planes f = to_planes(fused, "metrics, fused image");
  Planes m = to_planes(ms, "metrics, MS");
  Planes e = to_planes(lms, "metrics, LMS");
  Planes p = mean_band(to_planes(pan, "metrics, PAN"));
  check_full_sizes(f, m, e, p, options.ratio);
  clip_toolbox(f, options);
  if (options.variant == Variant::cf2n) {
    for (Planes* image : {&f, &m, &e, &p}) *image = scaled(std::move(*image), options.peak);
    const double dl = quality::cf2n::d_lambda(f, e);
    const double ds = quality::cf2n::d_s(f, m, p, options.ratio);
    return {{"D_lambda", dl}, {"D_s", ds}, {"QNR", (1 - dl) * (1 - ds)}};
  }
  const double dl = quality::d_lambda(f, e, kBlock);
  const double ds = quality::d_s(f, e, p, options.ratio, kBlock);
  const double dk = quality::d_lambda_k(in_levels(f, options.peak), in_levels(e, options.peak),
                                        mtf_gains(mtf_sensor(options), f.bands), options.ratio, kBlock);
  return {{"D_lambda", dl}, {"D_s", ds}, {"QNR", (1 - dl) * (1 - ds)}, {"D_lambda_K", dk}, {"HQNR", (1 - dk) * (1 - ds)}};
}

double metric(const MetricList& list, const std::string& name) {
  for (const auto& [key, value] : list) {
    if (key == name) return value;
  }
  std::string known;
  for (const auto& [key, value] : list) known += " " + key;
  fail("metrics: there is no '{}' among{}", name, known);
}

std::string mtf_sensor(const QualityOptions& options) {
  const std::string sensor = canonical_sensor(options.sensor);
  return options.substitute_sensor && (sensor == "QB" || sensor == "GF2") ? "IKONOS" : sensor;
}

std::string conventions(const QualityOptions& o) {
  const std::string crop = o.crop == 0 ? "none" : fmt::format("{}", o.crop);
  const std::string clip = o.clip ? fmt::format("0..{:g}", o.peak + 1) : "none";
  const std::string common = fmt::format("crop={} clip={} ratio={}", crop, clip, o.ratio);
  if (o.variant == Variant::cf2n) {
    return fmt::format(
        "metrics=cf2n {} sam=all-pixels ergas=fused-mean uiqc=global-window scc=sobel-across-bands psnr=band ssim=unif7 "
        "rmse=per-pixel scale=1/{:g} fr=qnr(global window, pyrDown)",
        common, o.peak);
  }
  if (o.variant == Variant::clouds) {
    return fmt::format(
        "metrics=clouds {} psnr=pool peak {:g} sam=nonzero-mean ssim=gauss11 clouds=score of the cloudy image, 7 x 7 mean >= 0.2",
        common, o.peak);
  }
  const std::string used = mtf_sensor(o);
  const std::string asked = canonical_sensor(o.sensor);
  const std::string mtf = used == asked ? used : used + " (for " + asked + ")";
  const std::string levels = o.peak > 1 ? "uint16" : "65535 levels";
  if (o.variant == Variant::hyperspectral) {
    return fmt::format(
        "metrics=hyperspectral {} psnr=band peak {:g} sam=nonzero-mean ergas=gt-mean ssim=gauss11 q2n=32/32 {} mirror "
        "fr=hqnr(K, no decimation; 32 x 32 whole blocks) mtf={}",
        common, o.peak, levels, mtf);
  }
  return fmt::format(
      "metrics=toolbox {} sam=nonzero-mean ergas=gt-mean q2n=32/32 {} mirror q=32 sliding scc=sobel-global-zero "
      "psnr=band,pool peak {:g} ssim=gauss11 fr=hqnr(K, no decimation; 32 x 32 whole blocks) mtf={}",
      common, levels, o.peak, mtf);
}

}  // namespace cf

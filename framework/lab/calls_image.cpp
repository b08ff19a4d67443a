// Calls of kernels that gather over windows, rows or planes: convolutions, products, norms, transforms, attention.
#include <cmath>

#include "framework/lab/calls.h"

namespace cf::lab {
namespace {

double count(const Tensor& t) { return static_cast<double>(t.numel()); }
Shape scaled(const Shape& image, std::int64_t divisor) { return {image[0], image[1] / divisor, image[2] / divisor, image[3]}; }

// A square convolution of `k` x `k` windows, as many channels out as in: forward and both gradients.
void conv_calls_of(Workbench& b, const Shape& image, std::int64_t k_size) {
  const std::int64_t c = image[3];
  const ConvParams linear = {.padding = k_size / 2};
  ConvParams leaky = linear;
  leaky.leaky_slope = 0.2;
  const Tensor x = b.normal(image);
  const Tensor w = b.normal({c, k_size, k_size, c});
  const Tensor bias = b.normal({c});
  const Tensor dy = b.normal(image);
  const Tensor y = b.empty(image);
  const Tensor dx = b.empty(image);
  const Tensor dw = b.empty_like(w);
  const Tensor db = b.empty_like(bias);
  const double flop = 2 * count(x) * static_cast<double>(k_size * k_size * c);
  const std::string what = fmt::format("{}x{}, {} -> {}", k_size, k_size, image.str(), c);
  b.add("conv2d_fwd", what + ", leaky", flop, {x, w, bias}, {y},
        [=](const KernelTable& k) { k.conv.conv2d_fwd(leaky, x.cview(), w.cview(), bias.cview(), y.view()); });
  const Tensor w2 = b.normal({c, k_size, k_size, 2 * c});
  const Tensor x2 = b.normal(image);
  b.add("conv2d_fused_fwd", what + ", two images blended", 2 * flop, {x, x2, w2, bias}, {y}, [=](const KernelTable& k) {
    const ConvFusion blend = {.end = ConvEnd::blend, .x2 = x2.cview(), .added = {}};
    k.conv.conv2d_fused_fwd(linear, blend, x.cview(), w2.cview(), bias.cview(), y.view());
  });
  b.add("conv2d_dgrad", what, flop, {dy, w}, {dx},
        [=](const KernelTable& k) { k.conv.conv2d_dgrad(linear, dy.cview(), w.cview(), dx.view()); });
  b.add("conv2d_wgrad", what, flop, {x, dy}, {dw, db},
        [=](const KernelTable& k) { k.conv.conv2d_wgrad(linear, x.cview(), dy.cview(), dw.view(), db.view()); });
}

// Forward and gradients of a normalisation with N = samples, P = pixels (kernels/norm.h).
void norm_calls_of(Workbench& b, const Shape& image, const std::string& name, const NormParams& p) {
  const Tensor x = b.normal(image);
  const Tensor dy = b.normal(image);
  const Tensor weight = b.normal({p.channels});
  const Tensor bias = b.normal({p.channels});
  const Tensor y = b.empty(image);
  // Beside bf16, statistics are f32.
  const DType statistics = x.dtype() == DType::bf16 ? DType::f32 : x.dtype();
  const Tensor mean = Tensor::zeros({p.samples, p.groups}, statistics, x.device());
  const Tensor var = Tensor::full({p.samples, p.groups}, 1, statistics, x.device());
  const std::vector<Tensor> grads = {b.empty(image), b.empty({p.channels}), b.empty({p.channels})};
  b.add("fwd", name + " norm, " + image.str(), 7 * count(x), {x, weight, bias}, {y}, [=](const KernelTable& k) {
    const Tensor m = Tensor::empty(mean.shape(), statistics, x.device());
    const Tensor v = Tensor::empty(mean.shape(), statistics, x.device());
    k.norm.fwd(p, x.cview(), weight.cview(), bias.cview(), m.view(), v.view(), y.view());
  });
  b.add("grad", name + " norm, " + image.str(), 14 * count(x), {x, dy, weight}, grads, [=](const KernelTable& k) {
    k.norm.grad(p, false, x.cview(), weight.cview(), mean.cview(), var.cview(), dy.cview(), grads[0].view(), grads[1].view(),
                grads[2].view());
  });
}

}  // namespace

void matmul_calls(Workbench& b, const Shape& image) {
  const std::int64_t c = image[3];
  const std::int64_t pixels = image.numel() / c;
  const Tensor x = b.normal({pixels, c});
  const Tensor w = b.normal({c, c});
  const Tensor bias = b.normal({c});
  const Tensor dy = b.normal({pixels, c});
  const Tensor y = b.empty({pixels, c});
  const Tensor dw = b.empty({c, c});
  const double flop = 2 * count(x) * static_cast<double>(c);
  b.add("matmul", fmt::format("{} x {}^T + bias", x.shape().str(), w.shape().str()), flop, {x, w, bias}, {y},
        [=](const KernelTable& k) {
          k.matmul.matmul({false, true}, x.cview(), w.cview(), bias.cview(), y.view());
        });
  b.add("matmul", fmt::format("{}^T x {}", dy.shape().str(), x.shape().str()), flop, {dy, x}, {dw}, [=](const KernelTable& k) {
    k.matmul.matmul({true, false}, dy.cview(), x.cview(), {}, dw.view());
  });
}

void conv_calls(Workbench& b, const Shape& image) {
  conv_calls_of(b, image, 3);
  conv_calls_of(b, image, 1);
  const std::int64_t c = image[3];
  const Tensor half = b.normal(scaled(image, 2));
  const Tensor w = b.normal({c, 2, 2, c});
  const Tensor bias = b.normal({c});
  const Tensor y = b.empty(image);
  b.add("conv_transpose2d_fwd", fmt::format("2x2 stride 2, {} -> {}", half.shape().str(), c),
        2 * count(y) * static_cast<double>(c), {half, w, bias}, {y}, [=](const KernelTable& k) {
          k.conv.conv_transpose2d_fwd({.stride = 2}, half.cview(), w.cview(), bias.cview(), y.view());
        });
}

void pool_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  const Tensor dy = b.normal(scaled(image, 2));
  const Tensor y = b.empty_like(dy);
  const Tensor dx = b.empty(image);
  const std::string what = "2x2, " + image.str();
  b.add("max_fwd", what, count(x), {x}, {y}, [=](const KernelTable& k) { k.pool.max_fwd({}, x.cview(), y.view()); });
  b.add("max_grad", what, count(x), {x, dy}, {dx},
        [=](const KernelTable& k) { k.pool.max_grad({}, x.cview(), dy.cview(), dx.view()); });
  b.add("avg_fwd", what, count(x), {x}, {y}, [=](const KernelTable& k) { k.pool.avg_fwd({}, x.cview(), y.view()); });
  b.add("avg_grad", what, count(x), {dy}, {dx}, [=](const KernelTable& k) { k.pool.avg_grad({}, dy.cview(), dx.view()); });
}

void norm_calls(Workbench& b, const Shape& image) {
  const std::int64_t c = image[3];
  const std::int64_t pixels = image.numel() / c;
  norm_calls_of(b, image, "layer", {.samples = pixels, .pixels = 1, .channels = c, .groups = 1});
  norm_calls_of(b, image, "group", {.samples = image[0], .pixels = pixels / image[0], .channels = c, .groups = 1});
  norm_calls_of(b, image, "batch", {.samples = 1, .pixels = pixels, .channels = c, .groups = c});
}

void resize_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(scaled(image, 4));
  const Tensor dy = b.normal(image);
  const Tensor y = b.empty(image);
  const Tensor dx = b.empty_like(x);
  for (const auto& [name, mode, taps] :
       {std::tuple{"bilinear", Resample::bilinear, 2.0}, std::tuple{"bicubic", Resample::bicubic, 4.0}}) {
    const std::string what = fmt::format("{}, {} x 4", name, x.shape().str());
    const double flop = 2 * taps * taps * count(y);
    b.add("interpolate", what, flop, {x}, {y},
          [=, mode = mode](const KernelTable& k) { k.resize.interpolate(x.cview(), mode, false, y.view()); });
    b.add("interpolate_grad", what, flop, {dy}, {dx},
          [=, mode = mode](const KernelTable& k) { k.resize.interpolate_grad(dy.cview(), mode, false, dx.view()); });
  }
}

void fft_calls(Workbench& b, const Shape& image) {
  const Shape complex = {image[0], image[1], image[2], image[3], 2};
  const Tensor x = b.normal(image);
  const Tensor z = b.normal(complex);
  const Tensor y = b.empty(complex);
  const Tensor back = b.empty(image);
  const Tensor modulus = b.empty(image);
  // 5 n log2 n for n complex points (Cooley and Tukey); half of it where one side is real.
  const double flop = 5 * count(x) * std::log2(static_cast<double>(image[1] * image[2]));
  const double scale = 1 / static_cast<double>(image[1] * image[2]);
  b.add("dft2", image.str() + " real -> complex", flop / 2, {x}, {y},
        [=](const KernelTable& k) { k.fft.dft2(x.cview(), false, 1, y.view()); });
  b.add("dft2", image.str() + " complex -> complex, inverse", flop, {z}, {y},
        [=](const KernelTable& k) { k.fft.dft2(z.cview(), true, scale, y.view()); });
  b.add("dft2", image.str() + " complex -> real, inverse", flop / 2, {z}, {back},
        [=](const KernelTable& k) { k.fft.dft2(z.cview(), true, scale, back.view()); });
  b.add("complex_abs", image.str(), 4 * count(x), {z}, {modulus},
        [=](const KernelTable& k) { k.fft.complex_abs(z.cview(), modulus.view()); });
}

void wavelet_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  const Tensor y = b.empty(image);
  std::vector<Tensor> in;
  std::vector<Tensor> out;
  for (int i = 0; i < 4; ++i) {
    in.push_back(b.normal(scaled(image, 2)));
    out.push_back(b.empty(scaled(image, 2)));
  }
  b.add("haar_dwt", image.str(), 4 * count(x), {x}, out,
        [=](const KernelTable& k) { k.wavelet.haar_dwt(x.cview(), out[0].view(), out[1].view(), out[2].view(), out[3].view()); });
  b.add("haar_iwt", image.str(), 4 * count(x), in, {y},
        [=](const KernelTable& k) { k.wavelet.haar_iwt(in[0].cview(), in[1].cview(), in[2].cview(), in[3].cview(), y.view()); });
  // Box sums along rows, then columns.
  b.add("high_pass", "5x5, " + image.str(), 10 * count(x), {x}, {y},
        [=](const KernelTable& k) { k.wavelet.high_pass(x.cview(), 5, y.view()); });
  b.add("high_pass_grad", "5x5, " + image.str(), 10 * count(x), {x}, {y},
        [=](const KernelTable& k) { k.wavelet.high_pass_grad(x.cview(), 5, y.view()); });
}

void laconv_calls(Workbench& b, const Shape& image) {
  constexpr std::int64_t kSize = 3;
  const std::int64_t c = image[3];
  const Tensor x = b.normal(image);
  const Tensor spatial = b.positive({image[0], image[1], image[2], kSize * kSize});
  const Tensor channel = b.positive({image[0], 1, 1, c});
  const Tensor weight = b.normal({c, kSize, kSize, c});
  const Tensor bias = b.normal({c});
  const Tensor dy = b.normal(image);
  const Tensor y = b.empty(image);
  std::vector<Tensor> grads;
  for (const Tensor* t : {&x, &spatial, &channel, &weight, &bias}) grads.push_back(b.empty_like(*t));
  const double windows = count(x) * static_cast<double>(kSize * kSize);  // elements that the windows read
  const double products = 2 * windows * static_cast<double>(c);
  const std::string what = fmt::format("3x3, {} -> {}", image.str(), c);
  b.add("laconv_fwd", what + ", leaky", products + 2 * windows, {x, spatial, channel, weight, bias}, {y},
        [=](const KernelTable& k) {
          k.laconv.laconv_fwd(x.cview(), spatial.cview(), channel.cview(), weight.cview(), bias.cview(), 0.2, y.view());
        });
  b.add("laconv_bwd", what, 2 * products + 8 * windows, {x, spatial, channel, weight, dy}, grads, [=](const KernelTable& k) {
    k.laconv.laconv_bwd(x.cview(), spatial.cview(), channel.cview(), weight.cview(), dy.cview(), grads[0].view(), grads[1].view(),
                        grads[2].view(), grads[3].view(), grads[4].view());
  });
}

void attention_calls(Workbench& b, const Shape& image) {
  const std::int64_t c = image[3];
  const std::int64_t d = c % 16 == 0 ? 16 : c;
  const std::int64_t tokens = image[1] * image[2] / 16;
  const Shape rows = {image[0], tokens, c};
  const AttentionParams p = {.head_dim = d, .scale = 1 / std::sqrt(static_cast<double>(d))};
  const Tensor q = b.normal(rows);
  const Tensor key = b.normal(rows);
  const Tensor v = b.normal(rows);
  const Tensor dy = b.normal(rows);
  const Tensor y = b.empty(rows);
  const DType sums = q.dtype() == DType::f64 ? DType::f64 : DType::f32;
  const Tensor lse = Tensor::empty({image[0], c / d, tokens}, sums, q.device());
  const Tensor m = b.empty({image[0], c / d, d, d});
  const std::vector<Tensor> grads = {b.empty(rows), b.empty(rows), b.empty(rows)};
  const double scores = 2 * count(q) * static_cast<double>(tokens);  // one product of tokens with tokens
  const std::string what = fmt::format("{}, heads of {}", rows.str(), d);
  const auto forward = [=](const KernelTable& k) {
    k.attention.attention_fwd(p, q.cview(), key.cview(), v.cview(), y.view(), lse.view());
  };
  b.add("attention_fwd", what, 2 * scores, {q, key, v}, {y}, forward);
  // Reads what the call above left behind.
  b.add("attention_bwd", what, 5 * scores, {q, key, v, y, dy}, grads, [=](const KernelTable& k) {
    k.attention.attention_bwd(p, q.cview(), key.cview(), v.cview(), y.cview(), lse.cview(), dy.cview(), grads[0].view(),
                              grads[1].view(), grads[2].view());
  });
  b.add("cross_covariance", what, 2 * count(q) * static_cast<double>(d), {q, key}, {m},
        [=](const KernelTable& k) { k.attention.cross_covariance(q.cview(), key.cview(), m.view()); });
  const Tensor mix = b.normal(m.shape());
  const Tensor mixed = b.empty(rows);
  b.add("head_matmul", what, 2 * count(q) * static_cast<double>(d), {v, mix}, {mixed},
        [=](const KernelTable& k) { k.attention.head_matmul(false, v.cview(), mix.cview(), mixed.view()); });
}

void fmim_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  const Tensor y = b.empty(image);
  b.add("attenuate", image.str(), 26 * count(x), {x}, {y},
        [=](const KernelTable& k) { k.fmim.attenuate(x.cview(), 0.5, y.view()); });
}

// A batch from a set of four times as many samples of u16, as PanCollection's are.
void patches_calls(Workbench& b, const Shape& image) {
  const std::int64_t n = image[0];
  const Tensor set = b.positive({4 * n, image[1], image[2], image[3]}).to(DType::u16);
  const Tensor out = b.sample_like(image);
  std::vector<std::int64_t> index;
  std::vector<std::uint8_t> turns;
  for (std::int64_t i = 0; i < n; ++i) {
    index.push_back((5 * i + 3) % (4 * n));
    turns.push_back(static_cast<std::uint8_t>(i % (image[1] == image[2] ? 8 : 2) * (image[1] == image[2] ? 1 : 2)));
  }
  const Tensor indices = Tensor::from<std::int64_t>({n}, index).to(set.device());
  const Tensor orientations = Tensor::from<std::uint8_t>({n}, turns).to(set.device());
  // Of the set as many samples are read as are written.
  const Tensor read = Tensor::empty(image, DType::u16);
  b.add("gather", fmt::format("{} of {} samples, u16", image.str(), 4 * n), count(out), {read}, {out},
        [=](const KernelTable& k) { k.patches.gather(set.cview(), indices.cview(), orientations.cview(), 2047, out.view()); });
}

}  // namespace cf::lab

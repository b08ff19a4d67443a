// laconv with every window written out, as an unfold in front of a matrix product computes it: what the strips of laconv.cpp
// are measured against. The buffer grows with k*k.
#include "framework/core/parallel.h"
#include "framework/core/storage.h"
#include "kernels/cpu/bias.h"
#include "kernels/laconv.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

// f32 memory between two steps.
class Buffer {
 public:
  explicit Buffer(const Shape& shape)
      : storage_(static_cast<std::size_t>(shape.numel()) * sizeof(float), Device{}),
        view_{storage_.data(), shape, DType::f32, {}} {}
  View view() const { return view_; }
  float* data() const { return view_.as<float>(); }

 private:
  Storage storage_;
  View view_;
};

// A window column: pixel, and where it reads.
struct Window {
  std::int64_t h, w, c, k;
  bool shared_channel;

  Window(ConstView x, ConstView spatial, ConstView channel)
      : h(x.shape[1]), w(x.shape[2]), c(x.shape[3]), k(1), shared_channel(channel.shape[1] * channel.shape[2] == 1) {
    while (k * k < spatial.shape[3]) k += 2;
    // A single pixel has one channel map either way.
    shared_channel = shared_channel && h * w > 1;
  }
  std::int64_t offsets() const { return k * k; }
  std::int64_t width() const { return k * k * c; }
  // The pixel that offset i of `pixel` reads, -1 outside the image.
  std::int64_t source(std::int64_t pixel, std::int64_t i) const {
    const std::int64_t row = pixel / w % h + i / k - k / 2;
    const std::int64_t column = pixel % w + i % k - k / 2;
    if (row < 0 || row >= h || column < 0 || column >= w) return -1;
    return pixel / (h * w) * h * w + row * w + column;
  }
  std::int64_t channel_row(std::int64_t pixel) const { return shared_channel ? pixel / (h * w) : pixel; }
};

constexpr std::int64_t kPixels = 64;  // worth a thread

// columns (pixels, k*k*C) = channel * spatial * x of each window.
void unfold(const Window& win, ConstView x, ConstView spatial, ConstView channel, const Buffer& columns) {
  const auto* in = x.as<float>();
  const auto* s = spatial.as<float>();
  const auto* ch = channel.as<float>();
  parallel_for(x.numel() / win.c, kPixels, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t p = begin; p < end; ++p) {
      float* out = columns.data() + p * win.width();
      const float* scale = ch + win.channel_row(p) * win.c;
      for (std::int64_t i = 0; i < win.offsets(); ++i, out += win.c) {
        const std::int64_t from = win.source(p, i);
        for (std::int64_t c = 0; c < win.c; ++c) {
          out[c] = from < 0 ? 0 : scale[c] * s[p * win.offsets() + i] * in[from * win.c + c];
        }
      }
    }
  });
}

void laconv_fwd(ConstView x, ConstView spatial, ConstView channel, ConstView weight, ConstView bias, double leaky_slope, View y) {
  if (x.dtype != DType::f32 || y.numel() == 0) {
    return kernel_table(Backend::reference).laconv.laconv_fwd(x, spatial, channel, weight, bias, leaky_slope, y);
  }
  const Window win(x, spatial, channel);
  const std::int64_t pixels = x.numel() / win.c;
  const std::int64_t outputs = weight.shape[0];
  const Buffer columns({pixels, win.width()});
  unfold(win, x, spatial, channel, columns);
  const ConstView w(weight.data, {outputs, win.width()}, DType::f32, {});
  const View flat{y.data, {pixels, outputs}, DType::f32, {}};
  kernel_table(Backend::cpu).matmul.matmul({false, true}, columns.view(), w, bias, flat);
  if (leaky_slope != 1) add_bias_leaky(y.as<float>(), pixels, outputs, nullptr, static_cast<float>(leaky_slope));
}

}  // namespace

// The backward kernel stays the backend's own.
void laconv_unfold(LaconvKernels& k) { k.laconv_fwd = laconv_fwd; }

}  // namespace cf::cpu

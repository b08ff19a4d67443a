// What a library is told of a convolution, carried out as it stands there by plain loops and compared with the reference.
#include "kernels/cuda/conv_plan.h"

#include <doctest/doctest.h>

#include <vector>

#include "framework/gradcheck/problem.h"
#include "kernels/cuda/conv_roles.h"
#include "kernels/cuda/epilogue.h"
#include "kernels/cuda/plan_choice.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

std::size_t offset_of(const cuda::ConvTensor& t, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
  return static_cast<std::size_t>(a * t.strides[0] + b * t.strides[1] + c * t.strides[2] + d * t.strides[3]);
}

// Calls fn(x, w, y) with the places of the factors of each product of a described convolution.
template <class F>
void for_each_product(const cuda::ConvDescription& d, F&& fn) {
  const auto [n_count, in, height, width] = d.x.extents;
  const auto [out, group_in, window_h, window_w] = d.w.extents;
  const std::int64_t group_out = out / (in / group_in);
  for (std::int64_t i = 0; i < d.y.extents[0] * out * d.y.extents[2] * d.y.extents[3]; ++i) {
    const std::int64_t column = i % d.y.extents[3];
    const std::int64_t row = i / d.y.extents[3] % d.y.extents[2];
    const std::int64_t o = i / d.y.extents[3] / d.y.extents[2] % out;
    const std::int64_t n = i / d.y.extents[3] / d.y.extents[2] / out;
    for (std::int64_t j = 0; j < group_in * window_h * window_w; ++j) {
      const std::int64_t kw = j % window_w;
      const std::int64_t kh = j / window_w % window_h;
      const std::int64_t c = j / window_w / window_h;
      const std::int64_t h = row * d.stride[0] - d.padding[0] + kh * d.dilation[0];
      const std::int64_t w = column * d.stride[1] - d.padding[1] + kw * d.dilation[1];
      if (h < 0 || h >= height || w < 0 || w >= width) continue;
      fn(offset_of(d.x, n, o / group_out * group_in + c, h, w), offset_of(d.w, o, c, kh, kw), offset_of(d.y, n, o, row, column));
    }
  }
}

// A library in f32 that may or may not add bias and LeakyReLU itself.
template <bool fuses>
struct Interpreter {
  static void run(const cuda::ConvCall& call) {
    std::vector<double> sums(static_cast<std::size_t>(call.result().numel()));
    const float* x = call.x.as<float>();
    const float* w = call.w.as<float>();
    const float* y = call.y.as<float>();
    for_each_product(cuda::describe_conv(call.g), [&](std::size_t ix, std::size_t iw, std::size_t iy) {
      switch (call.pass) {
        case cuda::ConvPass::forward: sums[iy] += static_cast<double>(x[ix]) * static_cast<double>(w[iw]); break;
        case cuda::ConvPass::data: sums[ix] += static_cast<double>(y[iy]) * static_cast<double>(w[iw]); break;
        case cuda::ConvPass::weights: sums[iw] += static_cast<double>(x[ix]) * static_cast<double>(y[iy]); break;
      }
    });
    for (std::size_t i = 0; i < sums.size(); ++i) call.result().as<float>()[i] = static_cast<float>(sums[i]);
  }
  static bool run_fused(const cuda::ConvCall& call, ConstView bias, double slope) {
    if (!fuses) return false;
    run(call);
    const auto channels = static_cast<std::size_t>(cuda::describe_conv(call.g).bias.extents[1]);
    float* y = call.y.as<float>();
    for (std::size_t i = 0; i < static_cast<std::size_t>(call.y.numel()); ++i) {
      const float sum = y[i] + (bias ? bias.as<float>()[i % channels] : 0);
      y[i] = sum > 0 ? sum : static_cast<float>(slope) * sum;
    }
    return true;
  }
};

struct Shapes {
  const char* name;
  Shape x;
  Shape w;
  ConvParams p;
};

const std::vector<Shapes> kShapes = {
    {"3x3", {2, 5, 4, 3}, {8, 3, 3, 3}, {.padding = 1, .leaky_slope = 0.2}},
    {"1x1", {3, 2, 3, 5}, {4, 1, 1, 5}, {}},
    {"a window of unequal sides", {1, 5, 6, 2}, {3, 1, 4, 2}, {.padding = 1}},
    {"a stride that leaves rows out", {2, 6, 8, 3}, {2, 3, 3, 3}, {.stride = 2, .padding = 1, .leaky_slope = 0.1}},
    {"groups", {1, 4, 4, 6}, {4, 3, 3, 3}, {.padding = 1, .groups = 2}},
    {"depthwise", {2, 4, 3, 5}, {5, 3, 3, 1}, {.padding = 1, .groups = 5, .leaky_slope = 0.3}},
    {"dilation", {1, 7, 6, 2}, {3, 3, 2, 2}, {.padding = 2, .dilation = 2}},
    {"all together", {2, 9, 7, 4}, {6, 2, 3, 2}, {.stride = 3, .padding = 2, .dilation = 2, .groups = 2, .leaky_slope = 0.2}},
    {"an empty batch", {0, 4, 4, 3}, {2, 3, 3, 3}, {.padding = 1, .leaky_slope = 0.2}},
};

Tensor draw(const char* what, const Shape& shape) { return Draw(what, 7).normal(shape).to(DType::f32); }

Shape result_shape(const Shapes& s) {
  const auto extent = [&](int i) { return (s.x[i] + 2 * s.p.padding - s.p.dilation * (s.w[i] - 1) - 1) / s.p.stride + 1; };
  return {s.x[0], extent(1), extent(2), s.w[0]};
}

// Results of the three kernels that belong together, with a bias and without.
std::vector<Tensor> results(const ConvKernels& k, const Shapes& s, bool transposed) {
  const auto fwd = transposed ? k.conv_transpose2d_fwd : k.conv2d_fwd;
  const auto dgrad = transposed ? k.conv_transpose2d_dgrad : k.conv2d_dgrad;
  const auto wgrad = transposed ? k.conv_transpose2d_wgrad : k.conv2d_wgrad;
  // A transposed convolution takes the plain one's result and makes its input.
  const Shape& to = transposed ? s.x : result_shape(s);
  const Tensor x = draw("x", transposed ? result_shape(s) : s.x);
  const Tensor w = draw("w", s.w);
  const Tensor b = draw("b", {to[3]});
  const Tensor dy = draw("dy", to);
  std::vector<Tensor> r;
  for (const Shape& shape : {to, to, x.shape(), s.w, s.w, b.shape()}) r.push_back(Tensor::full(shape, 77));
  fwd(s.p, x.cview(), w.cview(), b.cview(), r[0].view());
  fwd(s.p, x.cview(), w.cview(), {}, r[1].view());
  dgrad(s.p, dy.cview(), w.cview(), r[2].view());
  wgrad(s.p, x.cview(), dy.cview(), r[3].view(), {});
  wgrad(s.p, x.cview(), dy.cview(), r[4].view(), r[5].view());
  return r;
}

template <bool fuses>
void compare_with_reference(bool transposed) {
  ConvKernels described{};
  cuda::ConvRoles<Interpreter<fuses>>::fill(described);
  for (const Shapes& s : kShapes) {
    if (transposed && (s.p.groups != 1 || s.p.dilation != 1)) continue;
    CAPTURE(s.name);
    const auto want = results(kernel_table(Backend::reference).conv, s, transposed);
    const auto got = results(described, s, transposed);
    for (std::size_t i = 0; i < want.size(); ++i) {
      CAPTURE(i);
      CHECK(test::relative_error(got[i], want[i]) <= 1e-6);
    }
  }
}

}  // namespace

#ifdef CF_EMULATED
TEST_CASE("convolutions described to a library are those of the reference, bias and LeakyReLU by our own kernel") {
  compare_with_reference<false>(false);
  compare_with_reference<false>(true);
}

TEST_CASE("convolutions described to a library that adds bias and LeakyReLU itself are those of the reference") {
  compare_with_reference<true>(false);
  compare_with_reference<true>(true);
}

TEST_CASE("bias and LeakyReLU by our own kernel, for all widths") {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const std::int64_t channels : {1, 3, 8, 32, 40, 257, 300, 2056}) {
      CAPTURE(name_of(dtype));
      CAPTURE(channels);
      const Tensor y = draw("y", {2, 3, channels < 32 ? 61 : 3, channels}).to(dtype);
      const Tensor bias = draw("bias", {channels}).to(dtype);
      const Tensor want = y.to(DType::f32);
      const Tensor added = bias.to(DType::f32);
      for (std::size_t i = 0; i < static_cast<std::size_t>(y.numel()); ++i) {
        float& v = want.span<float>()[i];
        v += added.span<float>()[i % static_cast<std::size_t>(channels)];
        v = v > 0 ? v : 0.2F * v;
      }
      cuda::add_bias_leaky(y.view(), bias.cview(), 0.2);
      CHECK(test::relative_error(y.to(DType::f32), want) <= (dtype == DType::f32 ? 1e-6 : 4e-3));
    }
  }
}
#endif

TEST_CASE("plans tell apart what differs, and the alignment is the operands' own") {
  const ConvGeometry g = conv_geometry({}, {1, 4, 4, 3}, {2, 3, 3, 3}, {1, 2, 2, 2});
  const cuda::ConvKey key = {cuda::ConvPass::data, g, DType::f32, false, 1, 16, 0, {}};
  const auto differs = [&](auto change) {
    cuda::ConvKey other = key;
    change(other);
    return other != key && ((other < key) != (key < other));
  };
  CHECK(!differs([](cuda::ConvKey&) {}));
  CHECK(differs([](cuda::ConvKey& k) { k.pass = cuda::ConvPass::weights; }));
  CHECK(differs([](cuda::ConvKey& k) { k.g.dilation = 2; }));
  CHECK(differs([](cuda::ConvKey& k) { k.dtype = DType::bf16; }));
  CHECK(differs([](cuda::ConvKey& k) { k.leaky_slope = 0.5; }));
  CHECK(differs([](cuda::ConvKey& k) { k.device = 1; }));
  CHECK(differs([](cuda::ConvKey& k) { k.mode.tf32 = true; }));
  CHECK(differs([](cuda::ConvKey& k) { k.mode.workspace_limit = 1; }));

  alignas(64) static const std::byte memory[128] = {};
  CHECK(cuda::common_alignment({memory, memory + 64}) == 16);
  CHECK(cuda::common_alignment({memory, memory + 8, memory + 4}) == 4);
  CHECK(cuda::common_alignment({memory + 2, nullptr}) == 2);
}

#include "kernels/conv.h"

#include <optional>

#include "framework/core/storage.h"
#include "kernels/conv_composite.h"
#include "kernels/conv_geometry.h"
#include "kernels/cpu/bf16.h"
#include "kernels/cpu/bias.h"
#include "kernels/cpu/conv_direct.h"
#include "kernels/cpu/conv_winograd.h"
#include "kernels/cpu/dnnl.h"
#include "kernels/math_mode.h"
#include "kernels/reduce.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

enum class Pass : std::uint8_t { forward, data, weights };

struct ConvKey {
  Pass pass;
  ConvGeometry g;
  bool bias;
  double leaky_slope;
  bool bf16;  // factors are rounded to it
  auto operator<=>(const ConvKey&) const = default;
};

struct ConvPlan {
  dnnl::primitive primitive;
  DnnlConv layouts;  // with the weights as the primitive wants them
  memory::desc plain_weights;
  std::optional<dnnl::reorder> repack;  // of the weights between the two; none where they are equal
  memory::desc scratchpad;
};

memory::desc weight_layout(const ConvGeometry& g, memory::data_type type, bool plain) {
  if (g.groups == 1) return {{g.out, g.in, g.kh, g.kw}, type, plain ? Tag::ohwi : Tag::any};
  return {{g.groups, g.group_out, g.group_in, g.kh, g.kw}, type, plain ? Tag::gohwi : Tag::any};
}

// Of the three images of a convolution two are factors and one is the result.
DnnlConv describe(const ConvKey& key, bool result_is_factor = false) {
  const ConvGeometry& g = key.g;
  const auto type = [&](Pass result) {
    const bool f32 = !key.bf16 || (key.pass == result && !result_is_factor);
    return f32 ? memory::data_type::f32 : memory::data_type::bf16;
  };
  DnnlConv c;
  c.src = {{g.n, g.in, g.h, g.w}, type(Pass::data), Tag::nhwc};
  c.weights = weight_layout(g, type(Pass::weights), false);
  if (key.bias) c.bias = {{g.out}, memory::data_type::f32, Tag::a};
  c.dst = {{g.n, g.out, g.out_h, g.out_w}, type(Pass::forward), Tag::nhwc};
  c.strides = {g.stride, g.stride};
  c.dilates = {g.dilation - 1, g.dilation - 1};
  c.padding = {g.padding, g.padding};
  return c;
}

ConvPlan make_plan(const ConvKey& key) {
  ConvPlan plan;
  plan.layouts = describe(key);
  plan.plain_weights = weight_layout(key.g, memory::data_type::f32, true);
  const auto finish = [&](const auto& description, const memory::desc& weights, auto primitive) {
    plan.primitive = primitive;
    plan.layouts.weights = weights;
    plan.scratchpad = description.scratchpad_desc();
  };
  switch (key.pass) {
    case Pass::forward: {
      const auto d = describe_forward(plan.layouts, key.leaky_slope);
      finish(d, d.weights_desc(), dnnl::convolution_forward(d));
      break;
    }
    case Pass::data: {
      const auto d = describe_backward_data(plan.layouts, describe(key, true));
      finish(d, d.weights_desc(), dnnl::convolution_backward_data(d));
      break;
    }
    case Pass::weights: {
      const auto d = describe_backward_weights(plan.layouts, describe(key, true));
      finish(d, d.diff_weights_desc(), dnnl::convolution_backward_weights(d));
      break;
    }
  }
  if (plan.layouts.weights != plan.plain_weights) {
    const bool unpack = key.pass == Pass::weights;
    const memory::desc& from = unpack ? plan.layouts.weights : plan.plain_weights;
    const memory::desc& to = unpack ? plan.plain_weights : plan.layouts.weights;
    plan.repack = dnnl::reorder(dnnl::reorder::primitive_desc(dnnl_engine(), from, dnnl_engine(), to));
  }
  return plan;
}

const ConvPlan& plan_for(const ConvKey& key) {
  static PlanCache<ConvKey, ConvPlan> cache("convolution");
  return cache.get(key, make_plan);
}

// The weights in the layout of the primitive; re-packed at every call, as they change at every training step.
class PackedWeights {
 public:
  PackedWeights(const ConvPlan& plan, const void* plain) : plain_(dnnl_memory(plan.plain_weights, plain)), plan_(plan) {
    if (plan.repack) storage_.emplace(plan.layouts.weights.get_size(), Device{});
    packed_ = storage_ ? dnnl_memory(plan.layouts.weights, storage_->data()) : plain_;
  }
  const memory& pack() {
    if (plan_.repack) run(*plan_.repack, plain_, packed_);
    return packed_;
  }
  const memory& packed() const { return packed_; }
  void unpack() {
    if (plan_.repack) run(*plan_.repack, packed_, plain_);
  }

 private:
  memory plain_;
  memory packed_;
  const ConvPlan& plan_;
  std::optional<Storage> storage_;
};

void forward(const ConvKey& key, const void* x, const void* w, const void* b, void* y) {
  const ConvPlan& plan = plan_for(key);
  PackedWeights weights(plan, w);
  const Factor image(plan.layouts.src, x);
  DnnlArguments arguments = {
      {DNNL_ARG_SRC, image.memory()}, {DNNL_ARG_WEIGHTS, weights.pack()}, {DNNL_ARG_DST, dnnl_memory(plan.layouts.dst, y)}};
  if (key.bias) arguments.emplace(DNNL_ARG_BIAS, dnnl_memory(plan.layouts.bias, b));
  run(plan.primitive, std::move(arguments), plan.scratchpad);
}

void backward_data(const ConvKey& key, const void* dy, const void* w, void* dx) {
  const ConvPlan& plan = plan_for(key);
  PackedWeights weights(plan, w);
  const Factor gradient(plan.layouts.dst, dy);
  run(plan.primitive,
      {{DNNL_ARG_DIFF_DST, gradient.memory()},
       {DNNL_ARG_WEIGHTS, weights.pack()},
       {DNNL_ARG_DIFF_SRC, dnnl_memory(plan.layouts.src, dx)}},
      plan.scratchpad);
}

void backward_weights(const ConvKey& key, const void* x, const void* dy, void* dw, void* db) {
  const ConvPlan& plan = plan_for(key);
  PackedWeights weights(plan, dw);
  const Factor image(plan.layouts.src, x);
  const Factor gradient(plan.layouts.dst, dy);
  DnnlArguments arguments = {
      {DNNL_ARG_SRC, image.memory()}, {DNNL_ARG_DIFF_DST, gradient.memory()}, {DNNL_ARG_DIFF_WEIGHTS, weights.packed()}};
  if (key.bias) arguments.emplace(DNNL_ARG_DIFF_BIAS, dnnl_memory(plan.layouts.bias, db));
  run(plan.primitive, std::move(arguments), plan.scratchpad);
  weights.unpack();
}

const ConvKernels& plain() { return kernel_table(Backend::reference).conv; }

bool is_fast(ConstView x, ConstView y) { return x.dtype == DType::f32 && x.numel() > 0 && y.numel() > 0; }

// With few channels the units multiply padding. Where the border lies best was not measured.
bool suits_bf16(const ConvGeometry& g) { return g.group_in >= 8 && g.group_out >= 8; }

// oneDNN 2.6's bf16 gradient of weights reads beyond what it filled where vectors or pairs of pixels are not whole: it gave NaN,
// and wrong numbers, for 37 -> 17 channels and an odd width.
bool suits_bf16_wgrad(const ConvGeometry& g) {
  return g.group_in % 16 == 0 && g.group_out % 16 == 0 && g.w % 2 == 0 && g.out_w % 2 == 0;
}

// How the factors of a convolution are taken: as they are; rounded to bf16; as MathMode says.
enum class Factors : std::uint8_t { f32, bf16, mode };
// Which kernels may be used beside oneDNN's, which computes what they do not.
enum class Way : std::uint8_t {
  onednn,
  direct,    // rows of the image where that fits, forward
  winograd,  // Winograd's algorithm wherever it can, else rows
  best,      // Winograd's where it wins and no signs are at stake; rows where they are
};

// Whether Winograd's algorithm wins: its transforms cost per channel, what they save is products of channels, and few tiles do
// not pay for reading its weights, which are larger (docs/benchmarks.md).
bool pays(const ConvGeometry& g) { return g.in * g.out >= 32 * 16 && g.n * g.out_h * g.out_w >= 192; }

template <Factors factors>
bool is_bf16(const ConvGeometry& g) {
  if constexpr (factors == Factors::f32) return false;
  return suits_bf16(g) && (factors == Factors::bf16 ? cpu_has_bf16_units() : bf16_wanted());
}

template <Factors factors, Way way>
struct Kernels {
  // Computes it by one of our own kernels, if one shall.
  static bool own_forward(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w, ConstView b, View y) {
    if (way == Way::onednn || !is_fast(x, y)) return false;
    const ConvGeometry g = conv_geometry(p, x.shape, w.shape, y.shape);
    if (is_bf16<factors>(g)) return false;
    const bool winograd = way == Way::winograd || (way == Way::best && !p.recorded && pays(g));
    if (winograd && is_winograd(p, f, x, w)) {
      conv2d_winograd(conv_problem(p, f, x, w, b, y));
      return true;
    }
    // oneDNN is faster than rows, unless it takes further kernels for what surrounds the convolution.
    const bool rows = way != Way::best || p.recorded || f.x2 || f.added || f.end != ConvEnd::leaky;
    if (!rows || !is_direct(p, w)) return false;
    conv2d_direct(conv_problem(p, f, x, w, b, y));
    return true;
  }

  static void conv2d_fwd(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
    if (own_forward(p, {}, x, w, b, y)) return;
    if (!is_fast(x, y)) return plain().conv2d_fwd(p, x, w, b, y);
    const ConvGeometry g = conv_geometry(p, x.shape, w.shape, y.shape);
    forward({Pass::forward, g, bool(b), p.leaky_slope, is_bf16<factors>(g)}, x.data, w.data, b.data, y.data);
  }

  static void conv2d_fused_fwd(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w, ConstView b, View y) {
    if (own_forward(p, f, x, w, b, y)) return;
    conv2d_composite(kernel_table(Backend::cpu), conv2d_fwd, {p, f, x, w, b, y});
  }

  static void conv2d_dgrad(const ConvParams& p, ConstView dy, ConstView w, View dx) {
    if (!is_fast(dy, dx)) return plain().conv2d_dgrad(p, dy, w, dx);
    const ConvGeometry g = conv_geometry(p, dx.shape, w.shape, dy.shape);
    const bool bf16 = is_bf16<factors>(g);
    const bool winograd = way == Way::winograd || (way == Way::best && pays(g));
    if (winograd && !bf16 && is_winograd_dgrad(p, dx, w)) return conv2d_dgrad_winograd(p, dy, w, dx);
    backward_data({Pass::data, g, false, 1, bf16}, dy.data, w.data, dx.data);
  }

  static void conv2d_wgrad(const ConvParams& p, ConstView x, ConstView dy, View dw, View db) {
    if (!is_fast(x, dy)) return plain().conv2d_wgrad(p, x, dy, dw, db);
    const ConvGeometry g = conv_geometry(p, x.shape, dw.shape, dy.shape);
    backward_weights({Pass::weights, g, bool(db), 1, is_bf16<factors>(g) && suits_bf16_wgrad(g)}, x.data, dy.data, dw.data,
                     db.data);
  }

  // A transposed convolution runs the convolution of the same weight backwards. oneDNN's own deconvolution is several times
  // slower than the convolution's input gradient, which computes the same but takes no bias: that is added behind it.
  static void conv_transpose2d_fwd(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
    if (!is_fast(x, y)) return plain().conv_transpose2d_fwd(p, x, w, b, y);
    conv2d_dgrad(p, x, w, y);
    if (!b && p.leaky_slope == 1) return;
    const std::int64_t channels = y.shape[3];
    add_bias_leaky(y.as<float>(), y.numel() / channels, channels, b ? b.as<float>() : nullptr, static_cast<float>(p.leaky_slope));
  }

  static void conv_transpose2d_dgrad(const ConvParams& p, ConstView dy, ConstView w, View dx) {
    ConvParams linear = p;
    linear.leaky_slope = 1;
    conv2d_fwd(linear, dy, w, {}, dx);
  }

  static void conv_transpose2d_wgrad(const ConvParams& p, ConstView x, ConstView dy, View dw, View db) {
    if (!is_fast(x, dy)) return plain().conv_transpose2d_wgrad(p, x, dy, dw, db);
    conv2d_wgrad(p, dy, x, dw, {});
    if (!db) return;
    kernel_table(Backend::cpu).reduce.sum_to(dy, db);
  }

  static void fill_all(ConvKernels& k) {
    k.conv2d_fwd = conv2d_fwd;
    k.conv2d_fused_fwd = conv2d_fused_fwd;
    k.conv2d_dgrad = conv2d_dgrad;
    k.conv2d_wgrad = conv2d_wgrad;
    k.conv_transpose2d_fwd = conv_transpose2d_fwd;
    k.conv_transpose2d_dgrad = conv_transpose2d_dgrad;
    k.conv_transpose2d_wgrad = conv_transpose2d_wgrad;
  }
};

}  // namespace

ConvProblem conv_problem(const ConvParams& p, const ConvFusion& f, ConstView x, ConstView w, ConstView b, View y) {
  ConvProblem q{};
  q.sources[0] = {x.as<float>(), x.shape[3]};
  if (f.x2) q.sources[1] = {f.x2.as<float>(), f.x2.shape[3]};
  q.n = x.shape[0];
  q.h = x.shape[1];
  q.w = x.shape[2];
  q.channels = w.shape[3];
  q.out_h = y.shape[1];
  q.out_w = y.shape[2];
  q.out_channels = y.shape[3];
  q.kh = w.shape[1];
  q.kw = w.shape[2];
  q.padding = p.padding;
  q.weight = w.as<float>();
  q.bias = b ? b.as<float>() : nullptr;
  q.end = f.end;
  q.slope = static_cast<float>(p.leaky_slope);
  q.added = f.added ? f.added.as<float>() : nullptr;
  q.y = y.as<float>();
  return q;
}

void fill(ConvKernels& k) { Kernels<Factors::mode, Way::best>::fill_all(k); }
void conv_direct(ConvKernels& k) { Kernels<Factors::f32, Way::direct>::fill_all(k); }
void conv_winograd(ConvKernels& k) { Kernels<Factors::f32, Way::winograd>::fill_all(k); }
void conv_onednn(ConvKernels& k) { Kernels<Factors::f32, Way::onednn>::fill_all(k); }
void conv_bf16(ConvKernels& k) { Kernels<Factors::bf16, Way::best>::fill_all(k); }

}  // namespace cf::cpu

#include "framework/ops/norm.h"

#include "framework/autograd/record.h"
#include "framework/core/profile.h"
#include "framework/ops/batch_reducer.h"
#include "framework/ops/precision.h"
#include "kernels/table.h"

namespace cf::ops {
namespace {

// Statistics of bf16 are f32: their sums run over whole images, and running ones move by less than bf16 resolves.
DType stats_dtype(const Tensor& x) { return x.dtype() == DType::bf16 ? DType::f32 : x.dtype(); }

void check_channels(const char* name, const char* what, const Tensor& x, DType dtype, const Tensor& t) {
  check(t.shape() == Shape{x.dim(-1)} && t.dtype() == dtype && t.device() == x.device(),
        "{}: {} is {} {} on {}, expected one {} per channel of x {} {} on {}", name, what, name_of(t.dtype()), t.shape().str(),
        t.device().str(), name_of(dtype), name_of(x.dtype()), x.shape().str(), x.device().str());
}

void check_operands(const char* name, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check(x.rank() >= 2 && x.numel() > 0, "{}: x {} has no sample and channel dimensions to normalise", name, x.shape().str());
  check_channels(name, "weight", x, x.dtype(), weight);
  check_channels(name, "bias", x, x.dtype(), bias);
}

struct Stats {
  Tensor mean;  // (samples, groups), as is var
  Tensor var;   // biased
};

Tensor empty_like(const Tensor& t) { return Tensor::empty(t.shape(), t.dtype(), t.device()); }

void record_norm(const char* name, const NormParams& p, bool fixed, const Tensor& x, const Tensor& weight, const Tensor& bias,
                 const Stats& s, const Tensor& y) {
  record(name, {x, weight, bias}, {y}, [p, fixed, s, x = x.detach(), w = weight.detach()](const Backward& bw) {
    const auto view = [](const Tensor& t) { return t.defined() ? t.view() : View{}; };
    const Tensor dx = bw.needs(0) ? empty_like(x) : Tensor();
    const Tensor dweight = bw.needs(1) ? empty_like(w) : Tensor();
    const Tensor dbias = bw.needs(2) ? empty_like(w) : Tensor();
    kernels_for(x.device())
        .norm.grad(p, fixed, x.cview(), w.cview(), s.mean.cview(), s.var.cview(), bw.dy().cview(), view(dx), view(dweight),
                   view(dbias));
    return Grads{dx, dweight, dbias};
  });
}

// Normalised by its own statistics, which are returned in `s`.
Tensor normalise(const char* name, const NormParams& p, const Tensor& x, const Tensor& weight, const Tensor& bias, Stats& s) {
  const Shape groups = {p.samples, p.groups};
  s = {Tensor::empty(groups, stats_dtype(x), x.device()), Tensor::empty(groups, stats_dtype(x), x.device())};
  Tensor y = empty_like(x);
  kernels_for(x.device()).norm.fwd(p, x.cview(), weight.cview(), bias.cview(), s.mean.view(), s.var.view(), y.view());
  record_norm(name, p, false, x, weight, bias, s, y);
  return y;
}

Tensor binary(Binary op, const Tensor& a, const Tensor& b) {
  Tensor out = empty_like(a);
  kernels_for(a.device()).elementwise.binary(op, a.cview(), b.cview(), out.view());
  return out;
}

Tensor unary(Unary op, const Tensor& a, const UnaryParams& params = {}) {
  Tensor out = empty_like(a);
  kernels_for(a.device()).elementwise.unary(op, params, a.cview(), out.view());
  return out;
}

// The mean over the parts of a batch.
Tensor mean_over_parts(BatchReducer& parts, const Tensor& values) {
  parts.sum(values);
  return unary(Unary::affine, values, {1 / static_cast<double>(parts.parts()), 0});
}

// Of all parts from those of this one. The mean comes first and deviations are taken from it, so that nothing cancels where the
// mean is far from zero (Chan, Golub, LeVeque, 1983).
Stats stats_over_parts(BatchReducer& parts, const Stats& own) {
  const Tensor mean = mean_over_parts(parts, own.mean.clone());
  const Tensor apart = unary(Unary::square, binary(Binary::sub, own.mean, mean));
  return {mean, mean_over_parts(parts, binary(Binary::add, own.var, apart))};
}

// dx as by fixed statistics, less what the statistics owe to x: weight * rstd * (mean(dy) + z * mean(dy z)) with z the
// normalised x and the means over all parts, which is a normalisation of x by another weight and bias.
Tensor subtract_shares(const NormParams& p, BatchReducer& parts, const Tensor& x, const Tensor& weight, const Stats& s,
                       const Tensor& dx, const Tensor& sum_dyz, const Tensor& sum_dy) {
  const DType dtype = x.dtype();
  const Shape channels = weight.shape();
  const double rows = static_cast<double>(p.pixels);
  const auto share_of = [&](const Tensor& sum) {
    return unary(Unary::affine, mean_over_parts(parts, sum.to(stats_dtype(x))), {1 / rows, 0});
  };
  const Tensor deviation = unary(Unary::sqrt, unary(Unary::affine, s.var.alias(channels), {1, p.eps}));
  const Tensor scale = binary(Binary::div, weight.to(stats_dtype(x)), deviation);
  const Tensor slope = binary(Binary::mul, share_of(sum_dyz), scale).to(dtype);
  const Tensor shift = binary(Binary::mul, share_of(sum_dy), scale).to(dtype);
  const Tensor shares = empty_like(x);
  kernels_for(x.device()).norm.apply(p, x.cview(), slope.cview(), shift.cview(), s.mean.cview(), s.var.cview(), shares.view());
  return binary(Binary::sub, dx, shares);
}

// Batch normalisation by the statistics of all parts.
Tensor normalise_over_parts(BatchReducer& parts, const NormParams& p, const Tensor& x, const Tensor& weight, const Tensor& bias,
                            Stats& s) {
  Stats own = {Tensor::empty({1, p.groups}, stats_dtype(x), x.device()),
               Tensor::empty({1, p.groups}, stats_dtype(x), x.device())};
  Tensor y = empty_like(x);
  const NormKernels& norm = kernels_for(x.device()).norm;
  norm.fwd(p, x.cview(), weight.cview(), bias.cview(), own.mean.view(), own.var.view(), y.view());
  s = stats_over_parts(parts, own);
  norm.apply(p, x.cview(), weight.cview(), bias.cview(), s.mean.cview(), s.var.cview(), y.view());
  // The others wait for this part's sums, so they are made whether or not the gradient is wanted here.
  record("batch_norm", {x, weight, bias}, {y}, [&parts, p, s, x = x.detach(), w = weight.detach()](const Backward& bw) {
    const Tensor dx = empty_like(x);
    const Tensor dweight = empty_like(w);
    const Tensor dbias = empty_like(w);
    kernels_for(x.device())
        .norm.grad(p, true, x.cview(), w.cview(), s.mean.cview(), s.var.cview(), bw.dy().cview(), dx.view(), dweight.view(),
                   dbias.view());
    return Grads{subtract_shares(p, parts, x, w, s, dx, dweight, dbias), dweight, dbias};
  });
  return y;
}

// running = (1 - momentum) * running + momentum * scale * batch
void update_running(const Tensor& running, const Tensor& batch, double momentum, double scale) {
  const ElementwiseKernels& k = kernels_for(running.device()).elementwise;
  const Tensor share = Tensor::empty(running.shape(), running.dtype(), running.device());
  k.unary(Unary::affine, {momentum * scale, 0}, batch.alias(running.shape()).cview(), share.view());
  k.unary(Unary::affine, {1 - momentum, 0}, running.cview(), running.view());
  k.binary(Binary::add, running.cview(), share.cview(), running.view());
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  if (const auto o = settle(Mixing::follow, {&x, &weight, &bias})) return layer_norm(x, (*o)[1], (*o)[2], eps);
  const OpRange range("layer_norm");
  check_operands("layer_norm", x, weight, bias);
  const NormParams p = {x.numel() / x.dim(-1), 1, x.dim(-1), 1, eps};
  Stats s;
  return normalise("layer_norm", p, x, weight, bias, s);
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& weight, const Tensor& bias, double eps) {
  if (const auto o = settle(Mixing::follow, {&x, &weight, &bias})) return group_norm(x, groups, (*o)[1], (*o)[2], eps);
  const OpRange range("group_norm");
  check_operands("group_norm", x, weight, bias);
  const std::int64_t channels = x.dim(-1);
  check(groups >= 1 && channels % groups == 0, "group_norm: {} channels do not divide into {} groups", channels, groups);
  const NormParams p = {x.dim(0), x.numel() / (x.dim(0) * channels), channels, groups, eps};
  Stats s;
  return normalise("group_norm", p, x, weight, bias, s);
}

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const BatchNormState& state, bool training,
                  double momentum, double eps) {
  if (const auto o = settle(Mixing::follow, {&x, &weight, &bias})) {
    return batch_norm(x, (*o)[1], (*o)[2], state, training, momentum, eps);
  }
  const OpRange range("batch_norm");
  check_operands("batch_norm", x, weight, bias);
  check_channels("batch_norm", "the running mean", x, stats_dtype(x), state.mean);
  check_channels("batch_norm", "the running variance", x, stats_dtype(x), state.var);
  const std::int64_t rows = x.numel() / x.dim(-1);
  const NormParams p = {1, rows, x.dim(-1), x.dim(-1), eps};
  if (!training) {
    // Copied: the state may move on before the backward pass.
    const Stats s = {state.mean.clone(), state.var.clone()};
    Tensor y = empty_like(x);
    kernels_for(x.device()).norm.apply(p, x.cview(), weight.cview(), bias.cview(), s.mean.cview(), s.var.cview(), y.view());
    record_norm("batch_norm", p, true, x, weight, bias, s, y);
    return y;
  }
  BatchReducer* const parts = batch_reducer();
  const std::int64_t all_rows = parts != nullptr ? rows * parts->parts() : rows;
  check(all_rows > 1, "batch_norm: x {} has one value per channel; training needs at least two", x.shape().str());
  Stats s;
  Tensor y =
      parts != nullptr ? normalise_over_parts(*parts, p, x, weight, bias, s) : normalise("batch_norm", p, x, weight, bias, s);
  if (parts != nullptr && !parts->moves_statistics()) return y;
  update_running(state.mean, s.mean, momentum, 1);
  update_running(state.var, s.var, momentum, static_cast<double>(all_rows) / static_cast<double>(all_rows - 1));
  return y;
}

}  // namespace cf::ops

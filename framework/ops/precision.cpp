#include "framework/ops/precision.h"

#include <algorithm>

#include "framework/autograd/record.h"
#include "framework/core/profile.h"

namespace cf::ops {
namespace {

thread_local bool mixing_on = false;

bool is_mixed_type(const Tensor& t) { return t.defined() && (t.dtype() == DType::f32 || t.dtype() == DType::bf16); }

DType target_of(Mixing mixing, const std::vector<Tensor>& operands) {
  const auto is_full = [](const Tensor& t) { return t.defined() && t.dtype() == DType::f32; };
  switch (mixing) {
    case Mixing::narrow: return DType::bf16;
    case Mixing::widen: return std::any_of(operands.begin(), operands.end(), is_full) ? DType::f32 : DType::bf16;
    case Mixing::follow: return operands.front().dtype();
    case Mixing::full: return DType::f32;
  }
  return DType::f32;
}

}  // namespace

MixedPrecision::MixedPrecision(bool on) : before_(mixing_on) { mixing_on = mixing_on || on; }
MixedPrecision::~MixedPrecision() { mixing_on = before_; }

bool mixed_precision() { return mixing_on; }

Tensor cast(const Tensor& x, DType dtype) {
  const auto is_float = [](DType t) { return t == DType::f32 || t == DType::f64 || t == DType::bf16; };
  check(is_float(x.dtype()) && is_float(dtype), "cast: {} to {}: both must be floating-point types", name_of(x.dtype()),
        name_of(dtype));
  if (x.dtype() == dtype) return x;
  const OpRange range("cast");
  Tensor y = x.to(dtype);
  record("cast", {x}, {y}, [from = x.dtype()](const Backward& bw) { return Grads{bw.dy().to(from)}; });
  return y;
}

std::optional<std::vector<Tensor>> settle(Mixing mixing, const std::vector<Tensor>& operands) {
  if (!mixing_on || !is_mixed_type(operands.front())) return std::nullopt;
  const DType target = target_of(mixing, operands);
  std::vector<Tensor> settled = operands;
  bool changed = false;
  for (Tensor& t : settled) {
    if (!is_mixed_type(t) || t.dtype() == target) continue;
    t = cast(t, target);
    changed = true;
  }
  return changed ? std::optional(std::move(settled)) : std::nullopt;
}

std::optional<std::vector<Tensor>> settle(Mixing mixing, std::initializer_list<const Tensor*> operands) {
  if (!mixing_on) return std::nullopt;
  std::vector<Tensor> list;
  for (const Tensor* t : operands) list.push_back(*t);
  return settle(mixing, list);
}

}  // namespace cf::ops

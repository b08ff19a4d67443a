#include "framework/lab/kernel_cases.h"

#include <cmath>

#include "framework/gradcheck/dice.h"
#include "kernels/table.h"

namespace cf::lab {
namespace {

using Tensors = std::vector<Tensor>;
using Fill = CaseInput::Fill;

CaseInput fixed(const Shape& shape, Fill fill = Fill::normal) { return {shape, fill, false}; }

// lr, bias corrections of the third update, decay of the average.
Tensor step_values(Device device) {
  return Tensor::from<double>({kStepValues}, std::vector<double>{0.05, 1 - std::pow(0.9, 3), 1 - std::pow(0.999, 3), 0.8})
      .to(device);
}

// What an optimizer step changes: copies of p, of its state and of the average.
using Step = void (*)(const OptimKernels& k, const StepFrame& frame, const Tensors& changed, ConstView g);

// A step on n elements: clipped to a norm where `clipped`, with the average updated in the same pass.
GradCase step_case(const std::string& name, std::int64_t n, int states, bool clipped, Step step) {
  GradCase c = {name, {fixed({n}), fixed({n}), fixed({n})}, {}};
  for (int s = 0; s < states; ++s) c.inputs.push_back(fixed({n}, Fill::positive));
  c.fn = [clipped, step](const Tensors& in) {
    const OptimKernels& k = kernels_for(in[0].device()).optim;
    const Tensor values = step_values(in[0].device());
    const Tensor squares = Tensor::empty({1}, DType::f64, in[0].device());
    Tensors changed = {in[1].clone(), in[2].clone()};  // the average, p
    for (std::size_t s = 3; s < in.size(); ++s) changed.push_back(in[s].clone());
    k.squared_norm(in[0].cview(), squares.view());
    StepFrame frame;
    frame.values = values.cview();
    frame.squared_norm = squares.cview();
    frame.max_norm = clipped ? 0.5 : 0;
    frame.shadow = changed[0].view();
    step(k, frame, changed, in[0].cview());
    changed.push_back(squares);
    return changed;
  };
  return c;
}

void adam(const OptimKernels& k, const StepFrame& f, const Tensors& t, ConstView g) {
  k.adam({.weight_decay = 0.01}, f, t[1].view(), g, t[2].view(), t[3].view());
}
void adamw(const OptimKernels& k, const StepFrame& f, const Tensors& t, ConstView g) {
  k.adam({.weight_decay = 0.01, .decoupled = true}, f, t[1].view(), g, t[2].view(), t[3].view());
}
void sgd(const OptimKernels& k, const StepFrame& f, const Tensors& t, ConstView g) {
  k.sgd({.momentum = 0.9, .weight_decay = 0.01}, f, t[1].view(), g, t[2].view());
}
void rmsprop(const OptimKernels& k, const StepFrame& f, const Tensors& t, ConstView g) {
  k.rmsprop({.weight_decay = 0.01}, f, t[1].view(), g, t[2].view());
}

GradCase clip_case(const std::string& name, std::int64_t n) {
  return {name, {fixed({n})}, [](const Tensors& in) {
            const OptimKernels& k = kernels_for(in[0].device()).optim;
            const Tensor squares = Tensor::empty({1}, DType::f64, in[0].device());
            const Tensor x = in[0].clone();
            k.squared_norm(x.cview(), squares.view());
            k.clip(0.5, squares.cview(), x.view());
            return Tensors{x, squares};
          }};
}

GradCase ema_case(const std::string& name, std::int64_t n) {
  return {name, {fixed({n}), fixed({n})}, [](const Tensors& in) {
            const Tensor shadow = in[0].clone();
            kernels_for(shadow.device()).optim.ema(step_values(shadow.device()).cview(), shadow.view(), in[1].cview());
            return Tensors{shadow};
          }};
}

GradCases optim_cases_of(const std::string& variant, std::int64_t n, bool clipped) {
  return {step_case("adam." + variant, n, 2, clipped, adam),
          step_case("adamw." + variant, n, 2, clipped, adamw),
          step_case("sgd." + variant, n, 1, clipped, sgd),
          step_case("rmsprop." + variant, n, 1, clipped, rmsprop),
          clip_case("clip." + variant, n),
          ema_case("ema." + variant, n)};
}

GradCases optim_cases() { return optim_cases_of("some", 1000, true); }
GradCases random_optim_cases(Dice& dice) {
  const std::int64_t n = dice.between(1, 3000);
  return optim_cases_of("random", n, dice.coin());
}

// To another type and back, and a constant.
GradCase cast_case(const std::string& name, const Shape& shape, DType to) {
  return {name, {fixed(shape)}, [to](const Tensors& in) { return Tensors{in[0].to(to).to(in[0].dtype())}; }};
}
GradCase fill_case(const std::string& name, const Shape& shape) {
  return {name, {fixed(shape)}, [](const Tensors& in) {
            return Tensors{Tensor::full(in[0].shape(), -0.75, in[0].dtype(), in[0].device())};
          }};
}

GradCases cast_cases() {
  const Shape odd = {3, 5, 7};
  return {cast_case("cast.bf16", odd, DType::bf16), cast_case("cast.i64", odd, DType::i64), cast_case("cast.u8", odd, DType::u8),
          cast_case("cast.f64", odd, DType::f64), fill_case("fill", odd)};
}
GradCases random_cast_cases(Dice& dice) {
  return {cast_case("cast.random", dice.any(), dice.pick(std::array{DType::bf16, DType::u8, DType::u16})),
          fill_case("fill.random", dice.any())};
}

// Samples in every symmetry; the scale is a power of two, so that results are exact in every dtype.
GradCase patches_case(const std::string& name, const CaseInput& set) {
  return {name, {set}, [](const Tensors& in) {
            const Tensor set_in = in[0].dtype() == DType::u8 ? in[0] : in[0].to(DType::f32);
            const Shape& s = set_in.shape();
            std::vector<std::int64_t> index;
            std::vector<std::uint8_t> turns;
            for (std::uint8_t o = 0; o <= orientation::kAll; ++o) {
              if ((o & orientation::kTranspose) != 0 && s[1] != s[2]) continue;
              index.push_back((7 * o + 1) % s[0]);
              turns.push_back(o);
            }
            const auto n = static_cast<std::int64_t>(index.size());
            const Tensor indices = Tensor::from<std::int64_t>({n}, index).to(set_in.device());
            const Tensor orientations = Tensor::from<std::uint8_t>({n}, turns).to(set_in.device());
            const DType dtype = in[0].dtype() == DType::bf16 ? DType::bf16 : DType::f32;
            const Tensor out = Tensor::empty({n, s[1], s[2], s[3]}, dtype, set_in.device());
            kernels_for(set_in.device()).patches.gather(set_in.cview(), indices.cview(), orientations.cview(), 4, out.view());
            return Tensors{out};
          }};
}

GradCases patches_cases() {
  return {patches_case("gather.square", fixed({3, 5, 5, 3})), patches_case("gather.wide", fixed({2, 4, 7, 8})),
          patches_case("gather.u8", {{4, 6, 6, 5}, Fill::mask, false})};
}
GradCases random_patches_cases(Dice& dice) {
  Shape set = dice.image();
  if (dice.coin()) set[2] = set[1];
  return {patches_case("gather.random", fixed(set))};
}

constexpr CaseFamily kFamilies[] = {{"patches", patches_cases, random_patches_cases},
                                    {"optim", optim_cases, random_optim_cases},
                                    {"elementwise", cast_cases, random_cast_cases}};

}  // namespace

std::span<const CaseFamily> kernel_case_families() { return kFamilies; }

}  // namespace cf::lab

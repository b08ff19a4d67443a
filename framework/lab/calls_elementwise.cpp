// Calls of kernels that touch each element a few times: element-wise, reductions, copies, losses, gates, optimizer steps.
#include <cmath>
#include <numeric>

#include "framework/lab/calls.h"

namespace cf::lab {
namespace {

double count(const Tensor& t) { return static_cast<double>(t.numel()); }
Shape per_pixel(const Shape& image) { return {image[0], image[1], image[2], 1}; }

}  // namespace

void elementwise_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  const Tensor dy = b.normal(image);
  const Tensor other = b.normal(image);
  const Tensor channel = b.normal({image[3]});
  const Tensor pixel = b.normal(per_pixel(image));
  const Tensor mask = b.mask(image);
  struct Function {
    const char* name;
    Unary op;
    double flop;  // forward, per element
  };
  for (const Function& f : {Function{"affine", Unary::affine, 2}, Function{"relu", Unary::relu, 1},
                            Function{"silu", Unary::silu, 4}, Function{"tanh", Unary::tanh, 1}}) {
    const Tensor y = b.empty(image);
    const Tensor dx = b.empty(image);
    b.add("unary", fmt::format("{}, {}", f.name, image.str()), f.flop * count(x), {x}, {y}, [=](const KernelTable& k) {
      k.elementwise.unary(f.op, {0.5, 0.25}, x.cview(), y.view());
    });
    b.add("unary_grad", fmt::format("{}, {}", f.name, image.str()), (2 * f.flop + 1) * count(x), {x, dy}, {dx},
          [=](const KernelTable& k) {
            k.elementwise.unary_grad(f.op, {0.5, 0.25}, x.cview(), x.cview(), dy.cview(), dx.view());
          });
  }
  for (const auto& [name, op, operand] :
       {std::tuple{"add", Binary::add, other}, std::tuple{"mul", Binary::mul, channel}, std::tuple{"mul", Binary::mul, pixel}}) {
    const Tensor y = b.empty(image);
    b.add("binary", fmt::format("{}, {} and {}", name, image.str(), operand.shape().str()), count(x), {x, operand}, {y},
          [=, op = op, operand = operand](const KernelTable& k) {
            k.elementwise.binary(op, x.cview(), operand.cview(), y.view());
          });
  }
  const Tensor y = b.empty(image);
  b.add("where", image.str(), 0, {mask, x, other}, {y},
        [=](const KernelTable& k) { k.elementwise.where(mask.cview(), x.cview(), other.cview(), y.view()); });
  b.add("fill", image.str(), 0, {}, {y}, [=](const KernelTable& k) { k.elementwise.fill(0.5, y.view()); });
}

void reduce_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  for (const Shape& to : {Shape{image[3]}, per_pixel(image), Shape{image[0], 1, 1, image[3]}}) {
    const Tensor y = b.empty(to);
    b.add("sum_to", fmt::format("{} -> {}", image.str(), to.str()), count(x), {x}, {y},
          [=](const KernelTable& k) { k.reduce.sum_to(x.cview(), y.view()); });
  }
  const Tensor peak = b.empty(per_pixel(image));
  b.add("max_to", fmt::format("{} -> {}", image.str(), peak.shape().str()), count(x), {x}, {peak},
        [=](const KernelTable& k) { k.reduce.max_to(x.cview(), peak.view()); });
  const Tensor dy = b.normal(per_pixel(image));
  const Tensor dx = b.empty(image);
  b.add("expand", fmt::format("{} -> {}", dy.shape().str(), image.str()), count(x), {dy}, {dx},
        [=](const KernelTable& k) { k.reduce.expand(dy.cview(), 0.5, dx.view()); });
}

void layout_calls(Workbench& b, const Shape& image) {
  const std::int64_t h = image[1];
  const std::int64_t w = image[2];
  const std::int64_t c = image[3];
  const Tensor x = b.normal(image);
  const Tensor planes = b.empty({image[0], c, h, w});
  StridedCopy turn;
  turn.shape = planes.shape();
  turn.from = {h * w * c, 1, w * c, c};
  turn.to = {h * w * c, h * w, w, 1};
  b.add("copy", "permute " + image.str() + " to NCHW", 0, {x}, {planes},
        [=](const KernelTable& k) { k.layout.copy(turn, x.cview(), planes.view()); });
  const Tensor wide = b.normal({image[0], h, w, 2 * c});
  const Tensor part = b.empty(image);
  StridedCopy slice;
  slice.shape = {image[0] * h * w, c};
  slice.from = {2 * c, 1};
  slice.to = {c, 1};
  slice.from_offset = c;
  // Of `wide` as much is read as is written.
  b.add("copy", "the last channels of " + wide.shape().str(), 0, {part}, {part},
        [=](const KernelTable& k) { k.layout.copy(slice, wide.cview(), part.view()); });
  // One mirrored pixel on each side.
  const auto mirrored = [](std::int64_t n) {
    std::vector<std::int64_t> map(static_cast<std::size_t>(n) + 2);
    std::iota(map.begin(), map.end(), -1);
    map.front() = 1;
    map.back() = n - 2;
    return map;
  };
  const auto rows = mirrored(h);
  const auto cols = mirrored(w);
  const Tensor padded = b.normal({image[0], h + 2, w + 2, c});
  const Tensor y = b.empty_like(padded);
  const Tensor dx = b.empty(image);
  b.add("gather_hw", "pad " + image.str() + " by 1", 0, {x}, {y},
        [=](const KernelTable& k) { k.layout.gather_hw(x.cview(), rows, cols, y.view()); });
  b.add("gather_hw_grad", "pad " + image.str() + " by 1", 0, {padded}, {dx},
        [=](const KernelTable& k) { k.layout.gather_hw_grad(padded.cview(), rows, cols, dx.view()); });
}

void random_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  const Tensor y = b.empty(image);
  const DropoutParams p = {.p = 0.25, .seed = 1, .salt = 2};
  b.add("dropout", image.str(), count(x), {x}, {y}, [=](const KernelTable& k) { k.random.dropout(p, x.cview(), y.view()); });
}

void softmax_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  const Tensor dy = b.normal(image);
  const Tensor y = b.empty(image);
  const Tensor dx = b.empty(image);
  b.add("softmax", image.str(), 5 * count(x), {x}, {y}, [=](const KernelTable& k) { k.softmax.softmax(x.cview(), y.view()); });
  b.add("softmax_grad", image.str(), 4 * count(x), {x, dy}, {dx},
        [=](const KernelTable& k) { k.softmax.softmax_grad(x.cview(), dy.cview(), dx.view()); });
}

void loss_calls(Workbench& b, const Shape& image) {
  const Tensor x = b.normal(image);
  const Tensor target = b.normal(image);
  const Tensor dy = b.positive({1});
  for (const auto& [name, kind] : {std::pair{"l1", Loss::l1}, std::pair{"mse", Loss::mse}}) {
    const Tensor y = b.empty({1});
    const Tensor dx = b.empty(image);
    b.add("loss", fmt::format("{}, {}", name, image.str()), 3 * count(x), {x, target}, {y},
          [=, kind = kind](const KernelTable& k) { k.loss.loss(kind, 0, x.cview(), target.cview(), y.view()); });
    b.add(
        "loss_grad", fmt::format("{}, {}", name, image.str()), 3 * count(x), {x, target}, {dx},
        [=, kind = kind](const KernelTable& k) { k.loss.loss_grad(kind, 0, x.cview(), target.cview(), dy.cview(), dx.view()); });
  }
}

void fused_calls(Workbench& b, const Shape& image) {
  const Tensor gate = b.normal(image);
  const Tensor from_a = b.normal(image);
  const Tensor from_b = b.normal(image);
  const Tensor dy = b.normal(image);
  const Tensor y = b.empty(image);
  const std::vector<Tensor> grads = {b.empty(image), b.empty(image), b.empty(image)};
  b.add("gated_blend", image.str(), 6 * count(gate), {gate, from_a, from_b}, {y},
        [=](const KernelTable& k) { k.fused.gated_blend(gate.cview(), from_a.cview(), from_b.cview(), y.view()); });
  b.add("gated_blend_grad", image.str(), 9 * count(gate), {gate, from_a, from_b, dy}, grads, [=](const KernelTable& k) {
    k.fused.gated_blend_grad(gate.cview(), from_a.cview(), from_b.cview(), dy.cview(), grads[0].view(), grads[1].view(),
                             grads[2].view());
  });
  Shape two = image;
  two[3] = 2;
  const Tensor d_two = b.normal(two);
  const Tensor y_two = b.empty(two);
  const Tensor dx = b.empty(image);
  b.add("channel_max_mean", image.str(), 2 * count(gate), {gate}, {y_two},
        [=](const KernelTable& k) { k.fused.channel_max_mean(gate.cview(), y_two.view()); });
  b.add("channel_max_mean_grad", image.str(), 3 * count(gate), {gate, d_two}, {dx},
        [=](const KernelTable& k) { k.fused.channel_max_mean_grad(gate.cview(), d_two.cview(), dx.view()); });
}

void optim_calls(Workbench& b, const Shape& image) {
  const Shape flat = {image.numel()};
  const std::string what = flat.str() + " parameters";
  const double n = static_cast<double>(image.numel());
  const Tensor g = b.normal(flat);
  const Tensor values = b.numbers({1e-4, 1 - std::pow(0.9, 3), 1 - std::pow(0.999, 3), 0.999});
  const Tensor squares = b.numbers({0.5 * n});
  const Tensor sum = b.numbers({0});
  const auto state = [&](int more) {
    std::vector<Tensor> s = {b.normal(flat), b.normal(flat)};  // p and its average
    for (int i = 0; i < more; ++i) s.push_back(b.positive(flat));
    return s;
  };
  const auto with = [&](std::vector<Tensor> s) {
    s.push_back(g);
    return s;
  };
  const auto frame = [=](const std::vector<Tensor>& s) {
    StepFrame f;
    f.values = values.cview();
    f.squared_norm = squares.cview();
    f.max_norm = 1;
    f.shadow = s[1].view();
    return f;
  };
  const auto adam = state(2);
  b.add("adam", what + ", clipped, averaged", 18 * n, with(adam), adam, [=](const KernelTable& k) {
    k.optim.adam({.weight_decay = 0.01, .decoupled = true}, frame(adam), adam[0].view(), g.cview(), adam[2].view(),
                 adam[3].view());
  });
  const auto sgd = state(1);
  b.add("sgd", what + ", clipped, averaged", 9 * n, with(sgd), sgd,
        [=](const KernelTable& k) { k.optim.sgd({.momentum = 0.9}, frame(sgd), sgd[0].view(), g.cview(), sgd[2].view()); });
  const auto rmsprop = state(1);
  b.add("rmsprop", what + ", clipped, averaged", 12 * n, with(rmsprop), rmsprop,
        [=](const KernelTable& k) { k.optim.rmsprop({}, frame(rmsprop), rmsprop[0].view(), g.cview(), rmsprop[2].view()); });
  b.add("squared_norm", what, 2 * n, {g}, {sum}, [=](const KernelTable& k) { k.optim.squared_norm(g.cview(), sum.view()); });
}

}  // namespace cf::lab

#include <cctype>
#include <cstdlib>
#include <map>
#include <sstream>

#include "framework/autograd/engine.h"
#include "framework/ops/embedding.h"
#include "framework/ops/ops.h"
#include "tests/parity/checks.h"
#include "tests/parity/optimizers.h"

namespace cf::parity {
namespace {

using test::Fixture;
using Tensors = std::vector<Tensor>;

// What an operator's fixture gives it.
struct Arguments {
  const Fixture& f;
  const Setting& setting;
  std::map<std::string, Tensor> tensors;  // "in.x", "w.weight": leaves where the fixture has their gradient
  std::vector<double> suffix;             // the numbers behind the name: {2, 1} of pad_reflect_2_1

  const Tensor& in(const char* name = "x") const { return tensors.at(std::string("in.") + name); }
  const Tensor& w(const char* name) const { return tensors.at(std::string("w.") + name); }
  std::int64_t number(std::size_t i = 0) const { return static_cast<std::int64_t>(suffix.at(i)); }
};

using Op = Tensors (*)(const Arguments&);

ops::Conv2dOptions conv_options(const Fixture& f) {
  return {.stride = f.integer("stride"),
          .padding = f.integer("padding"),
          .dilation = f.integer("dilation"),
          .groups = f.integer("groups")};
}

ops::BatchNormState running_statistics(const std::filesystem::path& folder, const std::string& name, DType dtype) {
  const Fixture running(folder, name);
  return {running.get("before.mean", dtype), running.get("before.var", dtype)};
}

Tensors batch_norm(const Arguments& a, bool training) {
  const auto state = running_statistics(a.f.folder(), a.f.name() + "_running", a.setting.dtype);
  return {ops::batch_norm(a.in(), a.w("weight"), a.w("bias"), state, training, a.f.number("momentum"), a.f.number("eps"))};
}

ops::Padding padding(const Arguments& a) { return {a.number(0), a.number(0), a.number(1), a.number(1)}; }

Tensors interpolate(const Arguments& a) {
  const Shape& out = a.f.raw("out.0").shape();  // (N, C, H, W)
  const auto mode = a.f.text("mode") == "bicubic" ? ops::Interpolation::bicubic : ops::Interpolation::bilinear;
  return {ops::interpolate(a.in(), out[2], out[3], mode, a.f.text("align_corners") == "True")};
}

Tensors fourier_filter(const Arguments& a) {
  return {ops::fourier_filter(a.in(), a.f.integer("threshold"), a.f.number("scale"))};
}

Tensors laconv(const Arguments& a) { return {ops::laconv(a.in(), a.in("spatial"), a.in("channel"), a.w("weight"), a.w("bias"))}; }

// By name, or by its beginning where a parameter follows ("_2", "3x3").
const std::map<std::string, Op>& table() {
  static const std::map<std::string, Op> kTable = {
      {"conv", [](const Arguments& a) { return Tensors{ops::conv2d(a.in(), a.w("weight"), a.w("bias"), conv_options(a.f))}; }},
      {"conv_transpose",
       [](const Arguments& a) {
         return Tensors{ops::conv_transpose2d(a.in(), a.w("weight"), a.w("bias"), {.stride = a.f.integer("stride")})};
       }},
      {"linear", [](const Arguments& a) { return Tensors{ops::linear(a.in(), a.w("weight"), a.w("bias"))}; }},
      {"matmul_batched", [](const Arguments& a) { return Tensors{ops::matmul(a.in("a"), a.in("b"))}; }},
      {"layer_norm",
       [](const Arguments& a) { return Tensors{ops::layer_norm(a.in(), a.w("weight"), a.w("bias"), a.f.number("eps"))}; }},
      {"group_norm",
       [](const Arguments& a) {
         return Tensors{ops::group_norm(a.in(), a.f.integer("groups"), a.w("weight"), a.w("bias"), a.f.number("eps"))};
       }},
      {"batch_norm_train", [](const Arguments& a) { return batch_norm(a, true); }},
      {"batch_norm_eval", [](const Arguments& a) { return batch_norm(a, false); }},
      {"leaky_relu", [](const Arguments& a) { return Tensors{ops::leaky_relu(a.in(), a.suffix.at(0))}; }},
      {"relu", [](const Arguments& a) { return Tensors{ops::relu(a.in())}; }},
      {"silu", [](const Arguments& a) { return Tensors{ops::silu(a.in())}; }},
      {"sigmoid", [](const Arguments& a) { return Tensors{ops::sigmoid(a.in())}; }},
      {"softmax_last", [](const Arguments& a) { return Tensors{ops::softmax(a.in())}; }},
      {"abs", [](const Arguments& a) { return Tensors{ops::abs(a.in())}; }},
      {"tanh", [](const Arguments& a) { return Tensors{ops::tanh(a.in())}; }},
      {"exp", [](const Arguments& a) { return Tensors{ops::exp(a.in())}; }},
      {"prelu", [](const Arguments& a) { return Tensors{ops::prelu(a.in(), a.w("slope"))}; }},
      {"channel_max", [](const Arguments& a) { return Tensors{ops::max(a.in(), {3})}; }},
      {"channel_mean", [](const Arguments& a) { return Tensors{ops::mean(a.in(), {3})}; }},
      {"global_max",
       [](const Arguments& a) {
         return Tensors{ops::max(a.in(), {1, 2})};
       }},
      {"global_mean",
       [](const Arguments& a) {
         return Tensors{ops::mean(a.in(), {1, 2})};
       }},
      {"sum_all", [](const Arguments& a) { return Tensors{ops::sum(a.in(), {}, false)}; }},
      {"max_pool", [](const Arguments& a) { return Tensors{ops::max_pool2d(a.in(), a.number(), a.number())}; }},
      {"avg_pool", [](const Arguments& a) { return Tensors{ops::avg_pool2d(a.in(), a.number(), a.number())}; }},
      {"pad_reflect", [](const Arguments& a) { return Tensors{ops::pad(a.in(), padding(a), ops::PadMode::reflect)}; }},
      {"pad_replicate", [](const Arguments& a) { return Tensors{ops::pad(a.in(), padding(a), ops::PadMode::replicate)}; }},
      {"slice_half_channels", [](const Arguments& a) { return Tensors{ops::slice(a.in(), 3, 0, a.f.raw("out.0").dim(1))}; }},
      {"concat_channels",
       [](const Arguments& a) {
         return Tensors{ops::concat({a.in("x"), a.in("y")}, 3)};
       }},
      {"permute_nchw_nhwc",
       [](const Arguments& a) {
         return Tensors{ops::permute(a.in(), {0, 2, 3, 1})};
       }},
      {"resize_nearest",
       [](const Arguments& a) {
         const Shape& out = a.f.raw("out.0").shape();
         return Tensors{ops::interpolate(a.in(), out[2], out[3], ops::Interpolation::nearest)};
       }},
      {"interpolate_bilinear", interpolate},
      {"interpolate_bicubic", interpolate},
      {"fft2_re_im_last", [](const Arguments& a) { return Tensors{ops::fft2(a.in())}; }},
      {"fft2_abs", [](const Arguments& a) { return Tensors{ops::complex_abs(ops::fft2(a.in()))}; }},
      {"fourier_filter", fourier_filter},
      {"pixel_shuffle", [](const Arguments& a) { return Tensors{ops::pixel_shuffle(a.in(), a.number())}; }},
      {"pixel_unshuffle", [](const Arguments& a) { return Tensors{ops::pixel_unshuffle(a.in(), a.number())}; }},
      {"high_pass", [](const Arguments& a) { return Tensors{ops::high_pass(a.in())}; }},
      {"haar_dwt",
       [](const Arguments& a) {
         const auto bands = ops::haar_dwt(a.in());
         return Tensors(bands.begin(), bands.end());
       }},
      {"haar_iwt", [](const Arguments& a) { return Tensors{ops::haar_iwt(a.in("ll"), a.in("hl"), a.in("lh"), a.in("hh"))}; }},
      {"broadcast_mul", [](const Arguments& a) { return Tensors{ops::mul(a.in("x"), a.in("y"))}; }},
      {"broadcast_div_add",
       [](const Arguments& a) {
         return Tensors{ops::add(ops::div(a.in("x"), ops::affine(ops::abs(a.in("y")), 1, 1)), a.in("y"))};
       }},
      {"laconv_shared_channel", laconv},
      {"laconv_full_channel", laconv},
      {"l1_loss", [](const Arguments& a) { return Tensors{ops::l1_loss(a.in(), a.in("target"))}; }},
      {"mse_loss", [](const Arguments& a) { return Tensors{ops::mse_loss(a.in(), a.in("target"))}; }},
      {"charbonnier_loss",
       [](const Arguments& a) { return Tensors{ops::charbonnier_loss(a.in(), a.in("target"), a.suffix.at(0))}; }},
      {"timestep_embedding",
       [](const Arguments& a) { return Tensors{ops::timestep_embedding(a.in("t"), a.f.raw("out.0").dim(1))}; }},
  };
  return kTable;
}

// The longest entry that `name` is, or begins with before "_" or a digit.
const std::pair<const std::string, Op>* find_op(const std::string& name) {
  const std::pair<const std::string, Op>* best = nullptr;
  for (const auto& entry : table()) {
    const std::string& key = entry.first;
    if (!name.starts_with(key)) continue;
    if (name.size() > key.size() && name[key.size()] != '_' && std::isdigit(name[key.size()]) == 0) continue;
    if (best == nullptr || key.size() > best->first.size()) best = &entry;
  }
  return best;
}

std::vector<double> numbers_in(const std::string& text) {
  std::vector<double> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, '_');) {
    char* end = nullptr;
    const double value = std::strtod(part.c_str(), &end);
    if (!part.empty() && *end == '\0') numbers.push_back(value);
  }
  return numbers;
}

// These treat their operands as plain arrays, not as images.
bool keeps_layout(const std::string& name) {
  return name == "matmul_batched" || name == "softmax_last" || name == "permute_nchw_nhwc";
}

void check_operator(const Fixture& f, const Setting& setting, double tolerance, Report& report) {
  const UseKernels use(setting.backend);
  const auto load = [&](const std::string& name, DType dtype) {
    return keeps_layout(f.name()) ? f.raw(name).to(dtype) : f.get(name, dtype);
  };
  const auto& [key, op] = *find_op(f.name());
  Arguments a{f, setting, {}, numbers_in(f.name().substr(key.size()))};
  std::map<std::string, std::string> gradients;  // of what, and their names
  for (const auto& [prefix, gradient] : {std::pair{"in.", "gin."}, {"w.", "gw."}}) {
    for (const std::string& name : f.names(prefix)) {
      const Tensor& t = a.tensors[prefix + name] = load(prefix + name, setting.dtype);
      if (!f.has(gradient + name)) continue;
      t.set_requires_grad();
      gradients[prefix + name] = gradient + name;
    }
  }
  const Tensors outputs = op(a);
  check(outputs.size() == f.names("out.").size(), "{}: {} outputs, {} in the file", f.name(), outputs.size(),
        f.names("out.").size());
  Tensors seeds;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    report.compare(setting, fmt::format("out.{}", i), outputs[i], load(fmt::format("out.{}", i), DType::f64), tolerance);
    if (!gradients.empty()) seeds.push_back(load(fmt::format("gout.{}", i), setting.dtype));
  }
  if (gradients.empty()) return;
  backward(outputs, seeds);
  for (const auto& [of, name] : gradients) {
    const Tensor g = a.tensors.at(of).grad();
    check(g.defined(), "{}: no gradient reached {}", f.name(), of);
    report.compare(setting, name, g, load(name, DType::f64), tolerance);
  }
}

// The statistics that batch normalisation leaves behind; its input is in the file beside.
void check_running_statistics(const Fixture& f, const Setting& setting, double tolerance, Report& report) {
  const UseKernels use(setting.backend);
  const bool training = f.name() == "batch_norm_train_running";
  const Fixture call(f.folder(), training ? "batch_norm_train" : "batch_norm_eval");
  const ops::BatchNormState state = running_statistics(f.folder(), f.name(), setting.dtype);
  ops::batch_norm(call.get("in.x", setting.dtype), call.get("w.weight", setting.dtype), call.get("w.bias", setting.dtype), state,
                  training, call.number("momentum"), call.number("eps"));
  report.compare(setting, "after.mean", state.mean, f.get("after.mean"), tolerance);
  report.compare(setting, "after.var", state.var, f.get("after.var"), tolerance);
}

using Check = void (*)(const Fixture&, const Setting&, double tolerance, Report&);

// Null where nothing knows the file.
Check find_check(const std::string& name) {
  if (name == "batch_norm_train_running" || name == "batch_norm_eval_running") return check_running_statistics;
  if (knows_optimizer(name)) return check_optimizer;
  return find_op(name) != nullptr ? check_operator : nullptr;
}

}  // namespace

bool knows_op(const std::string& name) { return find_check(name) != nullptr; }

void check_op(const Fixture& f, Report& report) {
  const Check run = find_check(f.name());
  check(run != nullptr, "{}: no test handles this file", f.name());
  run(f, kExact, 1e-10, report);
  run(f, kFast, 1e-5, report);
}

}  // namespace cf::parity

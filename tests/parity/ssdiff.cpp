#include <algorithm>
#include <memory>

#include "framework/autograd/engine.h"
#include "framework/ops/loss.h"
#include "framework/optim/optimizer.h"
#include "models/registry.h"
#include "models/ssdiff/names.h"
#include "models/ssdiff/network.h"
#include "tests/parity/checks.h"
#include "tests/parity/networks.h"

namespace cf::parity {
namespace {

using test::Fixture;

// SSDiff for the images of a fixture, with the weights of one and the running statistics of another.
struct Network {
  ParamStore store;
  std::unique_ptr<FusionModel> model;

  Network(const Fixture& f, DType dtype) : store(dtype) {
    ModelConfig config;
    config.name = "ssdiff";
    config.bands = f.integer("bands");
    config.pan_bands = f.raw("in.pan").dim(1);
    config.ssdiff.dim = f.raw("w.conv_pan2x_t.weight").dim(0);
    model = make_model(config, store, 0);
    const std::size_t parameters = load(f, "w.", false);
    check(parameters == store.params().size(), "{}: holds {} weights, the network has {}", f.name(), parameters,
          store.params().size());
  }

  const Ssdiff& network() const { return dynamic_cast<const Ssdiff&>(*model); }

  // Copies tensors with published names; returns how many of them were parameters.
  std::size_t load(const Fixture& f, const std::string& prefix, bool only_buffers) const {
    std::size_t parameters = 0;
    for (const std::string& published : f.names(prefix)) {
      const std::string name = ssdiff::name_of_published(published);
      check(!name.empty(), "{}: {} is no part of the network", f.name(), published);
      const Tensor t = store.at(name);
      check(!only_buffers || !t.requires_grad(), "{}: {} is no buffer", f.name(), published);
      t.copy_from(f.get(prefix + published, store.dtype()));
      if (t.requires_grad()) ++parameters;
    }
    return parameters;
  }

  Tensor forward(const FusionInput& images, const Tensor& x_t, const std::vector<double>& steps, const NetworkOptions& o) const {
    return network().denoise(images, x_t, network().embed_steps(steps, store.dtype()), o);
  }
};

std::vector<double> numbers(const std::string& text) {
  std::vector<double> list;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    list.push_back(std::stod(text.substr(at, end - at)));
    at = end + 1;
  }
  return list;
}

FusionInput images_of(const Fixture& f, DType dtype) {
  return {f.get("in.pan", dtype), f.get("in.lms", dtype), f.get("in.ms", dtype)};
}

void check_network(const Fixture& f, bool training, const Setting& setting, double outputs, GradientTolerance gradient,
                   Report& report) {
  const UseKernels use(setting.backend);
  const Network network(f, setting.dtype);
  const Fixture running(f.folder(), f.name() + "_running");
  network.load(running, "before.", true);
  const FusionInput images = images_of(f, setting.dtype);
  const Tensor x_t = f.get("in.x_t", setting.dtype);
  for (const Tensor& t : {images.pan, images.lms, images.ms, x_t}) t.set_requires_grad();

  const Tensor y = network.forward(images, x_t, numbers(f.text("t")), {.batch_statistics = training});
  report.compare(setting, "out.0", y, f.get("out.0"), outputs);
  for (const std::string& published : running.names("after.")) {
    const Tensor got = network.store.at(ssdiff::name_of_published(published));
    report.compare(setting, "after." + published, got, running.get("after." + published), outputs);
  }
  backward(y, f.get("gout.0", setting.dtype));
  std::vector<Gradient> gradients = {{"gin.pan", images.pan.grad(), f.get("gin.pan")},
                                     {"gin.lms", images.lms.grad(), f.get("gin.lms")},
                                     {"gin.ms", images.ms.grad(), f.get("gin.ms")},
                                     {"gin.x_t", x_t.grad(), f.get("gin.x_t")}};
  for (const std::string& published : f.names("gw.")) {
    const Tensor parameter = network.store.at(ssdiff::name_of_published(published));
    gradients.push_back({"gw." + published, parameter.grad(), f.get("gw." + published)});
  }
  check(gradients.size() == network.store.params().size() + 4, "{}: holds {} gradients", f.name(), gradients.size());
  compare_gradients(gradients, setting, gradient, report);
}

// The published names of the parameters in order, as the norms in the file are.
std::vector<std::string> sorted_parameters(const Fixture& f, const Network& network, bool buffers) {
  std::vector<std::string> names;
  for (const std::string& published : f.names("w.")) {
    const bool is_buffer = !network.store.at(ssdiff::name_of_published(published)).requires_grad();
    if (is_buffer == buffers) names.push_back(published);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// What is that small against the largest stands for zero: it must be small here too.
void compare_norms(const Fixture& f, const Setting& setting, const std::string& what, const std::vector<std::string>& names,
                   const std::vector<double>& got, double tolerance, Report& report) {
  const Tensor stored = f.get("out." + what + "_f64");
  const auto want = stored.span<double>();
  check(want.size() == got.size(), "{}: {} {}, the network has {}", f.name(), want.size(), what, got.size());
  const double largest = *std::max_element(want.begin(), want.end());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool zero = want[i] < 1e-9 * largest;
    report.add(setting, what + " " + names[i], std::abs(got[i] - want[i]) / (zero ? largest : want[i]), tolerance);
  }
}

struct StepTolerance {
  double losses;
  double norms;
};

class Steps {
 public:
  Steps(const Fixture& f, const Setting& setting, const StepTolerance& tolerance, Report& report)
      : f_(f),
        setting_(setting),
        tolerance_(tolerance),
        report_(report),
        network_(f, setting.dtype),
        names_(sorted_parameters(f, network_, false)) {}

  // The gradients of both phases of branch-wise fine-tuning.
  void check_phases() {
    const Tensor kept = network_.store.flat_buffers().clone();
    for (const auto& [branch, name] : {std::pair{Branch::spectral, "spectral"}, std::pair{Branch::spatial, "spatial"}}) {
      network_.store.zero_grad();
      backward(loss(branch));
      std::vector<double> norms;
      for (const std::string& published : names_) norms.push_back(test::norm(parameter(published).grad()));
      compare(fmt::format("grad_norms_detach_{}", name), names_, norms);
      network_.store.flat_buffers().copy_from(kept);
    }
  }

  void check_training() {
    Optimizer optimizer(AdamWOptions{.weight_decay = f_.number("weight_decay")}, network_.store.flat(),
                        network_.store.flat_grad());
    Ema ema(network_.store.flat(), f_.number("ema"));
    ema.set_updates(1000);  // past the warm-up, which the file does not have
    std::vector<double> losses;
    for (std::int64_t i = 0; i < f_.raw("out.losses_f64").numel(); ++i) {
      const Tensor value = loss(Branch::none);
      network_.store.zero_grad();
      backward(value);
      optimizer.step(f_.number("lr"), {.ema = &ema});
      losses.push_back(value.item());
    }
    report_.compare(setting_, "out.losses", Tensor::from({static_cast<std::int64_t>(losses.size())}, losses),
                    f_.raw("out.losses_f64"), tolerance_.losses);
    std::vector<double> weights;
    std::vector<double> averages;
    for (const std::string& published : names_) {
      const Tensor p = parameter(published);
      weights.push_back(test::norm(p));
      averages.push_back(test::norm(Tensor::window(ema.shadow().storage(), p.storage_offset(), p.shape(), p.dtype())));
    }
    compare("weight_norms", names_, weights);
    compare("ema_norms", names_, averages);
    const auto buffers = sorted_parameters(f_, network_, true);
    std::vector<double> running;
    for (const std::string& published : buffers) running.push_back(test::norm(parameter(published)));
    compare("running_norms", buffers, running);
  }

 private:
  Tensor parameter(const std::string& published) const { return network_.store.at(ssdiff::name_of_published(published)); }

  Tensor loss(Branch detach) const {
    const Tensor t = f_.get("in.t_f64");
    const Tensor y = network_.forward(images_of(f_, setting_.dtype), f_.get("in.x_t", setting_.dtype), t.to_vector<double>(),
                                      {.batch_statistics = true, .detach = detach});
    return ops::l1_loss(y, f_.get("in.target", setting_.dtype));
  }

  void compare(const std::string& what, const std::vector<std::string>& names, const std::vector<double>& got) {
    compare_norms(f_, setting_, what, names, got, tolerance_.norms, report_);
  }

  const Fixture& f_;
  Setting setting_;
  StepTolerance tolerance_;
  Report& report_;
  Network network_;
  std::vector<std::string> names_;
};

void check_steps(const Fixture& f, const Setting& setting, const StepTolerance& tolerance, Report& report) {
  const UseKernels use(setting.backend);
  Steps steps(f, setting, tolerance, report);
  steps.check_phases();
  steps.check_training();
}

}  // namespace

void check_ssdiff(const Fixture& f, Report& report) {
  const bool training = f.name() == "ssdiff_train";
  check_network(f, training, kExact, 1e-6, {1e-6, 1e-6}, report);
  check_network(f, training, kFast, 2e-5, {2e-2, 2e-4}, report);
}

void check_ssdiff_steps(const Fixture& f, Report& report) {
  check_steps(f, kExact, {1e-9, 1e-6}, report);
  check_steps(f, kFast, {1e-5, 1e-3}, report);
}

}  // namespace cf::parity

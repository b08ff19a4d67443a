// Weights under SSDiff's published names, from a file as PyTorch writes it, give the fixture's output.
#include <map>
#include <memory>

#include "framework/io/files.h"
#include "framework/io/torch_file.h"
#include "models/import.h"
#include "models/registry.h"
#include "models/ssdiff/network.h"
#include "tests/harness/temp_folder.h"
#include "tests/harness/torch_writer.h"
#include "tests/parity/checks.h"

namespace cf::parity {
namespace {

// The whole published state dict: weights, running statistics, and what the network never uses.
NamedTensors state_dict(const test::Fixture& f) {
  const test::Fixture running(f.folder(), f.name() + "_running");
  std::map<std::string, Tensor> tensors;
  for (const std::string& name : f.names("w.")) tensors[name] = f.raw("w." + name);
  for (const std::string& name : running.names("before.")) tensors[name] = running.raw("before." + name);
  tensors["raise_ms_dim.0.weight"] = Tensor::zeros({32, 8, 3, 3});
  tensors["up0.up0.0.bias"] = Tensor::zeros({64});
  NamedTensors list;
  for (const auto& [name, value] : tensors) list.emplace_back(name, value.to(DType::f32));
  return list;
}

}  // namespace

void check_ssdiff_import(const test::Fixture& f, Report& report) {
  const test::TempFolder folder;
  write_file(folder / "published.pth", test::torch_state_dict(state_dict(f)));

  ModelConfig config;
  config.name = "ssdiff";
  config.bands = f.integer("bands");
  config.pan_bands = f.raw("in.pan").dim(1);
  ParamStore params;
  const auto model = make_model(config, params, 0);
  import_weights("ssdiff", params, read_torch(folder / "published.pth").tensors, "published.pth");

  const auto& network = dynamic_cast<const Ssdiff&>(*model);
  const auto in = [&](const char* name) { return f.get(std::string("in.") + name, DType::f32); };
  const Tensor time = network.embed_steps(f.numbers("t"), DType::f32);
  const Tensor y = network.denoise({in("pan"), in("lms"), in("ms")}, in("x_t"), time, {.batch_statistics = false});
  report.compare(kFast, "out.0, weights imported", y, f.get("out.0"), 2e-5);
}

}  // namespace cf::parity

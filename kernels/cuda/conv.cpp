// Convolutions by cuDNN.
#include "kernels/conv.h"

#include <mutex>

#include "kernels/cuda/context.h"
#include "kernels/cuda/conv_plans.h"
#include "kernels/cuda/conv_roles.h"
#include "kernels/cuda/plan_cache.h"
#include "kernels/cuda/plan_choice.h"
#include "kernels/cuda/timing.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {
namespace {

void execute(const ConvPlan& plan, const ConvCall& call, ConstView bias) {
  const Workspace memory(call.x.device, plan.workspace);
  std::vector<std::int64_t> ids = {static_cast<std::int64_t>(ConvOperand::x), static_cast<std::int64_t>(ConvOperand::w),
                                   static_cast<std::int64_t>(ConvOperand::y)};
  std::vector<void*> addresses = {call.x.data, call.w.data, call.y.data};
  if (bias) {
    ids.push_back(static_cast<std::int64_t>(ConvOperand::bias));
    addresses.push_back(const_cast<void*>(bias.data));
  }
  CudnnDescriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids)
      .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, addresses)
      .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, memory.as<void>())
      .finalize();
  check_status(cudnn().execute(cudnn_handle(), plan.plan.raw(), pack.raw()), "convolution");
}

// False: there is no plan that does all of it, and nothing was done.
bool run_planned(const ConvCall& call, ConstView bias, double slope) {
  constexpr std::size_t kPlans = 512;
  static auto& plans = *new PlanCache<ConvKey, std::optional<ConvPlan>>("convolution", kPlans);  // the driver may end before us
  static std::mutex mutex;                                                                       // of the plans and the handle
  const std::scoped_lock lock(mutex);
  const DType dtype = call.x.dtype;
  check(dtype == DType::f32 || dtype == DType::bf16, "convolution: computes in f32 or bf16 on a GPU, got {}", name_of(dtype));
  const bool recording = services_of(call.x.device).recording(call.x.device.index);
  const ConvKey key = {call.pass,           call.g,     dtype,
                       bool(bias),          slope,      common_alignment({call.x.data, call.w.data, call.y.data, bias.data}),
                       call.x.device.index, math_mode()};
  TimeConv time;
  if (key.mode.autotune && !recording) {
    time = [&](const ConvPlan& plan) { return shortest_run([&] { execute(plan, call, bias); }); };
  }
  const auto& plan = plans.get(
      key, [&] { return make_conv_plan(key, time); }, recording ? Lifetime::forever : Lifetime::until_dropped);
  if (!plan) return false;
  execute(*plan, call, bias);
  return true;
}

struct Cudnn {
  static void run(const ConvCall& call) { run_planned(call, {}, 1); }
  static bool run_fused(const ConvCall& call, ConstView bias, double slope) {
    if (slope != 1 && !may_take_in_leaky(call.x.dtype, math_mode())) return false;
    return run_planned(call, bias, slope);
  }
};

}  // namespace

void fill(ConvKernels& k) { ConvRoles<Cudnn>::fill(k); }

}  // namespace cf::cuda

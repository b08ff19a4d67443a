// Matrix products by cuBLASLt.
#include "kernels/matmul.h"

#include <array>
#include <limits>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/device_services.h"
#include "kernels/cuda/cublaslt.h"
#include "kernels/cuda/epilogue.h"
#include "kernels/cuda/matmul_plan.h"
#include "kernels/cuda/plan_cache.h"
#include "kernels/cuda/plan_choice.h"
#include "kernels/cuda/timing.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {
namespace {

// cuBLASLt's memory of a product; it takes some of it as changeable though it only reads.
struct MatmulPlan {
  cublasLtMatmulDescOpaque_t operation;
  cublasLtMatrixLayoutOpaque_t left, right, result;
  cublasLtMatmulAlgo_t algorithm;
  std::size_t workspace;
};

struct MatmulOperands {
  ConstView a, b, bias;
  View y;
};

cudaDataType_t type_of(DType t) { return t == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F; }

template <class T>
void set_operation(MatmulPlan& p, cublasLtMatmulDescAttributes_t name, T value) {
  check_status(cublaslt().set_operation(&p.operation, name, &value, sizeof(value)), "describing a matrix product");
}

template <class T>
void set_preference(cublasLtMatmulPreferenceOpaque_t& p, cublasLtMatmulPreferenceAttributes_t name, T value) {
  check_status(cublaslt().set_preference(&p, name, &value, sizeof(value)), "describing a matrix product");
}

void describe_layout(cublasLtMatrixLayoutOpaque_t& layout, const GemmMatrix& m, std::int64_t batch, DType dtype) {
  check_status(cublaslt().init_layout(&layout, sizeof(layout), type_of(dtype), static_cast<std::uint64_t>(m.rows),
                                      static_cast<std::uint64_t>(m.columns), m.leading),
               "describing a matrix");
  const auto count = static_cast<std::int32_t>(batch);
  check_status(cublaslt().set_layout(&layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof(count)), "describing a matrix");
  check_status(
      cublaslt().set_layout(&layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &m.batch_stride, sizeof(m.batch_stride)),
      "describing a matrix");
}

MatmulPlan describe(const MatmulKey& key) {
  MatmulPlan p{};
  const GemmDescription d = describe_gemm(key.g);
  const bool tf32 = key.dtype == DType::f32 && key.mode.tf32;
  check_status(cublaslt().init_operation(&p.operation, sizeof(p.operation),
                                         tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
               "describing a matrix product");
  set_operation(p, CUBLASLT_MATMUL_DESC_TRANSA, d.transpose_left ? CUBLAS_OP_T : CUBLAS_OP_N);
  set_operation(p, CUBLASLT_MATMUL_DESC_TRANSB, d.transpose_right ? CUBLAS_OP_T : CUBLAS_OP_N);
  if (key.bias) {
    set_operation(p, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    // The choice of an algorithm reads the alignment off this address: here one that has no more than the key says.
    set_operation(p, CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<std::uintptr_t>(key.alignment));
  }
  describe_layout(p.left, d.left, d.batch, key.dtype);
  describe_layout(p.right, d.right, d.batch, key.dtype);
  describe_layout(p.result, d.result, d.batch, key.dtype);
  return p;
}

cublasLtMatmulPreferenceOpaque_t preference_of(const MatmulKey& key) {
  cublasLtMatmulPreferenceOpaque_t p{};
  check_status(cublaslt().init_preference(&p, sizeof(p)), "describing a matrix product");
  set_preference(p, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{key.mode.workspace_limit});
  // Partial sums in f32, brought together in a fixed order; the other schemes round them to the result's type, or add them up as
  // they come.
  set_preference(p, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                 static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
  for (const auto name : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
    set_preference(p, name, static_cast<std::uint32_t>(key.alignment));
  }
  return p;
}

cublasStatus_t execute(MatmulPlan& p, const MatmulOperands& o) {
  // Workspaces of cuBLASLt lie at multiples of 256 bytes.
  constexpr std::size_t kAlignment = 256;
  const Workspace memory(o.y.device, p.workspace + kAlignment);
  const auto address = (reinterpret_cast<std::uintptr_t>(memory.as<void>()) + kAlignment - 1) / kAlignment * kAlignment;
  const float one = 1;
  const float zero = 0;
  // The left factor is our b; see matmul_plan.h.
  return cublaslt().matmul(cublaslt_handle(), &p.operation, &one, o.b.data, &p.left, o.a.data, &p.right, &zero, o.y.data,
                           &p.result, o.y.data, &p.result, &p.algorithm, reinterpret_cast<void*>(address), p.workspace, stream());
}

// None where cuBLASLt has no algorithm. `time`: whether algorithms may be timed.
std::optional<MatmulPlan> make_plan(const MatmulKey& key, const MatmulOperands& o, bool time) {
  constexpr int kTimed = 5;
  MatmulPlan plan = describe(key);
  cublasLtMatmulPreferenceOpaque_t preference = preference_of(key);
  std::array<cublasLtMatmulHeuristicResult_t, kTimed> found{};
  int count = 0;
  const cublasStatus_t status = cublaslt().suggest(cublaslt_handle(), &plan.operation, &plan.left, &plan.right, &plan.result,
                                                   &plan.result, &preference, time ? kTimed : 1, found.data(), &count);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return {};
  check_status(status, "choosing an algorithm for a matrix product");
  if (time && o.bias) set_operation(plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, o.bias.data);
  std::vector<Suggestion> suggestions;
  for (const auto& f : std::span(found).first(static_cast<std::size_t>(count))) {
    plan.algorithm = f.algo;
    plan.workspace = f.workspaceSize;
    const bool timed = time && count > 1 && succeeded(execute(plan, o));
    suggestions.push_back({f.workspaceSize, timed ? shortest_run([&] { execute(plan, o); }) : -1});
  }
  const auto best = choose(suggestions, key.mode.workspace_limit);
  if (!best) return {};
  plan.algorithm = found[*best].algo;
  plan.workspace = found[*best].workspaceSize;
  return plan;
}

// False: there is no plan.
bool run_planned(const MatmulGeometry& g, const MatmulOperands& o) {
  constexpr std::size_t kPlans = 512;
  static PlanCache<MatmulKey, std::optional<MatmulPlan>> plans("matmul", kPlans);
  static std::mutex mutex;  // of the plans, and of the bias that one is told of
  const std::scoped_lock lock(mutex);
  const int alignment = common_alignment({o.a.data, o.b.data, o.bias.data, o.y.data});
  const MatmulKey key = {g, o.y.dtype, bool(o.bias), alignment, o.y.device.index, math_mode()};
  const bool time = key.mode.autotune && !services_of(o.y.device).recording(o.y.device.index);
  auto& plan = plans.get(key, [&] { return make_plan(key, o, time); });
  if (!plan) return false;
  if (o.bias) set_operation(*plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, o.bias.data);
  check_status(execute(*plan, o), "matrix product");
  return true;
}

void matmul(MatmulParams p, ConstView a, ConstView b, ConstView bias, View y) {
  const MatmulGeometry g = matmul_geometry(p, a.shape, y.shape);
  if (y.numel() == 0) return;
  check(y.dtype == DType::f32 || y.dtype == DType::bf16, "matmul: computes in f32 or bf16 on a GPU, got {}", name_of(y.dtype));
  check(g.batch <= std::numeric_limits<std::int32_t>::max(), "matmul: {} products at once are more than cuBLASLt takes", g.batch);
  if (g.k == 0) {
    services_of(y.device).zero(y.device.index, y.data, static_cast<std::size_t>(y.numel()) * size_of(y.dtype));
    return add_bias_leaky(y, bias, 1);
  }
  if (bias && run_planned(g, {a, b, bias, y})) return;
  check(run_planned(g, {a, b, {}, y}), "matmul: cuBLASLt has no algorithm for {} products of {} x {} with {} x {} in {}", g.batch,
        g.m, g.k, g.k, g.n, name_of(y.dtype));
  add_bias_leaky(y, bias, 1);
}

}  // namespace

void fill(MatmulKernels& k) { k.matmul = matmul; }

}  // namespace cf::cuda

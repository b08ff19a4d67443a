#include "kernels/matmul.h"

#include "kernels/cpu/bf16.h"
#include "kernels/cpu/dnnl.h"
#include "kernels/math_mode.h"
#include "kernels/matmul_geometry.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

using dnnl::memory;

struct MatmulKey {
  MatmulGeometry g;
  bool bias;
  bool bf16;  // factors are rounded to it
  auto operator<=>(const MatmulKey&) const = default;
};

struct MatmulPlan {
  dnnl::matmul primitive;
  memory::desc a, b, bias, y, scratchpad;
};

// A stack of matrices; a single one is described without the batch dimension, for which oneDNN has faster code.
memory::desc layout(memory::data_type type, std::int64_t batch, std::int64_t rows, std::int64_t columns, std::int64_t row,
                    std::int64_t column) {
  if (batch == 1) return {{rows, columns}, type, memory::dims{row, column}};
  return {{batch, rows, columns}, type, memory::dims{rows * columns, row, column}};
}

MatmulPlan make_plan(const MatmulKey& key) {
  const MatmulGeometry& g = key.g;
  MatmulPlan plan;
  const memory::data_type factor = key.bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  plan.a = layout(factor, g.batch, g.m, g.k, g.a_row(), g.a_column());
  plan.b = layout(factor, g.batch, g.k, g.n, g.b_row(), g.b_column());
  plan.y = layout(memory::data_type::f32, g.batch, g.m, g.n, g.n, 1);
  if (key.bias) {
    plan.bias = g.batch == 1 ? memory::desc({1, g.n}, memory::data_type::f32, memory::dims{g.n, 1})
                             : memory::desc({1, 1, g.n}, memory::data_type::f32, memory::dims{g.n, g.n, 1});
  }
  const auto d = describe_matmul(plan.a, plan.b, plan.bias, plan.y, 1);
  plan.primitive = dnnl::matmul(d);
  plan.scratchpad = d.scratchpad_desc();
  return plan;
}

// With short sides there is little to save, and the factors must be rounded first. Where the border lies best was not measured.
bool suits_bf16(const MatmulGeometry& g) { return g.m >= 32 && g.n >= 32 && g.k >= 32; }

template <bool always_bf16>
void matmul(MatmulParams p, ConstView a, ConstView b, ConstView bias, View y) {
  static PlanCache<MatmulKey, MatmulPlan> cache("matrix product");
  const MatmulGeometry g = matmul_geometry(p, a.shape, y.shape);
  if (a.dtype != DType::f32 || y.numel() == 0 || g.k == 0)
    return kernel_table(Backend::reference).matmul.matmul(p, a, b, bias, y);
  const bool bf16 = suits_bf16(g) && (always_bf16 ? cpu_has_bf16_units() : bf16_wanted());
  const MatmulPlan& plan = cache.get({g, bool(bias), bf16}, make_plan);
  const Factor left(plan.a, a.data);
  const Factor right(plan.b, b.data);
  DnnlArguments arguments = {
      {DNNL_ARG_SRC, left.memory()}, {DNNL_ARG_WEIGHTS, right.memory()}, {DNNL_ARG_DST, dnnl_memory(plan.y, y.data)}};
  if (bias) arguments.emplace(DNNL_ARG_BIAS, dnnl_memory(plan.bias, bias.data));
  run(plan.primitive, std::move(arguments), plan.scratchpad);
}

}  // namespace

void fill(MatmulKernels& k) { k.matmul = matmul<false>; }

void matmul_bf16(MatmulKernels& k) { k.matmul = matmul<true>; }

}  // namespace cf::cpu

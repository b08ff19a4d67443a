#include "kernels/matmul.h"

#include "kernels/cpu/dnnl.h"
#include "kernels/matmul_geometry.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

using dnnl::memory;

struct MatmulKey {
  MatmulGeometry g;
  bool bias;
  auto operator<=>(const MatmulKey&) const = default;
};

struct MatmulPlan {
  dnnl::matmul primitive;
  memory::desc a, b, bias, y, scratchpad;
};

// A stack of matrices; a single one is described without the batch dimension, for which oneDNN has faster code.
memory::desc layout(std::int64_t batch, std::int64_t rows, std::int64_t columns, std::int64_t row, std::int64_t column) {
  if (batch == 1) return {{rows, columns}, memory::data_type::f32, memory::dims{row, column}};
  return {{batch, rows, columns}, memory::data_type::f32, memory::dims{rows * columns, row, column}};
}

MatmulPlan make_plan(const MatmulKey& key) {
  const MatmulGeometry& g = key.g;
  MatmulPlan plan;
  plan.a = layout(g.batch, g.m, g.k, g.a_row(), g.a_column());
  plan.b = layout(g.batch, g.k, g.n, g.b_row(), g.b_column());
  plan.y = layout(g.batch, g.m, g.n, g.n, 1);
  if (key.bias) {
    plan.bias = g.batch == 1 ? memory::desc({1, g.n}, memory::data_type::f32, memory::dims{g.n, 1})
                             : memory::desc({1, 1, g.n}, memory::data_type::f32, memory::dims{g.n, g.n, 1});
  }
  const auto d = describe_matmul(plan.a, plan.b, plan.bias, plan.y, 1);
  plan.primitive = dnnl::matmul(d);
  plan.scratchpad = d.scratchpad_desc();
  return plan;
}

void matmul(MatmulParams p, ConstView a, ConstView b, ConstView bias, View y) {
  static PlanCache<MatmulKey, MatmulPlan> cache("matrix product");
  const MatmulGeometry g = matmul_geometry(p, a.shape, y.shape);
  if (a.dtype != DType::f32 || y.numel() == 0 || g.k == 0)
    return kernel_table(Backend::reference).matmul.matmul(p, a, b, bias, y);
  const MatmulPlan& plan = cache.get({g, bool(bias)}, make_plan);
  DnnlArguments arguments = {{DNNL_ARG_SRC, dnnl_memory(plan.a, a.data)},
                             {DNNL_ARG_WEIGHTS, dnnl_memory(plan.b, b.data)},
                             {DNNL_ARG_DST, dnnl_memory(plan.y, y.data)}};
  if (bias) arguments.emplace(DNNL_ARG_BIAS, dnnl_memory(plan.bias, bias.data));
  run(plan.primitive, std::move(arguments), plan.scratchpad);
}

}  // namespace

void fill(MatmulKernels& k) { k.matmul = matmul; }

}  // namespace cf::cpu

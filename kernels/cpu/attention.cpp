#include "kernels/attention.h"

#include "kernels/cpu/attention_problem.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

const AttentionKernels& plain() { return kernel_table(Backend::reference).attention; }

void attention_fwd(AttentionParams p, ConstView q, ConstView k, ConstView v, View out, View lse) {
  if (q.dtype != DType::f32) return plain().attention_fwd(p, q, k, v, out, lse);
  AttentionProblem problem(p, q, k, v);
  problem.out = out.as<float>();
  problem.lse = lse.as<float>();
  attention_forward(problem);
}

void attention_bwd(AttentionParams p, ConstView q, ConstView k, ConstView v, ConstView out, ConstView lse, ConstView dout,
                   View dq, View dk, View dv) {
  if (q.dtype != DType::f32) return plain().attention_bwd(p, q, k, v, out, lse, dout, dq, dk, dv);
  AttentionProblem problem(p, q, k, v);
  const auto wanted = [](const View& view) { return view ? view.as<float>() : nullptr; };
  problem.saved_out = out.as<float>();
  problem.saved_lse = lse.as<float>();
  problem.dout = dout.as<float>();
  problem.dq = wanted(dq);
  problem.dk = wanted(dk);
  problem.dv = wanted(dv);
  attention_backward(problem);
}

void covariance(ConstView a, ConstView b, View m) {
  if (a.dtype != DType::f32) return plain().cross_covariance(a, b, m);
  cross_covariance(a, b, m);
}

void product(bool transpose, ConstView x, ConstView m, View y) {
  if (x.dtype != DType::f32) return plain().head_matmul(transpose, x, m, y);
  head_matmul(transpose, x, m, y);
}

}  // namespace

void fill(AttentionKernels& k) {
  k.attention_fwd = attention_fwd;
  k.attention_bwd = attention_bwd;
  k.cross_covariance = covariance;
  k.head_matmul = product;
}

}  // namespace cf::cpu

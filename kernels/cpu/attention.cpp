#include "kernels/attention.h"

#include "kernels/cpu/attention_problem.h"
#include "kernels/cpu/bf16.h"
#include "kernels/cpu/matrix_tiles.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

// Where a processor has no matrix units, all are by vectors, in f32.
enum class Way { best, vectors, bf16 };

const AttentionKernels& plain() { return kernel_table(Backend::reference).attention; }

bool by_tiles(Way way, const AttentionParams& p) {
  return way != Way::vectors && p.head_dim <= kMostTileChannels && has_matrix_tiles();
}

bool one_part(Way way) { return way == Way::bf16 || bf16_wanted(); }

template <Way way>
void attention_fwd(AttentionParams p, ConstView q, ConstView k, ConstView v, View out, View lse) {
  if (q.dtype != DType::f32) return plain().attention_fwd(p, q, k, v, out, lse);
  AttentionProblem problem(p, q, k, v);
  problem.out = out.as<float>();
  problem.lse = lse.as<float>();
  by_tiles(way, p) ? attention_forward_tiles(problem, one_part(way)) : attention_forward(problem);
}

template <Way way>
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
  by_tiles(way, p) ? attention_backward_tiles(problem, one_part(way)) : attention_backward(problem);
}

void covariance(ConstView a, ConstView b, View m) {
  if (a.dtype != DType::f32) return plain().cross_covariance(a, b, m);
  cross_covariance(a, b, m);
}

void product(bool transpose, ConstView x, ConstView m, View y) {
  if (x.dtype != DType::f32) return plain().head_matmul(transpose, x, m, y);
  head_matmul(transpose, x, m, y);
}

template <Way way>
void between_tokens(AttentionKernels& k) {
  k.attention_fwd = attention_fwd<way>;
  k.attention_bwd = attention_bwd<way>;
}

}  // namespace

void fill(AttentionKernels& k) {
  between_tokens<Way::best>(k);
  k.cross_covariance = covariance;
  k.head_matmul = product;
}

void attention_vectors(AttentionKernels& k) { between_tokens<Way::vectors>(k); }

void attention_bf16(AttentionKernels& k) { between_tokens<Way::bf16>(k); }

}  // namespace cf::cpu

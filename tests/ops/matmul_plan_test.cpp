// What cuBLASLt is told of a matrix product, carried out as it stands there on column-major matrices and compared with the
// reference.
#include "kernels/cuda/matmul_plan.h"

#include <doctest/doctest.h>

#include "framework/gradcheck/problem.h"
#include "kernels/table.h"
#include "tests/harness/compare.h"

using namespace cf;

namespace {

std::int64_t place(const cuda::GemmMatrix& m, std::int64_t batch, std::int64_t row, std::int64_t column, bool transposed) {
  const std::int64_t i = transposed ? column : row;
  const std::int64_t j = transposed ? row : column;
  REQUIRE(i < m.rows);
  REQUIRE(j < m.columns);
  REQUIRE(m.leading >= m.rows);
  return batch * m.batch_stride + j * m.leading + i;
}

// The bias is added per row of the result, as CUBLASLT_EPILOGUE_BIAS says.
void carry_out(const cuda::GemmDescription& d, const float* left, const float* right, const float* bias, float* result) {
  const std::int64_t inner = d.transpose_left ? d.left.rows : d.left.columns;
  REQUIRE(inner == (d.transpose_right ? d.right.columns : d.right.rows));
  for (std::int64_t batch = 0; batch < d.batch; ++batch) {
    for (std::int64_t i = 0; i < d.result.rows; ++i) {
      for (std::int64_t j = 0; j < d.result.columns; ++j) {
        double sum = bias == nullptr ? 0 : static_cast<double>(bias[i]);
        for (std::int64_t l = 0; l < inner; ++l) {
          sum += static_cast<double>(left[place(d.left, batch, i, l, d.transpose_left)]) *
                 static_cast<double>(right[place(d.right, batch, l, j, d.transpose_right)]);
        }
        result[place(d.result, batch, i, j, false)] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace

TEST_CASE("matrix products described to cuBLASLt are those of the reference") {
  struct Extents {
    Shape batch;
    std::int64_t m, n, k;
  };
  for (const Extents& e : {Extents{{}, 2, 3, 4}, Extents{{3}, 4, 2, 5}, Extents{{2, 2}, 1, 5, 3}, Extents{{2}, 3, 1, 1}}) {
    for (int which = 0; which < 8; ++which) {
      const MatmulParams p = {(which & 1) != 0, (which & 2) != 0};
      CAPTURE(which);
      const auto drawn = [&](const char* name, std::int64_t rows, std::int64_t columns) {
        std::vector<std::int64_t> dims(e.batch.begin(), e.batch.end());
        dims.insert(dims.end(), {rows, columns});
        return Draw(name, 3).normal(Shape(dims)).to(DType::f32);
      };
      const Tensor a = p.transpose_a ? drawn("a", e.k, e.m) : drawn("a", e.m, e.k);
      const Tensor b = p.transpose_b ? drawn("b", e.n, e.k) : drawn("b", e.k, e.n);
      const Tensor bias = (which & 4) != 0 ? Draw("bias", 3).normal({e.n}).to(DType::f32) : Tensor();
      const Tensor want = drawn("y", e.m, e.n);
      const Tensor got = drawn("y", e.m, e.n);
      kernel_table(Backend::reference)
          .matmul.matmul(p, a.cview(), b.cview(), bias.defined() ? bias.cview() : ConstView(), want.view());
      const auto described = cuda::describe_gemm(matmul_geometry(p, a.shape(), got.shape()));
      carry_out(described, b.span<float>().data(), a.span<float>().data(), bias.defined() ? bias.span<float>().data() : nullptr,
                got.span<float>().data());
      CHECK(test::relative_error(got, want) <= 1e-6);
    }
  }
}

TEST_CASE("plans of matrix products tell apart what differs") {
  const cuda::MatmulKey key = {matmul_geometry({}, {2, 3}, {2, 4}), DType::f32, false, 16, 0, {}};
  cuda::MatmulKey other = key;
  CHECK(other == key);
  other.g.transpose_b = true;
  CHECK(other != key);
  other = key;
  other.mode.deterministic = true;
  CHECK(other != key);
}

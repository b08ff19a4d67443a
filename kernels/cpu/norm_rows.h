// Row kernels of normalisation in f32. Sums over rows are taken in f32 over short blocks and in f64 beyond.
#pragma once

#include <cstdint>

namespace cf::cpu {

// Some rows of x (rows, channels) and of what goes with them; a pointer that a kernel does not name is not used.
struct NormRows {
  std::int64_t rows = 0;
  std::int64_t channels = 0;
  const float* x = nullptr;
  const float* dy = nullptr;
  float* y = nullptr;
  float* dx = nullptr;
};

// --- by rows (layer norm): one mean per row ---

struct NormRowParams {
  float eps;
  const float* weight;  // (channels)
};

// Writes mean and var (rows), and y.
void norm_rows(const NormRows& r, const NormRowParams& p, const float* bias, float* mean, float* var);
// Writes dx unless it is null; sums (2, channels) += what the rows add to dweight and dbias.
void norm_rows_grad(const NormRows& r, const NormRowParams& p, const float* mean, const float* var, double* sums);

// --- by columns (group and batch norm): numbers per channel ---

// sums[c] += sum over rows of x
void column_sums(const NormRows& r, double* sums);
// sums[c] += sum over rows of (x - centre)^2
void column_squares(const NormRows& r, const float* centre, double* sums);
// sums (2, channels) += sums over rows of dy * (x - centre) and of dy
void column_products(const NormRows& r, const float* centre, double* sums);

// y = (x - centre) * scale + bias
void column_apply(const NormRows& r, const float* centre, const float* scale, const float* bias);

// dx = dy * scale - shift - (x - centre) * slope
struct NormGradFactors {
  const float *centre, *scale, *shift, *slope;
};
void column_grad(const NormRows& r, const NormGradFactors& f);

}  // namespace cf::cpu

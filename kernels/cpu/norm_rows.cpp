#include "kernels/cpu/norm_rows.h"

#include <algorithm>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/norm_rows.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include "kernels/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {
namespace {

constexpr std::int64_t kBlock = 64;  // rows

// Calls fn(block) for consecutive parts of at most kBlock rows.
template <class F>
void for_each_block(const NormRows& all, F&& fn) {
  for (std::int64_t begin = 0; begin < all.rows; begin += kBlock) {
    const std::int64_t at = begin * all.channels;
    NormRows block = {std::min(kBlock, all.rows - begin), all.channels, all.x + at, nullptr, nullptr, nullptr};
    if (all.dy != nullptr) block.dy = all.dy + at;
    if (all.dx != nullptr) block.dx = all.dx + at;
    fn(block, begin);
  }
}

void add_to(double* sums, const std::vector<float>& terms) {
  for (std::size_t c = 0; c < terms.size(); ++c) sums[c] += static_cast<double>(terms[c]);
}

// The sum of term(i, k), zero beyond the row's end, over the vectors of a row.
template <class Term>
HWY_INLINE float row_sum(F32 d, std::size_t channels, Term term) {
  Vec sum = hn::Zero(d);
  for_vectors(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR {
    sum = hn::Add(sum, hn::IfThenElseZero(hn::FirstN(d, k), term(i, k)));
  });
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

// --- by rows ---

void rows_fwd(const NormRows& r, const NormRowParams& p, const float* bias, float* mean_out, float* var_out) {
  const F32 d;
  const auto channels = static_cast<std::size_t>(r.channels);
  const float share = 1.0F / static_cast<float>(channels);
  for (std::int64_t row = 0; row < r.rows; ++row) {
    const float* x = r.x + row * r.channels;
    float* y = r.y + row * r.channels;
    const float centre = share * row_sum(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR { return load_n(d, x + i, k); });
    const Vec mean = hn::Set(d, centre);
    const float variance = share * row_sum(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR {
                             const Vec v = hn::Sub(load_n(d, x + i, k), mean);
                             return hn::Mul(v, v);
                           });
    const Vec rstd = hn::Set(d, 1.0F / std::sqrt(variance + p.eps));
    mean_out[row] = centre;
    var_out[row] = variance;
    for_vectors(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR {
      store_n(d,
              hn::MulAdd(hn::Mul(hn::Sub(load_n(d, x + i, k), mean), rstd), load_n(d, p.weight + i, k), load_n(d, bias + i, k)),
              y + i, k);
    });
  }
}

void rows_grad(const NormRows& all, const NormRowParams& p, const float* means, const float* vars, double* sums) {
  const F32 d;
  const auto channels = static_cast<std::size_t>(all.channels);
  const float share = 1.0F / static_cast<float>(channels);
  for_each_block(all, [&](const NormRows& r, std::int64_t first) HWY_ATTR {
    std::vector<float> dweight(channels);
    std::vector<float> dbias(channels);
    for (std::int64_t row = 0; row < r.rows; ++row) {
      const float* x = r.x + row * r.channels;
      const float* dy = r.dy + row * r.channels;
      const Vec mean = hn::Set(d, means[first + row]);
      const Vec rstd = hn::Set(d, 1.0F / std::sqrt(vars[first + row] + p.eps));
      const auto normal = [&](std::size_t i, std::size_t k)
                              HWY_ATTR { return hn::Mul(hn::Sub(load_n(d, x + i, k), mean), rstd); };
      for_vectors(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR {
        store_n(d, hn::Add(load_n(d, dbias.data() + i, k), load_n(d, dy + i, k)), dbias.data() + i, k);
        store_n(d, hn::MulAdd(load_n(d, dy + i, k), normal(i, k), load_n(d, dweight.data() + i, k)), dweight.data() + i, k);
      });
      if (r.dx == nullptr) continue;
      const Vec mean_g = hn::Set(d, share * row_sum(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR {
                                      return hn::Mul(load_n(d, dy + i, k), load_n(d, p.weight + i, k));
                                    }));
      const Vec mean_gz = hn::Set(d, share * row_sum(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR {
                                       return hn::Mul(hn::Mul(load_n(d, dy + i, k), load_n(d, p.weight + i, k)), normal(i, k));
                                     }));
      float* dx = r.dx + row * r.channels;
      for_vectors(d, channels, [&](std::size_t i, std::size_t k) HWY_ATTR {
        const Vec g = hn::MulSub(load_n(d, dy + i, k), load_n(d, p.weight + i, k), mean_g);
        store_n(d, hn::Mul(rstd, hn::NegMulAdd(normal(i, k), mean_gz, g)), dx + i, k);
      });
    }
    add_to(sums, dweight);
    add_to(sums + channels, dbias);
  });
}

// --- by columns ---

void column_sums_here(const NormRows& all, double* sums) {
  const F32 d;
  for_each_block(all, [&](const NormRows& r, std::int64_t) HWY_ATTR {
    std::vector<float> block(static_cast<std::size_t>(r.channels));
    for_vectors(d, block.size(), [&](std::size_t i, std::size_t k) HWY_ATTR {
      Vec sum = hn::Zero(d);
      for (std::int64_t row = 0; row < r.rows; ++row) sum = hn::Add(sum, load_n(d, r.x + row * r.channels + i, k));
      store_n(d, sum, block.data() + i, k);
    });
    add_to(sums, block);
  });
}

void column_squares_here(const NormRows& all, const float* centre, double* sums) {
  const F32 d;
  for_each_block(all, [&](const NormRows& r, std::int64_t) HWY_ATTR {
    std::vector<float> block(static_cast<std::size_t>(r.channels));
    for_vectors(d, block.size(), [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec mean = load_n(d, centre + i, k);
      Vec sum = hn::Zero(d);
      for (std::int64_t row = 0; row < r.rows; ++row) {
        const Vec v = hn::Sub(load_n(d, r.x + row * r.channels + i, k), mean);
        sum = hn::MulAdd(v, v, sum);
      }
      store_n(d, sum, block.data() + i, k);
    });
    add_to(sums, block);
  });
}

void column_products_here(const NormRows& all, const float* centre, double* sums) {
  const F32 d;
  for_each_block(all, [&](const NormRows& r, std::int64_t) HWY_ATTR {
    std::vector<float> products(static_cast<std::size_t>(r.channels));
    std::vector<float> plain(products.size());
    for_vectors(d, plain.size(), [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec mean = load_n(d, centre + i, k);
      Vec product = hn::Zero(d);
      Vec sum = hn::Zero(d);
      for (std::int64_t row = 0; row < r.rows; ++row) {
        const Vec dy = load_n(d, r.dy + row * r.channels + i, k);
        product = hn::MulAdd(dy, hn::Sub(load_n(d, r.x + row * r.channels + i, k), mean), product);
        sum = hn::Add(sum, dy);
      }
      store_n(d, product, products.data() + i, k);
      store_n(d, sum, plain.data() + i, k);
    });
    add_to(sums, products);
    add_to(sums + r.channels, plain);
  });
}

void column_apply_here(const NormRows& r, const float* centre, const float* scale, const float* bias) {
  const F32 d;
  for (std::int64_t row = 0; row < r.rows; ++row) {
    const std::int64_t at = row * r.channels;
    for_vectors(d, static_cast<std::size_t>(r.channels), [&](std::size_t i, std::size_t k) HWY_ATTR {
      store_n(d,
              hn::MulAdd(hn::Sub(load_n(d, r.x + at + i, k), load_n(d, centre + i, k)), load_n(d, scale + i, k),
                         load_n(d, bias + i, k)),
              r.y + at + i, k);
    });
  }
}

void column_grad_here(const NormRows& r, const NormGradFactors& f) {
  const F32 d;
  for (std::int64_t row = 0; row < r.rows; ++row) {
    const std::int64_t at = row * r.channels;
    for_vectors(d, static_cast<std::size_t>(r.channels), [&](std::size_t i, std::size_t k) HWY_ATTR {
      const Vec direct = hn::MulSub(load_n(d, r.dy + at + i, k), load_n(d, f.scale + i, k), load_n(d, f.shift + i, k));
      store_n(d,
              hn::NegMulAdd(hn::Sub(load_n(d, r.x + at + i, k), load_n(d, f.centre + i, k)), load_n(d, f.slope + i, k), direct),
              r.dx + at + i, k);
    });
  }
}

}  // namespace
}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cf::cpu {

HWY_EXPORT(rows_fwd);
HWY_EXPORT(rows_grad);
HWY_EXPORT(column_sums_here);
HWY_EXPORT(column_squares_here);
HWY_EXPORT(column_products_here);
HWY_EXPORT(column_apply_here);
HWY_EXPORT(column_grad_here);

void norm_rows(const NormRows& r, const NormRowParams& p, const float* bias, float* mean, float* var) {
  HWY_DYNAMIC_DISPATCH(rows_fwd)(r, p, bias, mean, var);
}
void norm_rows_grad(const NormRows& r, const NormRowParams& p, const float* mean, const float* var, double* sums) {
  HWY_DYNAMIC_DISPATCH(rows_grad)(r, p, mean, var, sums);
}
void column_sums(const NormRows& r, double* sums) { HWY_DYNAMIC_DISPATCH(column_sums_here)(r, sums); }
void column_squares(const NormRows& r, const float* centre, double* sums) {
  HWY_DYNAMIC_DISPATCH(column_squares_here)(r, centre, sums);
}
void column_products(const NormRows& r, const float* centre, double* sums) {
  HWY_DYNAMIC_DISPATCH(column_products_here)(r, centre, sums);
}
void column_apply(const NormRows& r, const float* centre, const float* scale, const float* bias) {
  HWY_DYNAMIC_DISPATCH(column_apply_here)(r, centre, scale, bias);
}
void column_grad(const NormRows& r, const NormGradFactors& f) { HWY_DYNAMIC_DISPATCH(column_grad_here)(r, f); }

}  // namespace cf::cpu
#endif

// Optimizer steps on the GPU, in f32: bound by memory, 16 bytes at a time. What the numbers of a step come to is worked out
// once per block.
#include "kernels/optim.h"

#include <algorithm>
#include <cmath>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/workspace.h"
#include "kernels/optim_functors.h"

namespace cf::cuda {
namespace {

// Enough blocks to keep a large GPU busy, few enough that their preparation does not count.
constexpr std::int64_t kMostBlocks = 1024;

Grid grid_of_few(std::int64_t threads) {
  Grid grid = grid_for(threads);
  grid.blocks.x = std::min<unsigned>(grid.blocks.x, kMostBlocks);
  return grid;
}

// Calls fn(width, i) for every i below n that this thread deals with: width N at multiples of N, then 1 for the rest.
template <int N, class F>
CF_DEVICE void for_elements(std::int64_t n, F fn) {
  const std::int64_t whole = n / N;
  for (std::int64_t i = simt::global_thread(); i < whole; i += simt::global_threads()) {
    fn(std::integral_constant<int, N>(), i * N);
  }
  for (std::int64_t i = whole * N + simt::global_thread(); i < n; i += simt::global_threads()) {
    fn(std::integral_constant<int, 1>(), i);
  }
}

// Calls fn(width): 4 where all addresses allow 16-byte accesses (null does), else 1.
template <class F>
void with_width(std::initializer_list<const void*> addresses, F&& fn) {
  bool wide = true;
  for (const void* a : addresses) wide = wide && aligned16(a);
  if (wide) {
    fn(std::integral_constant<int, simt::kVec<float>>());
  } else {
    fn(std::integral_constant<int, 1>());
  }
}

// A StepFrame and the buffers of one update.
template <int kState>
struct Update {
  const double* values;
  const double* squared_norm;
  double max_norm;
  float* p;
  const float* g;
  float* state[kState];
  float* shadow;
};

template <class Element>
struct BlockNumbers {
  Element element;
  functors::EmaElement<float> average;
  double factor;
};

template <class Element, int N>
CF_KERNEL void update_kernel(std::int64_t n, typename Element::Step step, Update<Element::kState> u) {
  CF_SHARED(BlockNumbers<Element>, numbers, 1);
  if (simt::thread().x == 0) {
    numbers->element = Element(step, u.values);
    numbers->average = functors::EmaElement<float>(u.values);
    numbers->factor = functors::gradient_factor(u.squared_norm, u.max_norm);
  }
  simt::sync();
  if (!std::isfinite(numbers->factor)) return;
  const Element element = numbers->element;
  const functors::EmaElement<float> average = numbers->average;
  const auto factor = static_cast<float>(numbers->factor);
  for_elements<N>(n, [&](auto width, std::int64_t i) {
    constexpr int kWidth = width();
    auto p = simt::load<kWidth>(u.p + i);
    const auto g = simt::load<kWidth>(u.g + i);
    simt::Vec<float, kWidth> state[Element::kState];
    for (int s = 0; s < Element::kState; ++s) state[s] = simt::load<kWidth>(u.state[s] + i);
    for (int e = 0; e < kWidth; ++e) {
      float mine[Element::kState];
      for (int s = 0; s < Element::kState; ++s) mine[s] = state[s].v[e];
      p.v[e] = element(p.v[e], factor * g.v[e], mine);
      for (int s = 0; s < Element::kState; ++s) state[s].v[e] = mine[s];
    }
    simt::store(p, u.p + i);
    for (int s = 0; s < Element::kState; ++s) simt::store(state[s], u.state[s] + i);
    if (u.shadow != nullptr) {
      auto shadow = simt::load<kWidth>(u.shadow + i);
      for (int e = 0; e < kWidth; ++e) shadow.v[e] = average(shadow.v[e], p.v[e]);
      simt::store(shadow, u.shadow + i);
    }
  });
}

template <int N>
CF_KERNEL void clip_kernel(std::int64_t n, double max_norm, const double* squared_norm, float* x) {
  const double norm_factor = functors::gradient_factor(squared_norm, max_norm);
  if (!std::isfinite(norm_factor)) return;
  const auto factor = static_cast<float>(norm_factor);
  for_elements<N>(n, [&](auto width, std::int64_t i) {
    auto v = simt::load<width()>(x + i);
    for (float& e : v.v) e *= factor;
    simt::store(v, x + i);
  });
}

template <int N>
CF_KERNEL void ema_kernel(std::int64_t n, const double* values, float* shadow, const float* p) {
  const functors::EmaElement<float> average(values);
  for_elements<N>(n, [&](auto width, std::int64_t i) {
    auto v = simt::load<width()>(shadow + i);
    const auto w = simt::load<width()>(p + i);
    for (int e = 0; e < width(); ++e) v.v[e] = average(v.v[e], w.v[e]);
    simt::store(v, shadow + i);
  });
}

// One sum per block.
template <int N>
CF_KERNEL void squares_kernel(std::int64_t n, const float* x, double* sums) {
  CF_SHARED(double, scratch, simt::kWarp);
  double sum = 0;
  for_elements<N>(n, [&](auto width, std::int64_t i) {
    const auto v = simt::load<width()>(x + i);
    for (const float e : v.v) sum += static_cast<double>(e) * static_cast<double>(e);
  });
  sum = simt::block_sum(sum, scratch);
  if (simt::thread().x == 0) sums[simt::block().x] = sum;
}

CF_KERNEL void add_sums_kernel(int n, const double* sums, double* total) {
  CF_SHARED(double, scratch, simt::kWarp);
  double sum = 0;
  for (auto i = static_cast<int>(simt::thread().x); i < n; i += static_cast<int>(simt::threads().x)) sum += sums[i];
  sum = simt::block_sum(sum, scratch);
  if (simt::thread().x == 0) *total = sum;
}

const double* double_or_null(ConstView v) { return v ? v.as<double>() : nullptr; }

void check_f32(const char* op, DType t) { check(t == DType::f32, "{}: computes in f32 on a GPU, got {}", op, name_of(t)); }

template <class Element, class... State>
void update(const char* op, const typename Element::Step& s, const StepFrame& f, View p, ConstView g, State... state) {
  check_f32(op, p.dtype);
  const Update<Element::kState> u{
      f.values.as<double>(),           double_or_null(f.squared_norm),           f.max_norm, p.as<float>(), g.as<float>(),
      {state.template as<float>()...}, f.shadow ? f.shadow.as<float>() : nullptr};
  with_width({u.p, u.g, state.data..., u.shadow}, [&](auto width) {
    launch(op, update_kernel<Element, width()>, grid_of_few(p.numel() / width() + 1), p.numel(), s, u);
  });
}

void adam(const AdamStep& s, const StepFrame& f, View p, ConstView g, View m, View v) {
  update<functors::AdamElement<float>>("adam", s, f, p, g, m, v);
}

void sgd(const SgdStep& s, const StepFrame& f, View p, ConstView g, View velocity) {
  update<functors::SgdElement<float>>("sgd", s, f, p, g, velocity);
}

void rmsprop(const RmspropStep& s, const StepFrame& f, View p, ConstView g, View square) {
  update<functors::RmspropElement<float>>("rmsprop", s, f, p, g, square);
}

void squared_norm(ConstView x, View sum) {
  check_f32("squared_norm", x.dtype);
  with_width({x.data}, [&](auto width) {
    const Grid grid = grid_of_few(x.numel() / width() + 1);
    const Workspace sums(x.device, grid.blocks.x * sizeof(double));
    launch("squared_norm", squares_kernel<width()>, grid, x.numel(), x.as<float>(), sums.as<double>());
    launch("squared_norm_sum", add_sums_kernel, Grid{{1}, {kThreads}}, static_cast<int>(grid.blocks.x), sums.as<double>(),
           sum.as<double>());
  });
}

void clip(double max_norm, ConstView squared_norm, View x) {
  check_f32("clip", x.dtype);
  with_width({x.data}, [&](auto width) {
    launch("clip", clip_kernel<width()>, grid_of_few(x.numel() / width() + 1), x.numel(), max_norm, squared_norm.as<double>(),
           x.as<float>());
  });
}

void ema(ConstView values, View shadow, ConstView p) {
  check_f32("ema", shadow.dtype);
  with_width({shadow.data, p.data}, [&](auto width) {
    launch("ema", ema_kernel<width()>, grid_of_few(shadow.numel() / width() + 1), shadow.numel(), values.as<double>(),
           shadow.as<float>(), p.as<float>());
  });
}

}  // namespace

void fill(OptimKernels& k) {
  k.adam = adam;
  k.sgd = sgd;
  k.rmsprop = rmsprop;
  k.squared_norm = squared_norm;
  k.clip = clip;
  k.ema = ema;
}

}  // namespace cf::cuda

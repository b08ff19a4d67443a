// Reductions on the GPU. Dimensions that are reduced alike become one, and each range of reduced ones is one reduction
// (kernels/cuda/reduction.h), the innermost first.
#include "kernels/reduce.h"

#include <array>

#include "kernels/cuda/reduction.h"

namespace cf::cuda {
namespace {

using simt::narrow;
using simt::widen;

// The dimensions of a tensor, outermost first, neighbours that are kept or reduced alike taken together.
class Runs {
 public:
  Runs(const Shape& large, const Shape& small) {
    for (int d = 0; d < large.rank(); ++d) {
      const int from_last = large.rank() - d;
      add({large[d], from_last > small.rank() || small[-from_last] == 1});
    }
  }

  // The range reduced next, as the middle of (outer, rows, columns); rows is 1 where none is left.
  std::int64_t outer() const { return product(0, next()); }
  std::int64_t rows() const { return next() < count_ ? at(next()).extent : 1; }
  std::int64_t columns() const { return product(next() + 1, count_); }
  bool last() const { return runs_reduced() <= 1; }
  Runs without_next() const {
    Runs rest;
    for (int i = 0; i < count_; ++i) {
      if (i != next()) rest.add(at(i));
    }
    return rest;
  }
  std::int64_t innermost() const { return count_ > 0 ? at(count_ - 1).extent : 1; }
  bool innermost_reduced() const { return count_ > 0 && at(count_ - 1).reduced; }

 private:
  struct Run {
    std::int64_t extent;
    bool reduced;
  };

  Runs() = default;
  const Run& at(int i) const { return runs_[static_cast<std::size_t>(i)]; }
  void add(Run run) {
    if (run.extent == 1) return;
    if (count_ > 0 && at(count_ - 1).reduced == run.reduced) {
      runs_[static_cast<std::size_t>(count_ - 1)].extent *= run.extent;
    } else {
      runs_[static_cast<std::size_t>(count_++)] = run;
    }
  }
  int runs_reduced() const {
    int n = 0;
    for (int i = 0; i < count_; ++i) n += at(i).reduced ? 1 : 0;
    return n;
  }
  int next() const {
    for (int i = count_ - 1; i >= 0; --i) {
      if (at(i).reduced) return i;
    }
    return count_;
  }
  std::int64_t product(int begin, int end) const {
    std::int64_t n = 1;
    for (int i = begin; i < end; ++i) n *= at(i).extent;
    return n;
  }

  std::array<Run, Shape::kMaxRank> runs_{};
  int count_ = 0;
};

template <class Op, class Source, class Sink>
void reduce_runs(const char* name, Device device, const Runs& runs, Source source, Sink sink) {
  using Total = typename Op::Total;
  if (runs.last()) return reduce<Op>(name, device, runs.outer(), runs.rows(), runs.columns(), source, sink);
  const Workspace partial(device, static_cast<std::size_t>(runs.outer() * runs.columns()) * sizeof(Total));
  reduce<Op>(name, device, runs.outer(), runs.rows(), runs.columns(), source, Results<Total>{partial.as<Total>()});
  reduce_runs<Op>(name, device, runs.without_next(), Elements<Total>{partial.as<Total>()}, sink);
}

// The elements of a reduced tensor that belong to N neighbouring ones of the tensor it was reduced from; N divides the
// innermost run.
struct Repeated {
  BroadcastIndex index;
  bool one;  // for all N

  Repeated(const Shape& large, const Shape& small) : index(large, small, small), one(Runs(large, small).innermost_reduced()) {}

  template <int N, class T>
  CF_DEVICE simt::Vec<T, N> load(const T* x, std::int64_t i) const {
    const T* from = x + index.offsets(i).a;
    if (!one) return simt::load<N>(from);
    simt::Vec<T, N> v;
    for (T& e : v.v) e = *from;
    return v;
  }
};

// 1 for what reaches the maximum.
template <class T>
struct Ties {
  using Value = float;
  static constexpr int kWide = simt::kVec<T>;
  const T* x;
  const T* y;
  Repeated repeated;

  bool wide() const { return aligned16(x) && aligned16(y); }
  template <int N>
  CF_DEVICE simt::Vec<float, N> load(std::int64_t offset) const {
    const auto in = simt::load<N>(x + offset);
    const auto top = repeated.load<N>(y, offset);
    simt::Vec<float, N> out;
    for (int e = 0; e < N; ++e) out.v[e] = reaches(widen(in.v[e]), widen(top.v[e])) ? 1.0F : 0.0F;
    return out;
  }
};

template <class T, int N>
CF_KERNEL void max_to_grad_kernel(std::int64_t pieces, Repeated repeated, const T* x, const T* y, const T* dy, const float* ties,
                                  T* dx) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    auto v = simt::load<N>(x + i * N);
    const auto top = repeated.load<N>(y, i * N);
    const auto g = repeated.load<N>(dy, i * N);
    const auto shared = repeated.load<N>(ties, i * N);
    for (int e = 0; e < N; ++e) {
      v.v[e] = narrow<T>(reaches(widen(v.v[e]), widen(top.v[e])) ? widen(g.v[e]) / shared.v[e] : 0.0F);
    }
    simt::store(v, dx + i * N);
  }
}

template <class T, int N>
CF_KERNEL void expand_kernel(std::int64_t pieces, Repeated repeated, float scale, const T* x, T* y) {
  for (std::int64_t i = simt::global_thread(); i < pieces; i += simt::global_threads()) {
    auto v = repeated.load<N>(x, i * N);
    for (T& e : v.v) e = narrow<T>(scale * widen(e));
    simt::store(v, y + i * N);
  }
}

template <class Op>
void reduce_to(const char* name, ConstView x, View y) {
  dispatch_gpu(x.dtype, name, [&](auto zero) {
    using T = decltype(zero);
    reduce_runs<Op>(name, y.device, Runs(x.shape, y.shape), Elements<T>{x.as<T>()}, Results<T>{y.as<T>()});
  });
}

void max_to_grad(ConstView x, ConstView y, ConstView dy, View dx) {
  dispatch_gpu(x.dtype, "max_to_grad", [&](auto zero) {
    using T = decltype(zero);
    const Runs runs(x.shape, y.shape);
    const Repeated repeated(x.shape, y.shape);
    const Workspace ties(dx.device, static_cast<std::size_t>(y.numel()) * sizeof(float));
    reduce_runs<Sum>("max_to_grad", dx.device, runs, Ties<T>{x.as<T>(), y.as<T>(), repeated}, Results<float>{ties.as<float>()});
    with_vector_width<T>({x.data, y.data, dy.data, dx.data}, runs.innermost(), [&](auto width, std::int64_t) {
      const std::int64_t pieces = x.numel() / width();
      launch("max_to_grad", max_to_grad_kernel<T, width()>, grid_for(pieces), pieces, repeated, x.as<T>(), y.as<T>(), dy.as<T>(),
             ties.as<float>(), dx.as<T>());
    });
  });
}

void expand(ConstView x, double scale, View y) {
  dispatch_gpu(x.dtype, "expand", [&](auto zero) {
    using T = decltype(zero);
    with_vector_width<T>({x.data, y.data}, Runs(y.shape, x.shape).innermost(), [&](auto width, std::int64_t) {
      const std::int64_t pieces = y.numel() / width();
      launch("expand", expand_kernel<T, width()>, grid_for(pieces), pieces, Repeated(y.shape, x.shape), static_cast<float>(scale),
             x.as<T>(), y.as<T>());
    });
  });
}

}  // namespace

void fill(ReduceKernels& k) {
  k.sum_to = [](ConstView x, View y) { reduce_to<Sum>("sum_to", x, y); };
  k.max_to = [](ConstView x, View y) { reduce_to<Maximum>("max_to", x, y); };
  k.max_to_grad = max_to_grad;
  k.expand = expand;
}

}  // namespace cf::cuda

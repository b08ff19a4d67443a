#include "kernels/fft.h"

#include <kiss_fft.h>

#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "framework/core/parallel.h"
#include "framework/core/storage.h"
#include "kernels/table.h"

namespace cf::cpu {
namespace {

const FftKernels& slow() { return kernel_table(Backend::reference).fft; }

// --- KissFFT's plans: read-only once made, so threads share them ---

struct FreePlan {
  void operator()(kiss_fft_cfg plan) const { kiss_fft_free(plan); }
};
using Plan = std::shared_ptr<kiss_fft_state>;

Plan plan_for(std::int64_t n, bool inverse) {
  constexpr std::size_t kMostPlans = 64;  // of a few kB each; a program meets a handful of sizes
  static std::mutex mutex;
  static std::map<std::pair<std::int64_t, bool>, Plan> plans;
  const std::scoped_lock lock(mutex);
  if (plans.size() >= kMostPlans) plans.clear();
  Plan& plan = plans[{n, inverse}];
  if (!plan) {
    plan = Plan(kiss_fft_alloc(static_cast<int>(n), inverse ? 1 : 0, nullptr, nullptr), FreePlan{});
    check(plan != nullptr, "fft2: no plan for {} samples: out of memory", n);
  }
  return plan;
}

// --- one axis of all images ---

// A panel holds the `channels` lines of one row or column of an image: sample i of line c lies at i * stride + c.
struct Panels {
  std::int64_t length, stride, channels;
};

struct Source {
  const float* data;
  bool complex;
};
struct Target {
  float* data;
  bool complex;
  float scale;
};

// Lines are gathered into contiguous memory, a whole panel at a time, because neighbouring channels share cache lines.
class PanelTransform {
 public:
  PanelTransform(const Panels& panels, bool inverse)
      : p_(panels),
        plan_(plan_for(panels.length, inverse)),
        lines_(static_cast<std::size_t>(panels.length * panels.channels)),
        spectrum_(static_cast<std::size_t>(panels.length)),
        result_(lines_.size()) {}

  // Transforms the panel whose first element is number `at`; source and target may be the same memory.
  void run(const Source& from, const Target& to, std::int64_t at) {
    gather(from, at);
    for (std::int64_t c = 0; c < p_.channels; ++c) {
      kiss_fft(plan_.get(), lines_.data() + c * p_.length, spectrum_.data());
      for (std::int64_t i = 0; i < p_.length; ++i)
        result_[static_cast<std::size_t>(i * p_.channels + c)] = spectrum_[static_cast<std::size_t>(i)];
    }
    store(to, at);
  }

 private:
  void gather(const Source& from, std::int64_t at) {
    for (std::int64_t i = 0; i < p_.length; ++i) {
      const std::int64_t sample = at + i * p_.stride;
      for (std::int64_t c = 0; c < p_.channels; ++c) {
        const std::int64_t e = sample + c;
        lines_[static_cast<std::size_t>(c * p_.length + i)] =
            from.complex ? kiss_fft_cpx{from.data[2 * e], from.data[2 * e + 1]} : kiss_fft_cpx{from.data[e], 0};
      }
    }
  }
  void store(const Target& to, std::int64_t at) const {
    for (std::int64_t i = 0; i < p_.length; ++i) {
      const std::int64_t sample = at + i * p_.stride;
      const kiss_fft_cpx* z = result_.data() + i * p_.channels;
      for (std::int64_t c = 0; c < p_.channels; ++c) {
        if (to.complex) {
          to.data[2 * (sample + c)] = to.scale * z[c].r;
          to.data[2 * (sample + c) + 1] = to.scale * z[c].i;
        } else {
          to.data[sample + c] = to.scale * z[c].r;
        }
      }
    }
  }

  Panels p_;
  Plan plan_;
  std::vector<kiss_fft_cpx> lines_;
  std::vector<kiss_fft_cpx> spectrum_;
  std::vector<kiss_fft_cpx> result_;
};

// start(i): the first element of panel i.
template <class F>
void transform_axis(const Panels& panels, std::int64_t count, bool inverse, const Source& from, const Target& to, F&& start) {
  parallel_for(count, 1 + 2048 / (1 + panels.length * panels.channels), [&](std::int64_t begin, std::int64_t end) {
    PanelTransform transform(panels, inverse);
    for (std::int64_t i = begin; i < end; ++i) transform.run(from, to, start(i));
  });
}

void dft2(ConstView x, bool inverse, double scale, View y) {
  if (x.dtype != DType::f32) return slow().dft2(x, inverse, scale, y);
  if (x.numel() == 0) return;
  const std::int64_t n = x.shape[0];
  const std::int64_t h = x.shape[1];
  const std::int64_t w = x.shape[2];
  const std::int64_t c = x.shape[3];
  const bool complex_out = y.shape.rank() == 5;
  // Between the two axes the numbers are complex: in y itself where it can hold them.
  const std::int64_t complex_bytes = n * h * w * c * static_cast<std::int64_t>(sizeof(kiss_fft_cpx));
  const auto between = complex_out ? nullptr : std::make_unique<Storage>(static_cast<std::size_t>(complex_bytes), x.device);
  float* middle = complex_out ? y.as<float>() : static_cast<float*>(between->data());
  transform_axis({w, c, c}, n * h, inverse, Source{x.as<float>(), x.shape.rank() == 5}, Target{middle, true, 1.0F},
                 [&](std::int64_t row) { return row * w * c; });
  transform_axis({h, w * c, c}, n * w, inverse, Source{middle, true},
                 Target{y.as<float>(), complex_out, static_cast<float>(scale)},
                 [&](std::int64_t col) { return col / w * h * w * c + col % w * c; });
}

// --- element by element: the reference's loops, a piece per thread ---

// Elements [begin, end) of a tensor of `width` numbers per element.
template <class V>
V piece(const V& v, std::int64_t begin, std::int64_t end, std::int64_t width) {
  V part = v;
  const auto bytes = static_cast<std::ptrdiff_t>(size_of(v.dtype)) * begin * width;
  part.data = static_cast<std::conditional_t<std::is_same_v<V, View>, char*, const char*>>(v.data) + bytes;
  part.shape = Shape{(end - begin) * width};
  return part;
}

constexpr std::int64_t kGrain = 16384;

void real_part(ConstView z, View y) {
  parallel_for(y.numel(), kGrain,
               [&](std::int64_t b, std::int64_t e) { slow().real_part(piece(z, b, e, 2), piece(y, b, e, 1)); });
}

void to_complex(ConstView x, View z) {
  parallel_for(x.numel(), kGrain,
               [&](std::int64_t b, std::int64_t e) { slow().to_complex(piece(x, b, e, 1), piece(z, b, e, 2)); });
}

void complex_abs(ConstView z, View y) {
  parallel_for(y.numel(), kGrain,
               [&](std::int64_t b, std::int64_t e) { slow().complex_abs(piece(z, b, e, 2), piece(y, b, e, 1)); });
}

void complex_abs_grad(ConstView z, ConstView y, ConstView dy, View dz) {
  parallel_for(y.numel(), kGrain, [&](std::int64_t b, std::int64_t e) {
    slow().complex_abs_grad(piece(z, b, e, 2), piece(y, b, e, 1), piece(dy, b, e, 1), piece(dz, b, e, 2));
  });
}

}  // namespace

void fill(FftKernels& k) {
  k.dft2 = dft2;
  k.real_part = real_part;
  k.to_complex = to_complex;
  k.complex_abs = complex_abs;
  k.complex_abs_grad = complex_abs_grad;
}

}  // namespace cf::cpu

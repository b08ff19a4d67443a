#include "kernels/cpu/conv_direct.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/conv_direct.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h
#include <hwy/highway.h>

#include <vector>

#include "framework/core/parallel.h"
#include "kernels/cpu/conv_end-inl.h"
#include "kernels/cpu/conv_weights.h"
#include "kernels/cpu/micro_gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cf::cpu::HWY_NAMESPACE {

// Channels that are summed up before they are added to the result.
constexpr std::int64_t kChain = 32;
// Pixels computed together: the sums of two vectors of channels fit into the registers beside the factors.
constexpr int kPixels = HWY_MAX_BYTES >= 64 ? 12 : 6;

// [ky][kx][channel][out channel], rows padded to whole vectors.
void pack(const ConvProblem& p, std::int64_t op, float* packed) {
  const std::int64_t length = p.kh * p.kw * p.channels;
  for (std::int64_t o = 0; o < p.out_channels; ++o) {
    for (std::int64_t j = 0; j < length; ++j) packed[j * op + o] = p.weight[o * length + j];
  }
}

// The input rows that an output row reads, with the padding at their ends and the channels of all sources side by side. Each
// input row is copied once while the output rows pass by.
class Rows {
 public:
  explicit Rows(const ConvProblem& p)
      : p_(p), length_((p.w + 2 * p.padding) * p.channels), memory_(p.kh * length_), held_(static_cast<std::size_t>(p.kh), -1) {}

  // Row `ky` of the window of output row `row` (of all images), or null where it lies outside the image.
  const float* at(std::int64_t row, std::int64_t ky) {
    const std::int64_t in_row = row % p_.out_h - p_.padding + ky;
    if (in_row < 0 || in_row >= p_.h) return nullptr;
    const std::int64_t source_row = row / p_.out_h * p_.h + in_row;
    if (p_.padding == 0 && p_.sources[1].channels == 0) return p_.sources[0].x + source_row * p_.w * p_.channels;
    const auto slot = static_cast<std::size_t>(source_row % p_.kh);
    float* to = memory_.data() + static_cast<std::int64_t>(slot) * length_;
    if (held_[slot] != source_row) copy(source_row, to + p_.padding * p_.channels);
    held_[slot] = source_row;
    return to;
  }

 private:
  void copy(std::int64_t source_row, float* to) const {
    for (const ConvProblem::Source& source : p_.sources) {
      const float* from = source.x + source_row * p_.w * source.channels;
      if (source.channels == p_.channels) {
        std::copy_n(from, p_.w * p_.channels, to);
      } else {
        for (std::int64_t x = 0; x < p_.w; ++x) std::copy_n(from + x * source.channels, source.channels, to + x * p_.channels);
      }
      to += source.channels;
    }
  }

  const ConvProblem& p_;
  std::int64_t length_;
  FloatBuffer memory_;  // whose padding stays zero
  std::vector<std::int64_t> held_;
};

// What one output row is computed from.
struct RowTask {
  std::vector<const float*> rows;  // by ky
  const float* packed;
  const float* bias;
  std::int64_t op, at;  // of the row's first element in y
};

// Results of kRows pixels from `column` on and kVectors vectors of channels from `o` on.
template <int kRows, int kVectors, ConvEnd end>
void tile(const ConvProblem& p, const RowTask& task, std::int64_t column, std::int64_t o) {
  const FloatTag d;
  const std::int64_t n = lanes();
  HWY_ALIGN float totals[kRows * kVectors * HWY_MAX_BYTES / sizeof(float)];
  const auto total = [&](int r, int v) { return totals + (r * kVectors + v) * n; };
  for (int v = 0; v < kVectors; ++v) {
    const auto bias = hn::LoadU(d, task.bias + o + v * n);
    for (int r = 0; r < kRows; ++r) hn::Store(bias, d, total(r, v));
  }
  const float* b = task.packed + o;
  for (const float* row : task.rows) {
    if (row == nullptr) {
      b += p.kw * p.channels * task.op;
      continue;
    }
    for (std::int64_t kx = 0; kx < p.kw; ++kx) {
      const float* x = row + (column + kx) * p.channels;
      for (std::int64_t c = 0; c < p.channels; c += kChain) {
        const std::int64_t depth = std::min(kChain, p.channels - c);
        micro_tile<kRows, kVectors>({x + c, p.channels, 1}, depth, b, task.op, [&](int r, int v, hn::Vec<FloatTag> sum) HWY_ATTR {
          hn::Store(hn::Add(hn::Load(d, total(r, v)), sum), d, total(r, v));
        });
        b += depth * task.op;
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t first = o + v * n;
      store_end<end>(d, p, hn::Load(d, total(r, v)), task.at + (column + r) * p.out_channels + first,
                     static_cast<std::size_t>(std::min(n, p.out_channels - first)));
    }
  }
}

// All pixels of a row, kVectors vectors of channels.
template <int kVectors, ConvEnd end>
void columns(const ConvProblem& p, const RowTask& task, std::int64_t o) {
  std::int64_t column = 0;
  for (; column + kPixels <= p.out_w; column += kPixels) tile<kPixels, kVectors, end>(p, task, column, o);
  for (; column + 4 <= p.out_w; column += 4) tile<4, kVectors, end>(p, task, column, o);
  for (; column + 2 <= p.out_w; column += 2) tile<2, kVectors, end>(p, task, column, o);
  for (; column < p.out_w; ++column) tile<1, kVectors, end>(p, task, column, o);
}

template <ConvEnd end>
void forward_rows(const ConvProblem& p, RowTask task, std::int64_t first_row, std::int64_t last_row) {
  Rows rows(p);
  task.rows.resize(static_cast<std::size_t>(p.kh));
  for (std::int64_t row = first_row; row < last_row; ++row) {
    for (std::int64_t ky = 0; ky < p.kh; ++ky) task.rows[static_cast<std::size_t>(ky)] = rows.at(row, ky);
    task.at = row * p.out_w * p.out_channels;
    std::int64_t o = 0;
    for (; o + 2 * lanes() <= task.op; o += 2 * lanes()) columns<2, end>(p, task, o);
    if (o < task.op) columns<1, end>(p, task, o);
  }
}

void forward(const ConvProblem& p) {
  const std::int64_t op = pad_to_lanes(p.out_channels);
  const std::int64_t length = p.kh * p.kw * p.channels;
  const PackedWeight packed =
      packed_weight({p.weight, p.out_channels * length, WeightLayout::direct}, length * op, [&](float* to) { pack(p, op, to); });
  const FloatBuffer bias(op);
  if (p.bias != nullptr) std::copy_n(p.bias, p.out_channels, bias.data());
  const RowTask task = {{}, packed->data(), bias.data(), op, 0};
  dispatch_end(p, [&](auto end) {
    parallel_for(p.n * p.out_h, 1,
                 [&](std::int64_t first, std::int64_t last) { forward_rows<decltype(end)::value>(p, task, first, last); });
  });
}

}  // namespace cf::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#if HWY_ONCE
namespace cf::cpu {
namespace {

HWY_EXPORT(forward);

constexpr std::int64_t kLeastChannels = 8;

}  // namespace

bool is_direct(const ConvParams& p, ConstView w) {
  return w.dtype == DType::f32 && p.stride == 1 && p.dilation == 1 && p.groups == 1 && w.shape[3] >= kLeastChannels &&
         w.shape[0] >= kLeastChannels;
}

void conv2d_direct(const ConvProblem& p) { HWY_DYNAMIC_DISPATCH(forward)(p); }

}  // namespace cf::cpu
#endif

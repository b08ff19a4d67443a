// What libraries do on a GPU (convolutions, matrix products, Fourier transforms) is done by the reference here, so that
// everything around them can be tested. bf16 operands are widened and results rounded once, as the libraries do.
#include <array>
#include <vector>

#include "kernels/conv_composite.h"
#include "kernels/cuda/emulator/emulator.h"
#include "kernels/cuda/library.h"
#include "kernels/table.h"

namespace cf::cuda {
namespace {

// A bf16 operand as f32, or the operand itself.
class Widened {
 public:
  explicit Widened(ConstView x) : view_(x) {
    if (x.data == nullptr || x.dtype != DType::bf16) return;
    values_.resize(static_cast<std::size_t>(x.numel()));
    view_ = {values_.data(), x.shape, DType::f32, x.device};
    kernel_table(Backend::reference).elementwise.cast(x, {values_.data(), x.shape, DType::f32, x.device});
  }
  ConstView view() const { return view_; }

 private:
  std::vector<float> values_;
  ConstView view_;
};

// An f32 place for a bf16 result, rounded into it at the end, or the result itself.
class Rounded {
 public:
  explicit Rounded(View y) : target_(y), view_(y) {
    if (y.data == nullptr || y.dtype != DType::bf16) return;
    values_.resize(static_cast<std::size_t>(y.numel()));
    view_ = {values_.data(), y.shape, DType::f32, y.device};
  }
  ~Rounded() {
    if (!values_.empty()) kernel_table(Backend::reference).elementwise.cast(view_, target_);
  }
  Rounded(const Rounded&) = delete;
  Rounded& operator=(const Rounded&) = delete;
  View view() const { return view_; }

 private:
  std::vector<float> values_;
  View target_;
  View view_;
};

const ConvKernels& conv() { return kernel_table(Backend::reference).conv; }

template <auto kernel>
void forward(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
  emulator::enqueue([=] { (conv().*kernel)(p, Widened(x).view(), Widened(w).view(), Widened(b).view(), Rounded(y).view()); });
}

template <auto kernel>
void dgrad(const ConvParams& p, ConstView dy, ConstView w, View dx) {
  emulator::enqueue([=] { (conv().*kernel)(p, Widened(dy).view(), Widened(w).view(), Rounded(dx).view()); });
}

template <auto kernel>
void wgrad(const ConvParams& p, ConstView x, ConstView dy, View dw, View db) {
  emulator::enqueue([=] { (conv().*kernel)(p, Widened(x).view(), Widened(dy).view(), Rounded(dw).view(), Rounded(db).view()); });
}

void matmul(MatmulParams p, ConstView a, ConstView b, ConstView bias, View y) {
  emulator::enqueue([=] {
    kernel_table(Backend::reference)
        .matmul.matmul(p, Widened(a).view(), Widened(b).view(), Widened(bias).view(), Rounded(y).view());
  });
}

}  // namespace

void fill(ConvKernels& k) {
  k.conv2d_fwd = forward<&ConvKernels::conv2d_fwd>;
  k.conv2d_fused_fwd = conv2d_composite_of<Backend::cuda>;
  k.conv2d_dgrad = dgrad<&ConvKernels::conv2d_dgrad>;
  k.conv2d_wgrad = wgrad<&ConvKernels::conv2d_wgrad>;
  k.conv_transpose2d_fwd = forward<&ConvKernels::conv_transpose2d_fwd>;
  k.conv_transpose2d_dgrad = dgrad<&ConvKernels::conv_transpose2d_dgrad>;
  k.conv_transpose2d_wgrad = wgrad<&ConvKernels::conv_transpose2d_wgrad>;
}

void fill(MatmulKernels& k) { k.matmul = matmul; }

void transform_planes(ConstView x, bool inverse, View y) {
  emulator::enqueue([=] { kernel_table(Backend::reference).fft.dft2(x, inverse, 1, y); });
}

}  // namespace cf::cuda

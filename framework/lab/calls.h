// Representative calls of every kernel, with the bytes that they move and the operations that they do.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "framework/gradcheck/problem.h"
#include "kernels/table.h"

namespace cf::lab {

// One call of one kernel, ready to be repeated.
struct KernelCall {
  std::string kernel;  // the member of its family: "conv2d_fwd"
  std::string what;    // "3x3, (8, 64, 64, 32) -> 32"
  double bytes = 0;    // operands and results, each moved once
  double flop = 0;     // additions and multiplications; a function such as exp counts as one
  std::vector<Tensor> results;
  std::function<void(const KernelTable&)> run;
};

// What calls are made from: tensors of random values that are exact in `exact`, kept in `dtype` on a device. Two workbenches
// with the same `exact` give the same values in the same order.
class Workbench {
 public:
  Workbench(DType exact, DType dtype, Device device) : exact_(exact), dtype_(dtype), device_(device), draw_("bench", 1) {}

  Tensor normal(const Shape& shape) { return put(draw_.normal(shape)); }
  Tensor positive(const Shape& shape) { return put(draw_.input({shape, CaseInput::Fill::positive})); }
  Tensor mask(const Shape& shape) { return draw_.input({shape, CaseInput::Fill::mask}).to(device_); }
  // Numbers that are f64 whatever the dtype.
  Tensor numbers(const std::vector<double>& values) const;
  Tensor empty(const Shape& shape) const { return Tensor::empty(shape, dtype_, device_); }
  // Of a kernel that gives no f64: f32 in its place.
  Tensor sample_like(const Shape& shape) const {
    return Tensor::empty(shape, dtype_ == DType::f64 ? DType::f32 : dtype_, device_);
  }
  Tensor empty_like(const Tensor& x) const { return empty(x.shape()); }

  // Adds a call that reads and writes these; what it writes are its results.
  void add(std::string kernel, std::string what, double flop, const std::vector<Tensor>& reads, const std::vector<Tensor>& writes,
           std::function<void(const KernelTable&)> run);
  std::vector<KernelCall> take() { return std::move(calls_); }

 private:
  Tensor put(const Tensor& values) const { return values.to(exact_).to(dtype_).to(device_); }

  DType exact_;
  DType dtype_;
  Device device_;
  Draw draw_;
  std::vector<KernelCall> calls_;
};

// The calls of one family on images of one shape (N, H, W, C); H and W divisible by 4.
std::vector<KernelCall> kernel_calls(const std::string& family, const Shape& image, Workbench bench);

// What the files of calls add: one function per family.
void elementwise_calls(Workbench& b, const Shape& image);
void reduce_calls(Workbench& b, const Shape& image);
void layout_calls(Workbench& b, const Shape& image);
void random_calls(Workbench& b, const Shape& image);
void softmax_calls(Workbench& b, const Shape& image);
void loss_calls(Workbench& b, const Shape& image);
void fused_calls(Workbench& b, const Shape& image);
void matmul_calls(Workbench& b, const Shape& image);
void conv_calls(Workbench& b, const Shape& image);
void pool_calls(Workbench& b, const Shape& image);
void norm_calls(Workbench& b, const Shape& image);
void resize_calls(Workbench& b, const Shape& image);
void fft_calls(Workbench& b, const Shape& image);
void wavelet_calls(Workbench& b, const Shape& image);
void laconv_calls(Workbench& b, const Shape& image);
void attention_calls(Workbench& b, const Shape& image);
void fmim_calls(Workbench& b, const Shape& image);
void patches_calls(Workbench& b, const Shape& image);
void optim_calls(Workbench& b, const Shape& image);

}  // namespace cf::lab

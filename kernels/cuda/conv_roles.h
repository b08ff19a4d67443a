// The six convolution kernels in terms of three passes of a library. A transposed convolution runs the plain convolution of the
// same weight backwards, so that its operands change their roles:
//
//                            pass      x    w    y
//   conv2d_fwd               forward   x    w    y
//   conv2d_dgrad             data      dx   w    dy
//   conv2d_wgrad             weights   x    dw   dy
//   conv_transpose2d_fwd     data      y    w    x
//   conv_transpose2d_dgrad   forward   dy   w    dx
//   conv_transpose2d_wgrad   weights   dy   dw   x
#pragma once

#include "framework/core/device_services.h"
#include "kernels/conv_composite.h"
#include "kernels/cuda/conv_plan.h"
#include "kernels/cuda/epilogue.h"
#include "kernels/table.h"

namespace cf::cuda {

// `Library` has
//   static void run(const ConvCall&);
//   // The same with bias and LeakyReLU behind it; false, with nothing done, where it cannot.
//   static bool run_fused(const ConvCall&, ConstView bias, double slope);
template <class Library>
struct ConvRoles {
  static void conv2d_fwd(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
    const ConvCall call = make_call(ConvPass::forward, p, x, w, y);
    const bool alone = !b && p.leaky_slope == 1;
    if (!alone && !is_empty(call) && Library::run_fused(call, b, p.leaky_slope)) return;
    run(call);
    add_bias_leaky(y, b, p.leaky_slope);
  }
  static void conv2d_dgrad(const ConvParams& p, ConstView dy, ConstView w, View dx) {
    run(make_call(ConvPass::data, p, dx, w, dy));
  }
  static void conv2d_wgrad(const ConvParams& p, ConstView x, ConstView dy, View dw, View db) {
    run(make_call(ConvPass::weights, p, x, dw, dy));
    bias_gradient(dy, db);
  }
  static void conv_transpose2d_fwd(const ConvParams& p, ConstView x, ConstView w, ConstView b, View y) {
    run(make_call(ConvPass::data, p, y, w, x));
    add_bias_leaky(y, b, p.leaky_slope);
  }
  static void conv_transpose2d_dgrad(const ConvParams& p, ConstView dy, ConstView w, View dx) {
    run(make_call(ConvPass::forward, p, dy, w, dx));
  }
  static void conv_transpose2d_wgrad(const ConvParams& p, ConstView x, ConstView dy, View dw, View db) {
    run(make_call(ConvPass::weights, p, dy, dw, x));
    bias_gradient(dy, db);
  }

  static void fill(ConvKernels& k) {
    k.conv2d_fwd = conv2d_fwd;
    k.conv2d_fused_fwd = conv2d_composite_of<Backend::cuda>;
    k.conv2d_dgrad = conv2d_dgrad;
    k.conv2d_wgrad = conv2d_wgrad;
    k.conv_transpose2d_fwd = conv_transpose2d_fwd;
    k.conv_transpose2d_dgrad = conv_transpose2d_dgrad;
    k.conv_transpose2d_wgrad = conv_transpose2d_wgrad;
  }

 private:
  static void bias_gradient(const ConstView& dy, const View& db) {
    if (db) kernel_table(Backend::cuda).reduce.sum_to(dy, db);
  }

  // Which operand is written, the pass says.
  static View writable(const ConstView& v) { return {const_cast<void*>(v.data), v.shape, v.dtype, v.device}; }
  static ConvCall make_call(ConvPass pass, const ConvParams& p, const ConstView& x, const ConstView& w, const ConstView& y) {
    return {pass, conv_geometry(p, x.shape, w.shape, y.shape), writable(x), writable(w), writable(y)};
  }
  static bool is_empty(const ConvCall& c) { return c.x.numel() == 0 || c.w.numel() == 0 || c.y.numel() == 0; }

  // Libraries refuse tensors without elements; a sum of nothing is zero.
  static void run(const ConvCall& c) {
    if (!is_empty(c)) return Library::run(c);
    const View& to = c.result();
    if (to.numel() > 0)
      services_of(to.device).zero(to.device.index, to.data, static_cast<std::size_t>(to.numel()) * size_of(to.dtype));
  }
};

}  // namespace cf::cuda

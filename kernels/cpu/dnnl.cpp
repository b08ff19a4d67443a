#include "kernels/cpu/dnnl.h"

#include <oneapi/dnnl/dnnl_version.h>

#include "framework/core/storage.h"

namespace cf::cpu {
namespace {

dnnl::primitive_attr attributes(double leaky_slope) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (leaky_slope == 1) return attr;
  dnnl::post_ops ops;
  const auto slope = static_cast<float>(leaky_slope);
#if DNNL_VERSION_MAJOR >= 3
  ops.append_eltwise(dnnl::algorithm::eltwise_relu, slope, 0.0F);
#else
  ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_relu, slope, 0.0F);
#endif
  attr.set_post_ops(ops);
  return attr;
}

dnnl::stream& stream() {
  static dnnl::stream s(dnnl_engine());
  return s;
}

constexpr auto kDirect = dnnl::algorithm::convolution_direct;

}  // namespace

const dnnl::engine& dnnl_engine() {
  static const dnnl::engine e(dnnl::engine::kind::cpu, 0);
  return e;
}

#if DNNL_VERSION_MAJOR >= 3

dnnl::convolution_forward::primitive_desc describe_forward(const DnnlConv& c, double leaky_slope) {
  return {dnnl_engine(), dnnl::prop_kind::forward_training,
          kDirect,       c.src,
          c.weights,     c.bias,
          c.dst,         c.strides,
          c.dilates,     c.padding,
          c.padding,     attributes(leaky_slope)};
}

dnnl::convolution_backward_data::primitive_desc describe_backward_data(const DnnlConv& c, const DnnlConv& forward) {
  return {dnnl_engine(), kDirect,   c.src,     c.weights, c.dst,
          c.strides,     c.dilates, c.padding, c.padding, describe_forward(forward, 1),
          attributes(1)};
}

dnnl::convolution_backward_weights::primitive_desc describe_backward_weights(const DnnlConv& c, const DnnlConv& forward) {
  return {dnnl_engine(),
          kDirect,
          c.src,
          c.weights,
          c.bias,
          c.dst,
          c.strides,
          c.dilates,
          c.padding,
          c.padding,
          describe_forward(forward, 1),
          attributes(1)};
}

dnnl::matmul::primitive_desc describe_matmul(const dnnl::memory::desc& a, const dnnl::memory::desc& b,
                                             const dnnl::memory::desc& bias, const dnnl::memory::desc& y, double leaky_slope) {
  return {dnnl_engine(), a, b, bias, y, attributes(leaky_slope)};
}

#else

dnnl::convolution_forward::primitive_desc describe_forward(const DnnlConv& c, double leaky_slope) {
  const dnnl::convolution_forward::desc d(dnnl::prop_kind::forward_training, kDirect, c.src, c.weights, c.bias, c.dst, c.strides,
                                          c.dilates, c.padding, c.padding);
  return {d, attributes(leaky_slope), dnnl_engine()};
}

dnnl::convolution_backward_data::primitive_desc describe_backward_data(const DnnlConv& c, const DnnlConv& forward) {
  const dnnl::convolution_backward_data::desc d(kDirect, c.src, c.weights, c.dst, c.strides, c.dilates, c.padding, c.padding);
  return {d, attributes(1), dnnl_engine(), describe_forward(forward, 1)};
}

dnnl::convolution_backward_weights::primitive_desc describe_backward_weights(const DnnlConv& c, const DnnlConv& forward) {
  const dnnl::convolution_backward_weights::desc d(kDirect, c.src, c.weights, c.bias, c.dst, c.strides, c.dilates, c.padding,
                                                   c.padding);
  return {d, attributes(1), dnnl_engine(), describe_forward(forward, 1)};
}

dnnl::matmul::primitive_desc describe_matmul(const dnnl::memory::desc& a, const dnnl::memory::desc& b,
                                             const dnnl::memory::desc& bias, const dnnl::memory::desc& y, double leaky_slope) {
  return {dnnl::matmul::desc(a, b, bias, y), attributes(leaky_slope), dnnl_engine()};
}

#endif

void run(const dnnl::primitive& primitive, DnnlArguments arguments, const dnnl::memory::desc& scratchpad) {
  const OwnThreads threads;
  const Storage memory(scratchpad.get_size(), Device{});
  arguments.emplace(DNNL_ARG_SCRATCHPAD, dnnl_memory(scratchpad, memory.data()));
  primitive.execute(stream(), arguments);
  stream().wait();
}

void run(const dnnl::reorder& reorder, dnnl::memory from, dnnl::memory to) {
  const OwnThreads threads;
  reorder.execute(stream(), from, to);
  stream().wait();
}

}  // namespace cf::cpu

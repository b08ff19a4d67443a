// The gradients of laconv, each by kernels of its own.
#pragma once

#include "framework/core/view.h"

namespace cf::cuda::laconv {

struct Operands {
  ConstView x, spatial, channel, weight, dy;

  // Whether the channel map has a value per pixel. Of one pixel both kinds are the same.
  bool full() const { return channel.shape == x.shape; }
};

void input_gradient(const Operands& in, View dx);
// Either may be empty.
void map_gradients(const Operands& in, View dspatial, View dchannel);
void weight_gradients(const Operands& in, View dweight, View dbias);

}  // namespace cf::cuda::laconv

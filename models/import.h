// Weights that other programs trained, into the networks of this one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/io/named_tensors.h"
#include "framework/nn/param_store.h"

namespace cf {

// Copies `weights` into the parameters and buffers of `network` (a name of the table of networks), returns what there is to
// tell, one sentence each. Names are ours or those of the network's published state dict; layers that the published network
// declares but never uses, and counters of batches, are skipped and listed. Weights are in PyTorch's order of dimensions:
// convolutions (out, in, height, width), transposed ones (in, out, height, width); numbers of any floating type.
// Throws one Error that lists all that does not fit: unknown names, missing ones, wrong shapes, one parameter under two names
// with two values. `file` names the source.
std::vector<std::string> import_weights(std::string_view network, const ParamStore& params, const NamedTensors& weights,
                                        std::string_view file);

}  // namespace cf

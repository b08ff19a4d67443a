// The backward pass.
#pragma once

#include <string>

#include "framework/tensor/tensor.h"

namespace cf {

// Adds d(root)/d(leaf) to the gradient of every leaf that `root` depends on. `seed` is the gradient of `root`; without it
// `root` must have one element and 1 is used. The graph is released as it is walked. Throws Error where a closure returns a
// gradient of the wrong shape, dtype or number, or where `root` depends on no leaf.
void backward(const Tensor& root, const Tensor& seed = {});
void backward(const std::vector<Tensor>& roots, const std::vector<Tensor>& seeds);

// For tests of tests: while alive, every gradient that operator `name` returns is multiplied by `factor`, on any thread.
class BackwardFault {
 public:
  BackwardFault(std::string name, double factor);
  ~BackwardFault();
  BackwardFault(const BackwardFault&) = delete;
  BackwardFault& operator=(const BackwardFault&) = delete;
};

// Called with the name of every operator whose backward runs (gradcheck's coverage); null switches it off.
void set_backward_observer(void (*observer)(const char* name));

}  // namespace cf

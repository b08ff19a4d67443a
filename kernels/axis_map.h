// Linear maps along one axis of an image: interpolation, box means, and their adjoints, as the rows of a sparse matrix.
#pragma once

#include <cstdint>
#include <vector>

namespace cf {

enum class Resample : std::uint8_t { nearest, bilinear, bicubic };

// Output i is the sum over t in [first[i], first[i + 1]) of weight[t] * input[index[t]].
struct AxisMap {
  std::int64_t inputs = 0;
  std::vector<std::int64_t> first = {0};
  std::vector<std::int64_t> index;
  std::vector<double> weight;

  std::int64_t outputs() const { return static_cast<std::int64_t>(first.size()) - 1; }
  void add(std::int64_t from, double w) {
    index.push_back(from);
    weight.push_back(w);
  }
  // Closes the terms of the current output.
  void end_output() { first.push_back(static_cast<std::int64_t>(index.size())); }
  // Calls fn(index, weight) for the terms of output i.
  template <class F>
  void for_each_term(std::int64_t i, F&& fn) const {
    const auto end = static_cast<std::size_t>(first[static_cast<std::size_t>(i) + 1]);
    for (auto t = static_cast<std::size_t>(first[static_cast<std::size_t>(i)]); t < end; ++t) fn(index[t], weight[t]);
  }
  // The adjoint: carries a gradient of the outputs to the inputs.
  AxisMap transposed() const;
};

// Interpolation from `inputs` to `outputs` samples, both positive. Sample i lies at i * (inputs-1) / (outputs-1) with
// `align_corners`, else at (i + 1/2) * inputs / outputs - 1/2; samples outside repeat the edge. bicubic: the cubic convolution of
// Keys (IEEE Trans. ASSP 29, 1981) with a = -3/4. nearest takes sample floor(i * inputs / outputs) in either case.
AxisMap interpolation_map(Resample mode, bool align_corners, std::int64_t inputs, std::int64_t outputs);

// The mean of `size` (odd) samples around each of n; beyond the edges mirrored without the edge sample. n > size / 2.
AxisMap box_mean_map(std::int64_t size, std::int64_t n);

}  // namespace cf

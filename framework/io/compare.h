// The difference between two checkpoints, tensor by tensor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/io/checkpoint.h"

namespace cf {

struct TensorDifference {
  std::string name;
  std::string misfit;          // shapes or types, where they differ; the numbers below are 0 then
  std::int64_t differing = 0;  // values whose bits differ
  std::int64_t numel = 0;
  double max_abs = 0;  // infinite where one value is NaN and the other is not
  double max_rel = 0;  // of a value's difference, relative to the larger of the two
};

struct MetaDifference {
  std::string path;  // "config.train.max_steps"
  std::string a;     // as JSON; empty: not there
  std::string b;
};

struct CheckpointComparison {
  std::vector<std::string> only_a;
  std::vector<std::string> only_b;
  std::vector<TensorDifference> differing;  // tensors in both, bits not equal
  std::size_t equal_tensors = 0;
  std::vector<MetaDifference> meta;

  // The same names with the same bits. What meta says is listed, not judged: a resumed run may have another max_steps.
  bool equal() const { return only_a.empty() && only_b.empty() && differing.empty(); }
  // Lines of text; `a` and `b` name the two, such as by their files.
  std::string report(std::string_view a, std::string_view b) const;
};

CheckpointComparison compare_checkpoints(const Checkpoint& a, const Checkpoint& b);

}  // namespace cf

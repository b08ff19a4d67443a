#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/reduce.h"

namespace cf {
namespace {

using Tensors = std::vector<Tensor>;
using ReduceOp = Tensor (*)(const Tensor&, const std::vector<int>&, bool);

void add_patterns(GradCases& cases, const std::string& op, ReduceOp fn) {
  struct Pattern {
    const char* name;
    Shape shape;
    std::vector<int> dims;
    bool keep;
  };
  const Pattern patterns[] = {
      {"all", {3, 5, 7}, {}, true},
      {"all_dropped", {3, 5, 7}, {}, false},
      {"channel", {2, 3, 5, 19}, {-1}, true},
      {"few_channels", {2, 3, 5, 3}, {3}, false},
      {"spatial", {2, 5, 3, 11}, {1, 2}, true},
      {"spatial_dropped", {2, 5, 3, 8}, {1, 2}, false},
      {"but_channels", {2, 5, 3, 35}, {0, 1, 2}, false},
      {"first", {4, 3, 5}, {0}, true},
      {"alternating", {2, 3, 4, 5}, {0, 2}, true},
      {"outer_and_last", {2, 3, 4, 5}, {0, -1}, true},
      {"extent_one", {2, 1, 5}, {1}, true},
      {"single", {1, 1}, {}, true},
      // Long enough for fast kernels to cut them into segments.
      {"all_long", {4, 1024}, {}, true},
      {"all_long_odd", {3, 1025}, {}, true},
      {"rows_long", {2, 3000}, {1}, true},
      {"columns_1", {40, 40, 1}, {0, 1}, true},
      {"columns_3", {1100, 3}, {0}, true},
      {"columns_32", {600, 32}, {0}, true},
      {"columns_33", {150, 33}, {0}, true},
      {"spatial_102", {1, 5, 7, 102}, {1, 2}, true},
      {"columns_100", {150, 100}, {0}, true},
      {"spatial_64", {2, 16, 18, 64}, {1, 2}, true},
      {"wide_first", {3, 264}, {0}, true},
      {"alternating_long", {40, 8, 50, 8}, {0, 2}, true},
  };
  for (const Pattern& p : patterns) {
    cases.push_back({op + "." + p.name, {{p.shape}}, [fn, p](const Tensors& in) { return Tensors{fn(in[0], p.dims, p.keep)}; }});
  }
}

constexpr std::pair<const char*, ReduceOp> kOps[] = {{"sum", ops::sum}, {"mean", ops::mean}, {"max", ops::max}};

}  // namespace

GradCases reduce_cases() {
  GradCases cases;
  for (const auto& [name, fn] : kOps) add_patterns(cases, name, fn);
  return cases;
}

GradCases random_reduce_cases(Dice& dice) {
  GradCases cases;
  for (const auto& [name, fn] : kOps) {
    const Shape shape = dice.image();
    std::vector<int> dims;
    for (int d = 0; d < shape.rank(); ++d) {
      if (dice.coin()) dims.push_back(d);
    }
    cases.push_back({std::string(name) + ".random", {{shape}}, [fn = fn, dims, keep = dice.coin()](const Tensors& in) {
                       return Tensors{fn(in[0], dims, keep)};
                     }});
  }
  return cases;
}

}  // namespace cf

// Checks a kernel variant against the reference in f64: every declared case of its family and random ones, forward and backward.
//
// Inputs are exact in the dtype under test, so that both are computed at one point. Memory is handed out poisoned with NaN: an
// element that a kernel forgets, or reads before anybody wrote it, shows. Devices whose memory the host cannot touch have
// their cached memory filled with NaN before each case.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "framework/gradcheck/case.h"
#include "kernels/variants.h"

namespace cf::lab {

struct CheckOptions {
  std::uint64_t seed = 1;
  int shapes = 8;  // random cases per operator
  Device device;   // that the variant runs on; the CPU where it is emulated
};

struct CaseCheck {
  std::string name;    // "conv2d.random_3"
  std::string shapes;  // of the inputs: "(2, 5, 4, 9), (7, 1, 1, 9)"
  DType dtype = DType::f32;
  // The largest difference of an element, relative to it or to the root mean square of the f64 result, whichever is larger.
  // What moving the inputs by a last place (f32; by less than half in bf16) changes in the reference in f32 is forgiven several
  // times: it says how much of the result cancels.
  double forward = 0;
  double backward = 0;
  double tolerance = 0;
  bool passed = false;
  std::string message;  // what is wrong, with the element; empty where it passed
};

// f32, and for the cuda backend bf16 where the family computes in it.
std::vector<DType> checked_dtypes(const Variant& variant);
// The declared cases of a kernel family and `shapes` random ones per operator.
GradCases family_cases(const std::string& family, std::uint64_t seed, int shapes);

CaseCheck check_case(const Variant& variant, const GradCase& c, DType dtype, const CheckOptions& options);
// Every case of the variant's family in every dtype.
std::vector<CaseCheck> check_variant(const Variant& variant, const CheckOptions& options);

// A line per operator and dtype with the worst of its cases, or per case; then the messages of those that failed.
std::string check_table(const std::vector<CaseCheck>& checks, bool every_case);

}  // namespace cf::lab

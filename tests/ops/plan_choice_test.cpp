// Which of a library's algorithms is taken; and libraries that are loaded when they are needed.
#include "kernels/cuda/plan_choice.h"

#include <doctest/doctest.h>

#include <vector>

#include "framework/core/check.h"
#include "kernels/cuda/shared_library.h"

using namespace cf;
using doctest::Contains;

TEST_CASE("algorithms that round more than the mode allows are left out") {
  const MathMode strict;
  const MathMode tf32 = {.tf32 = true};
  const MathMode repeatable = {.deterministic = true};
  const auto exact = [](cuda::NumericalNotes notes, DType dtype, const MathMode& mode) {
    return cuda::is_exact_enough(notes, dtype, mode);
  };
  CHECK(exact({}, DType::f32, strict));
  // On f32 operands tensor cores multiply in TF32.
  CHECK(!exact({.tensor_cores = true}, DType::f32, strict));
  CHECK(!exact({.narrows_inputs = true}, DType::f32, strict));
  CHECK(exact({.tensor_cores = true, .narrows_inputs = true}, DType::f32, tf32));
  // On bf16 they are exact; nothing narrower may take its place.
  CHECK(exact({.tensor_cores = true}, DType::bf16, strict));
  CHECK(!exact({.narrows_inputs = true}, DType::bf16, tf32));
  // Sums are in f32 whatever the mode.
  CHECK(!exact({.narrows_sums = true}, DType::f32, tf32));
  CHECK(!exact({.narrows_sums = true}, DType::bf16, tf32));
  CHECK(exact({.varies = true}, DType::f32, strict));
  CHECK(!exact({.varies = true}, DType::f32, repeatable));
  CHECK(!exact({.tensor_cores = true, .varies = true}, DType::bf16, repeatable));
}

TEST_CASE("LeakyReLU is left to cuDNN only where tensor cores may be used") {
  CHECK(cuda::may_take_in_leaky(DType::bf16, {}));
  CHECK(!cuda::may_take_in_leaky(DType::f32, {}));
  CHECK(cuda::may_take_in_leaky(DType::f32, {.tf32 = true}));
}

TEST_CASE("the fastest suggestion within the limit is taken, untimed ones in the library's order") {
  using Suggestions = std::vector<cuda::Suggestion>;
  CHECK(cuda::choose(Suggestions{}, 100) == std::nullopt);
  CHECK(cuda::choose(Suggestions{{200}, {300}}, 100) == std::nullopt);
  CHECK(cuda::choose(Suggestions{{100}, {0}}, 100) == 0U);
  CHECK(cuda::choose(Suggestions{{101}, {50}, {0}}, 100) == 1U);
  CHECK(cuda::choose(Suggestions{{0, 3.0}, {0, 2.0}, {200, 1.0}, {0, 2.5}}, 100) == 1U);
  // One that could not be timed does not beat one that was.
  CHECK(cuda::choose(Suggestions{{0}, {0, 2.0}}, 100) == 1U);
  CHECK(cuda::choose(Suggestions{{0, 2.0}, {0}}, 100) == 0U);
}

TEST_CASE("a library is loaded by name, and a missing one says what to install") {
  const cuda::SharedLibrary library("libm.so.6", "install libc");
  double (*cosine)(double) = nullptr;
  library.find(cosine, "cos");
  CHECK(cosine(0) == 1);
  CHECK_THROWS_WITH_AS(library.find(cosine, "cf_no_such_function"), Contains("libm.so.6 has no function cf_no_such_function"),
                       Error);
  CHECK_THROWS_WITH_AS(cuda::SharedLibrary("libcf_none.so.1", "Install none 1"), Contains("Install none 1"), Error);
}

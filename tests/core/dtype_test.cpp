#include "framework/core/dtype.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

using namespace cf;

TEST_CASE("bf16 rounds to nearest, ties to even") {
  const auto rounded = [](float x) { return static_cast<float>(bf16(x)); };
  CHECK(rounded(1.0F) == 1.0F);
  CHECK(rounded(-3.5F) == -3.5F);
  // Neighbours of 1 are 2^-7 apart.
  CHECK(rounded(1.0F + 0x1p-8F) == 1.0F);                       // tie, down to even
  CHECK(rounded(1.0F + 0x1p-8F + 0x1p-20F) == 1.0F + 0x1p-7F);  // just above it
  CHECK(rounded(1.0F + 3 * 0x1p-8F) == 1.0F + 2 * 0x1p-7F);     // tie, up to even
  CHECK(rounded(3.4e38F) == std::numeric_limits<float>::infinity());
  CHECK(rounded(-std::numeric_limits<float>::infinity()) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(rounded(std::numeric_limits<float>::quiet_NaN())));
  CHECK(std::signbit(rounded(-0.0F)));
}

TEST_CASE("sizes and names belong to their types") {
  CHECK(size_of(DType::bf16) == sizeof(bf16));
  CHECK(size_of(DTypeOf<double>::value) == sizeof(double));
  CHECK(size_of(DTypeOf<std::uint16_t>::value) == sizeof(std::uint16_t));
  CHECK(name_of(DType::i64) == "i64");
  CHECK_THROWS_WITH_AS(dispatch_float(DType::u8, "conv2d", [](auto) {}), "conv2d: computes in f32 or f64, got u8", Error);
}

#include "framework/core/rng.h"

#include <doctest/doctest.h>

using namespace cf;

// The known answers that accompany Salmon et al., SC 2011 (philox4x32, 10 rounds). Counter words are (index, stream), key
// words the seed, low half first.
TEST_CASE("Philox gives the published answers") {
  using Words = std::array<std::uint32_t, 4>;
  CHECK(Philox(0, 0).block(0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Philox(~0ULL, ~0ULL).block(~0ULL) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(Philox(0x299f31d0a4093822, 0x0370734413198a2e).block(0x85a308d3243f6a88) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("numbers have the moments of their distributions") {
  const Philox rng = make_rng(3, RngStream::test);
  constexpr std::uint64_t kCount = 100000;
  double uniform = 0;
  double normal = 0;
  double square = 0;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    const double u = rng.uniform(i);
    REQUIRE((u >= 0 && u < 1));
    REQUIRE(rng.below(i, 7) < 7);
    uniform += u / kCount;
    const double z = rng.normal(i);
    normal += z / kCount;
    square += z * z / kCount;
  }
  // Five standard deviations of the means of 100,000.
  CHECK(std::abs(uniform - 0.5) < 5 * 0.289 / 316);
  CHECK(std::abs(normal) < 5.0 / 316);
  CHECK(std::abs(square - 1) < 5 * 1.414 / 316);
}

TEST_CASE("seeds, streams and salts give different numbers") {
  const auto word = make_rng(1, RngStream::init).word(0);
  CHECK(make_rng(2, RngStream::init).word(0) != word);
  CHECK(make_rng(1, RngStream::shuffle).word(0) != word);
  CHECK(make_rng(1, RngStream::init, 1).word(0) != word);
  CHECK(make_rng(1, RngStream::init).word(0) == word);
}

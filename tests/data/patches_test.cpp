// Samples taken from a set in memory by a kernel are those that the loader gives, bit by bit.
#include <doctest/doctest.h>

#include "data/augment.h"
#include "framework/ops/patches.h"
#include "kernels/patches.h"

using namespace cf;

TEST_CASE("a kernel turns and mirrors samples as the loader does") {
  constexpr std::int64_t kSamples = 40;
  constexpr std::int64_t kSide = 6;
  const Philox rng = make_rng(5, RngStream::test);
  std::vector<float> values(kSamples * kSide * kSide * 4);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(rng.uniform(i));
  const Tensor set = Tensor::from({kSamples, kSide, kSide, 4}, values);

  std::vector<Symmetry> symmetries;
  std::vector<std::int64_t> indices;
  std::vector<std::uint8_t> codes;
  for (std::int64_t i = 0; i < kSamples; ++i) {
    const Symmetry s = draw_symmetry(rng, static_cast<std::uint64_t>(i), true, true);
    symmetries.push_back(s);
    indices.push_back(i);
    codes.push_back(static_cast<std::uint8_t>((s.transpose ? orientation::kTranspose : 0) |
                                              (s.flip_rows ? orientation::kFlipRows : 0) |
                                              (s.flip_cols ? orientation::kFlipCols : 0)));
  }
  const Tensor taken = Tensor::empty(set.shape());
  ops::gather_patches(set, Tensor::from({kSamples}, indices), Tensor::from({kSamples}, codes), 1, taken);
  transform(symmetries, set);
  CHECK(taken.to_vector<float>() == set.to_vector<float>());
}

#include "framework/ops/patches.h"

#include <doctest/doctest.h>

#include <cmath>
#include <utility>

#include "kernels/table.h"

using namespace cf;

namespace {

const std::vector<std::uint8_t> kOrientations = {0, 1, 2, 3, 4, 5, 6, 7};

template <class F>
void on_every_backend(F&& fn) {
  for (const Backend backend : {Backend::reference, Backend::cpu, Backend::cuda}) {
    if (backend == Backend::cuda && !cuda_is_emulated()) continue;
    CAPTURE(kernel_table(backend).name);
    const UseKernels use(backend);
    fn(backend);
  }
}

// Images (3, side, side, C) of numbers that no two pixels share.
Tensor numbered(std::int64_t side, std::int64_t channels, DType t) {
  std::vector<double> values(static_cast<std::size_t>(3 * side * side * channels));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 251) + (t == DType::u16 ? 700 : 0);
  return Tensor::from({3, side, side, channels}, values).to(t);
}

Tensor gathered(const Tensor& set, const std::vector<std::int64_t>& index, const std::vector<std::uint8_t>& orientation,
                double scale, DType t = DType::f32) {
  const auto n = static_cast<std::int64_t>(index.size());
  Tensor out = Tensor::empty({n, set.dim(1), set.dim(2), set.dim(3)}, t);
  ops::gather_patches(set, Tensor::from({n}, index), Tensor::from({n}, orientation), scale, out);
  return out;
}

}  // namespace

TEST_CASE("samples are transposed first, then mirrored") {
  const Tensor set = Tensor::from<float>({1, 2, 2, 1}, {1, 2, 3, 4});
  const std::vector<std::vector<float>> want = {{1, 2, 3, 4}, {1, 3, 2, 4}, {3, 4, 1, 2}, {2, 4, 1, 3},
                                                {2, 1, 4, 3}, {3, 1, 4, 2}, {4, 3, 2, 1}, {4, 2, 3, 1}};
  on_every_backend([&](Backend) {
    for (const std::uint8_t o : kOrientations) {
      CAPTURE(int{o});
      CHECK(gathered(set, {0}, {o}, 1).to_vector<float>() == want[o]);
    }
  });
}

TEST_CASE("samples of every type are divided as two f32 are, and rounded once") {
  const std::vector<std::int64_t> index = {2, 0, 0, 1, 2, 1, 0, 2};
  for (const DType from : {DType::u8, DType::u16, DType::f32}) {
    CAPTURE(name_of(from));
    for (const std::int64_t channels : {1, 3, 4, 8}) {
      CAPTURE(channels);
      constexpr std::int64_t kSide = 5;
      const Tensor set = numbered(kSide, channels, from);
      const std::vector<double> values = set.to(DType::f64).to_vector<double>();
      std::vector<float> want;
      for (std::size_t b = 0; b < index.size(); ++b) {
        for (std::int64_t i = 0; i < kSide * kSide * channels; ++i) {
          std::int64_t row = i / channels / kSide;
          std::int64_t col = i / channels % kSide;
          if ((kOrientations[b] & 2) != 0) row = kSide - 1 - row;
          if ((kOrientations[b] & 4) != 0) col = kSide - 1 - col;
          if ((kOrientations[b] & 1) != 0) std::swap(row, col);
          const std::int64_t at = ((index[b] * kSide + row) * kSide + col) * channels + i % channels;
          want.push_back(static_cast<float>(values[static_cast<std::size_t>(at)]) / 2047.0F);
        }
      }
      on_every_backend([&](Backend) {
        const bool equal = gathered(set, index, kOrientations, 2047).to_vector<float>() == want;
        CHECK(equal);
        const Tensor half = Tensor::from({static_cast<std::int64_t>(want.size())}, want).to(DType::bf16).to(DType::f32);
        const bool rounded =
            gathered(set, index, kOrientations, 2047, DType::bf16).to(DType::f32).to_vector<float>() == half.to_vector<float>();
        CHECK(rounded);
      });
    }
  }
}

TEST_CASE("samples that are not square can be mirrored") {
  const Tensor set = Tensor::from<float>({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
  on_every_backend([&](Backend) {
    CHECK(gathered(set, {0, 0}, {2, 4}, 1).to_vector<float>() == std::vector<float>{4, 5, 6, 1, 2, 3, 3, 2, 1, 6, 5, 4});
  });
}

TEST_CASE("samples that cannot be taken are an error, or NaN where the device cannot say so") {
  const Tensor wide = numbered(2, 4, DType::u8);
  const Tensor oblong = Tensor::zeros({2, 2, 3, 1});
  on_every_backend([&](Backend backend) {
    const auto refuse = [&](const Tensor& set, std::int64_t index, std::uint8_t orientation, const char* words) {
      if (backend == Backend::cuda) {
        for (const float v : gathered(set, {index}, {orientation}, 1).to_vector<float>()) CHECK(std::isnan(v));
      } else {
        CHECK_THROWS_WITH_AS(gathered(set, {index}, {orientation}, 1), doctest::Contains(words), Error);
      }
    };
    refuse(wide, 3, 0, "sample 3 of a set of 3");
    refuse(wide, -1, 0, "sample -1");
    refuse(wide, 0, 8, "orientation 8");
    refuse(oblong, 0, 1, "2 x 3 cannot be transposed");
    CHECK_THROWS_WITH_AS(gathered(wide, {0}, {0}, 0), doctest::Contains("scale"), Error);
    CHECK_THROWS_WITH_AS(ops::gather_patches(wide, Tensor::zeros({2}, DType::i64), Tensor::zeros({1}, DType::u8), 1, wide),
                         doctest::Contains("orientations (B)"), Error);
    CHECK_THROWS_WITH_AS(gathered(Tensor::zeros({1, 2, 2, 1}, DType::i64), {0}, {0}, 1), doctest::Contains("i64"), Error);
    CHECK_THROWS_WITH_AS(gathered(wide, {0}, {0}, 1, DType::f64), doctest::Contains("f64"), Error);
    CHECK_THROWS_WITH_AS(
        ops::gather_patches(wide, Tensor::zeros({1}, DType::i64), Tensor::zeros({1}, DType::u8), 1, Tensor::zeros({1, 2, 2, 3})),
        doctest::Contains("(1, 2, 2, 4)"), Error);
  });
}

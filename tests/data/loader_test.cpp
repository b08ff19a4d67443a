#include "data/loader.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "tests/data/make_set.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;

namespace {

Dataset small_set(const test::TempFolder& folder, std::int64_t memory_limit = -1) {
  const auto path = folder / "set.h5";
  test::write_set<float>(path, {.samples = 11, .bands = 2, .height = 4, .width = 4});
  DatasetOptions options;
  options.memory_limit = memory_limit;
  return Dataset::open(path, options);
}

bool same(const LoadedBatch& a, const LoadedBatch& b) {
  return a.step == b.step && a.epoch == b.epoch && a.indices == b.indices &&
         a.batch.gt.to_vector<float>() == b.batch.gt.to_vector<float>() &&
         a.batch.ms.to_vector<float>() == b.batch.ms.to_vector<float>() &&
         a.batch.lms.to_vector<float>() == b.batch.lms.to_vector<float>() &&
         a.batch.pan.to_vector<float>() == b.batch.pan.to_vector<float>();
}

const LoaderOptions kAll{.batch = 4, .seed = 9, .flips = true, .turns = true, .drop_last = false};

}  // namespace

TEST_CASE("loader: an epoch holds every sample once, in another order than the next") {
  const test::TempFolder folder;
  const Dataset set = small_set(folder);
  Loader loader(set, kAll);
  CHECK(loader.steps_per_epoch() == 3);
  std::vector<std::vector<std::int64_t>> epochs(2);
  for (int step = 0; step < 6; ++step) {
    const LoadedBatch loaded = loader.next();
    CHECK(loaded.step == step);
    CHECK(loaded.epoch == step / 3);
    CHECK(loaded.batch.gt.dim(0) == (step % 3 == 2 ? 3 : 4));
    auto& epoch = epochs[static_cast<std::size_t>(loaded.epoch)];
    epoch.insert(epoch.end(), loaded.indices.begin(), loaded.indices.end());
  }
  for (const auto& epoch : epochs) CHECK(std::set(epoch.begin(), epoch.end()).size() == 11);
  CHECK(epochs[0] != epochs[1]);

  Loader full(set, {.batch = 4, .shuffle = false});
  CHECK(full.steps_per_epoch() == 2);
  CHECK(full.indices_of(3) == std::vector<std::int64_t>{4, 5, 6, 7});
}

TEST_CASE("loader: a batch depends on seed and step alone") {
  const test::TempFolder folder;
  const Dataset held = small_set(folder);
  const Dataset streamed = small_set(folder, 0);
  Loader loader(held, kAll);
  std::vector<LoadedBatch> batches;
  for (int i = 0; i < 8; ++i) batches.push_back(loader.next());

  LoaderOptions options = kAll;
  options.prefetch = 0;
  Loader direct(streamed, options);
  options.prefetch = 3;
  Loader resumed(streamed, options);
  for (const std::int64_t from : {5, 2}) {
    direct.start(from);
    resumed.start(from);
    for (std::size_t i = static_cast<std::size_t>(from); i < 8; ++i) {
      CHECK(same(direct.next(), batches[i]));
      CHECK(same(resumed.next(), batches[i]));
    }
  }
  options.seed = 10;
  CHECK_FALSE(same(Loader(held, options).next(), batches[0]));
  CHECK(loader.wait_seconds() >= 0);
}

TEST_CASE("loader: samples are mirrored and turned, all quantities alike") {
  const test::TempFolder folder;
  const Dataset set = small_set(folder);
  Loader loader(set, kAll);
  // Every quantity has to send its corners to the same places.
  std::set<int> seen;
  for (int step = 0; step < 60; ++step) {
    const LoadedBatch loaded = loader.next();
    const Batch plain = set.read(loaded.indices);
    for (std::size_t i = 0; i < loaded.indices.size(); ++i) {
      const auto corner = [&](const Tensor& t, bool bottom, bool right) {
        const std::int64_t y = bottom ? t.dim(1) - 1 : 0;
        const std::int64_t x = right ? t.dim(2) - 1 : 0;
        return t
            .span<float>()[static_cast<std::size_t>(((static_cast<std::int64_t>(i) * t.dim(1) + y) * t.dim(2) + x) * t.dim(3))];
      };
      // Where the first row's two corners went names the symmetry.
      int found = -1;
      for (int k = 0; k < 16; ++k) {
        const auto agrees = [&](const Tensor& now, const Tensor& before) {
          return corner(now, k & 1, (k & 2) != 0) == corner(before, false, false) &&
                 corner(now, (k & 4) != 0, (k & 8) != 0) == corner(before, false, true);
        };
        if (agrees(loaded.batch.gt, plain.gt) && agrees(loaded.batch.ms, plain.ms) && agrees(loaded.batch.lms, plain.lms) &&
            agrees(loaded.batch.pan, plain.pan)) {
          found = k;
        }
      }
      CHECK(found >= 0);
      seen.insert(found);
    }
  }
  CHECK(seen.size() == 8);
}

TEST_CASE("augment: a quarter turn of a small image, and flips that keep an oblong one") {
  const auto turned = [](Symmetry s, const Shape& shape, const std::vector<float>& values) {
    const Tensor t = Tensor::from(shape, values);
    transform(std::span<const Symmetry>(&s, 1), t);
    return t.to_vector<float>();
  };
  CHECK(turned({.transpose = true, .flip_cols = true}, {1, 2, 2, 1}, {1, 2, 3, 4}) == std::vector<float>{3, 1, 4, 2});
  CHECK(turned({.flip_rows = true}, {1, 2, 1, 2}, {1, 2, 3, 4}) == std::vector<float>{3, 4, 1, 2});
  CHECK(contains(error_of([&] { turned({.transpose = true}, {1, 1, 2, 1}, {1, 2}); }), "cannot be turned"));

  const test::TempFolder folder;
  test::write_set<float>(folder / "set.h5", {});  // 12 x 20
  const Dataset set = Dataset::open(folder / "set.h5", {});
  CHECK(Loader(set, {.batch = 2, .flips = true, .turns = true}).next().batch.gt.shape() == Shape{2, 12, 20, 4});
}

TEST_CASE("loader: options that leave no batch are refused") {
  const test::TempFolder folder;
  const Dataset set = small_set(folder);
  CHECK(contains(error_of([&] { Loader l(set, {.batch = 12}); }), "a batch of 12 is larger than the 11 samples"));
  CHECK(contains(error_of([&] { Loader l(set, {.batch = 0}); }), "batch 0 must be at least 1"));
  Loader all(set, {.batch = 12, .drop_last = false});
  CHECK(all.next().batch.gt.dim(0) == 11);
}

TEST_CASE("loader: shares of a step are its samples, whatever their number") {
  const test::TempFolder folder;
  const Dataset set = small_set(folder);
  LoaderOptions options = kAll;
  options.drop_last = true;
  Loader whole(set, options);
  for (const std::int64_t shares : {2, 4}) {
    options.shares = shares;
    for (std::int64_t share = 0; share < shares; ++share) {
      options.share = share;
      Loader part(set, options);
      CHECK(part.steps_per_epoch() == whole.steps_per_epoch());
      for (const std::int64_t step : {0, 1, 2, 5}) {  // in three epochs
        CAPTURE(step);
        const LoadedBatch all = whole.load(step);
        const LoadedBatch own = part.load(step);
        const std::int64_t samples = 4 / shares;
        REQUIRE(own.batch.gt.dim(0) == samples);
        CHECK(whole.indices_of(step).size() == 4);
        CHECK(Loader(set, options).indices_of(step, 0).front() == all.indices.front());
        for (const auto image : {&Batch::gt, &Batch::ms, &Batch::lms, &Batch::pan}) {
          const Tensor& images = all.batch.*image;
          Shape shape = images.shape();
          shape[0] = samples;
          const Tensor expected = Tensor::window(images.storage(), share * shape.numel(), shape, images.dtype());
          CHECK((own.batch.*image).to_vector<float>() == expected.to_vector<float>());
        }
      }
    }
  }
}

TEST_CASE("loader: batches that do not divide into equal shares are refused") {
  const test::TempFolder folder;
  const Dataset set = small_set(folder);
  CHECK(contains(error_of([&] { Loader l(set, {.batch = 4, .shares = 3}); }),
                 "a batch of 4 does not divide into 3 equal shares; change train.batch"));
  CHECK(contains(error_of([&] { Loader l(set, {.batch = 4, .drop_last = false, .shares = 2}); }), "may not be full"));
  CHECK(contains(error_of([&] { Loader l(set, {.batch = 4, .shares = 2, .share = 2}); }), "there is no share 2 of 2"));
}

TEST_CASE("loader: what reading throws reaches the caller, and the thread ends") {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  hdf5::Writer writer(path);
  std::vector<float> pan(6 * 16, 1);
  pan[4 * 16] = std::numeric_limits<float>::quiet_NaN();
  writer.write<float>("ms", std::vector<std::int64_t>{6, 1, 1, 1}, std::vector<float>(6, 1));
  writer.write<float>("pan", std::vector<std::int64_t>{6, 1, 4, 4}, pan);
  writer.commit();
  DatasetOptions options;
  options.memory_limit = 0;
  const Dataset set = Dataset::open(path, options);
  Loader loader(set, {.batch = 2, .shuffle = false});
  CHECK(loader.next().step == 0);
  CHECK(loader.next().step == 1);
  for (int again = 0; again < 2; ++again) {
    CHECK(contains(error_of([&] { (void)loader.next(); }), "'pan': sample 4 has 1 pixels"));
  }
  loader.start(0);
  CHECK(loader.next().step == 0);
}

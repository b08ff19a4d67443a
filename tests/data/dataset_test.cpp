#include "data/dataset.h"

#include <doctest/doctest.h>

#include <fstream>
#include <limits>
#include <random>

#include "data/image/interp.h"
#include "tests/data/make_set.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;

namespace {

// Every value of `t` (N, H, W, C) against the formula it was written from.
void check_tensor(const Tensor& t, int q, const std::vector<std::int64_t>& indices, double scale) {
  const auto values = t.span<float>();
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    const std::int64_t c = i % t.dim(3);
    const std::int64_t x = i / t.dim(3) % t.dim(2);
    const std::int64_t y = i / (t.dim(3) * t.dim(2)) % t.dim(1);
    const std::int64_t n = indices[static_cast<std::size_t>(i / (t.dim(1) * t.dim(2) * t.dim(3)))];
    const auto wanted = static_cast<float>(test::value_at(q, n, c, y, x)) / static_cast<float>(scale);
    wrong += values[static_cast<std::size_t>(i)] == wanted ? 0 : 1;
  }
  CHECK(wrong == 0);
}

std::string open_error(const std::filesystem::path& path, const DatasetOptions& options) {
  return error_of([&] { (void)Dataset::open(path, options); });
}

// A set whose values are given by the test.
struct Plain {
  std::vector<double> gt = std::vector<double>(2 * 64, 100);
  std::vector<double> ms = std::vector<double>(2 * 4, 100);
  std::vector<double> pan = std::vector<double>(2 * 64, 100);

  void write(const std::filesystem::path& path) const {
    hdf5::Writer writer(path);
    const std::vector<std::int64_t> fine = {2, 1, 8, 8};
    const std::vector<std::int64_t> coarse = {2, 1, 2, 2};
    writer.write<double>("gt", fine, gt);
    writer.write<double>("ms", coarse, ms);
    writer.write<double>("pan", fine, pan);
    writer.commit();
  }
};

}  // namespace

TEST_CASE_TEMPLATE("dataset: any type, layout, ratio and PAN; held and streamed", T, float, double, std::uint16_t) {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  const std::vector<std::int64_t> indices = {3, 0, 3, 1};
  for (test::SetSpec spec : {test::SetSpec{}, test::SetSpec{.ratio = 2, .gzip = 4}, test::SetSpec{.pan_bands = 2, .ratio = 3},
                             test::SetSpec{.bands = 8, .flat_pan = true}, test::SetSpec{.gzip = 1, .gt = false}}) {
    test::write_set<T>(path, spec);
    for (const std::int64_t limit : {std::int64_t{-1}, std::int64_t{0}}) {
      DatasetOptions options{.ratio = spec.ratio, .pan_bands = spec.pan_bands, .bands = spec.bands, .require_gt = spec.gt};
      options.memory_limit = limit;
      const Dataset set = Dataset::open(path, options);
      CHECK(set.in_memory() == (limit != 0));
      CHECK(set.size() == spec.samples);
      CHECK(set.height() == spec.height * spec.ratio);
      CHECK(set.width() == spec.width * spec.ratio);
      const Batch batch = set.read(indices);
      CHECK(batch.ms.shape() == Shape{4, spec.height, spec.width, spec.bands});
      CHECK(batch.pan.shape() == Shape{4, set.height(), set.width(), spec.pan_bands});
      check_tensor(batch.ms, test::kMs, indices, 2047);
      check_tensor(batch.lms, test::kLms, indices, 2047);
      check_tensor(batch.pan, test::kPan, indices, 2047);
      CHECK(batch.gt.defined() == spec.gt);
      if (spec.gt) check_tensor(batch.gt, test::kGt, indices, 2047);
    }
  }
}

TEST_CASE("dataset: a missing lms is interpolated from ms, the same held and streamed") {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  for (const std::int64_t ratio : {3, 4}) {
    test::write_set<double>(path, {.pan_bands = 2, .ratio = ratio, .height = 12, .width = 14, .lms = false});
    DatasetOptions options{.ratio = ratio, .pan_bands = 2};
    const Dataset held = Dataset::open(path, options);
    options.memory_limit = 0;
    const Dataset streamed = Dataset::open(path, options);
    const std::vector<std::int64_t> indices = {4, 2};
    const Batch batch = held.read(indices);
    CHECK(batch.lms.shape() == Shape{2, 12 * ratio, 14 * ratio, 4});
    CHECK(batch.lms.to_vector<float>() == streamed.read(indices).lms.to_vector<float>());
    const Tensor image = Tensor::window(batch.ms.storage(), batch.ms.storage_offset(), {12, 14, 4}, DType::f32);
    const auto wanted = upsample_lms(image, ratio).to(DType::f32).to_vector<float>();
    const auto made = batch.lms.to_vector<float>();
    CHECK(std::equal(wanted.begin(), wanted.end(), made.begin()));
  }
}

TEST_CASE("dataset: shapes that disagree are named") {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  test::write_set<float>(path, {.ratio = 4});
  CHECK(contains(open_error(path, {.ratio = 2}), "'pan': is 5 x 1 x 12 x 20 (N x C x H x W); ms of 5 x 4 x 3 x 5"));
  CHECK(contains(open_error(path, {.ratio = 2}), "at ratio 2 calls for 5 x 1 x 6 x 10"));
  CHECK(contains(open_error(path, {.pan_bands = 3}), "pan has 1 bands; the configuration asks for 3 (data.pan_bands)"));
  CHECK(contains(open_error(path, {.bands = 8}), "set.h5 has 4 bands; the configuration asks for 8"));
  CHECK(contains(open_error(path, {.multiple = 8}), "images of 12 x 20 pixels; the network needs multiples of 8"));
  CHECK(contains(open_error(path, {.scale = 0}), "must be positive"));

  const std::vector<std::int64_t> coarse = {2, 1, 2, 2};
  const std::vector<std::int64_t> fine = {2, 1, 8, 8};
  const auto write_lms = [&](std::vector<std::int64_t> shape) {
    hdf5::Writer writer(path);
    writer.write<double>("ms", coarse, std::vector<double>(8, 1));
    writer.write<double>("pan", fine, std::vector<double>(128, 1));
    const auto numel = static_cast<std::size_t>(shape[0] * shape[1] * shape[2] * (shape.size() > 3 ? shape[3] : 1));
    writer.write<double>("lms", shape, std::vector<double>(numel, 1));
    writer.commit();
  };
  write_lms({2, 1, 8, 7});
  CHECK(contains(open_error(path, {}), "dataset 'lms': is 2 x 1 x 8 x 7"));
  write_lms({1, 1, 8, 8});
  CHECK(contains(open_error(path, {}), "dataset 'lms': is 1 x 1 x 8 x 8"));
  write_lms({2, 8, 8});
  CHECK(contains(open_error(path, {}), "dataset 'lms': is 2 x 8 x 8; expected N x C x H x W"));
}

TEST_CASE("dataset: what is missing or empty is named") {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  CHECK(contains(open_error(path, {}), "does not exist; docs/data.md"));
  std::ofstream(path) << "text";
  CHECK(contains(open_error(path, {}), "is not an HDF5 file"));
  test::write_set<float>(path, {.gt = false});
  CHECK(contains(open_error(path, {.require_gt = true}), "no dataset 'gt': a full-resolution set"));
  test::write_set<float>(path, {.samples = 0});
  CHECK(contains(open_error(path, {}), "holds no samples"));
  hdf5::Writer writer(path);
  const std::vector<std::int64_t> shape = {1, 1, 2, 2};
  writer.write<float>("ms", shape, std::vector<float>(4));
  writer.commit();
  CHECK(contains(open_error(path, {}), "has no dataset 'pan'; it holds: ms"));
  test::write_set<float>(path, {});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  CHECK(contains(open_error(path, {}), "truncated"));
  test::write_set<float>(path, {});
  const std::vector<std::int64_t> outside = {5};
  CHECK(contains(error_of([&] { (void)Dataset::open(path, {}).read(outside); }), "sample 5 asked of 5"));
}

TEST_CASE("dataset: NaN, infinity and a wrong scale are found at open, or as a streamed set is read") {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  const auto message = [&](std::int64_t limit) {
    return error_of([&] {
      DatasetOptions options;
      options.memory_limit = limit;
      const Dataset set = Dataset::open(path, options);
      const std::vector<std::int64_t> clean = {0};
      CHECK(limit == 0);
      (void)set.read(clean);
      const std::vector<std::int64_t> second = {0, 1};
      (void)set.read(second);
    });
  };
  for (const std::int64_t limit : {-1, 0}) {
    Plain bad;
    bad.gt[64 + 3] = std::numeric_limits<double>::quiet_NaN();
    bad.gt[64 + 9] = -std::numeric_limits<double>::infinity();
    bad.write(path);
    CHECK(contains(message(limit), "dataset 'gt': sample 1 has 2 pixels that are NaN or infinite, of 64"));
    Plain bright;
    bright.pan[64] = 65000;
    bright.write(path);
    CHECK(contains(message(limit), "dataset 'pan': sample 1 has values up to 65000, 31.8 times the scale of 2047"));
    CHECK(contains(message(limit), "data.scale"));
  }
  DatasetOptions unchecked{.scale = 1};
  unchecked.max_value = 0;
  CHECK(Dataset::open(path, unchecked).size() == 2);
}

TEST_CASE("dataset: random sets agree held and streamed whatever the chunks") {
  const test::TempFolder folder;
  const auto path = folder / "set.h5";
  std::mt19937 random(7);
  for (int round = 0; round < 4; ++round) {
    const auto pick = [&](int lo, int hi) { return std::uniform_int_distribution<std::int64_t>(lo, hi)(random); };
    test::write_set<double>(path, {.samples = pick(1, 9), .bands = pick(1, 9), .height = pick(1, 9), .width = pick(1, 9)});
    DatasetOptions options;
    const Dataset held = Dataset::open(path, options);
    options.memory_limit = 0;
    const Dataset streamed = Dataset::open(path, options);
    std::vector<std::int64_t> indices;
    for (int i = 0; i < 6; ++i) indices.push_back(pick(0, static_cast<int>(held.size() - 1)));
    CHECK(held.read(indices).gt.to_vector<float>() == streamed.read(indices).gt.to_vector<float>());
  }
}

#include "data/mat.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <numeric>

#include "data/dataset.h"
#include "data/hdf5.h"
#include "data/results.h"
#include "tests/data/make_set.h"
#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;

namespace {

// Column-major (N, H, W, C), or (H, W, C) without `many`, of test::value_at(), trailing extents of 1 dropped as MATLAB does.
mat::Array variable(int q, std::int64_t N, std::int64_t H, std::int64_t W, std::int64_t C, bool many) {
  mat::Array array{{H, W}, {}};
  if (C > 1) array.shape.push_back(C);
  if (many) array.shape.insert(array.shape.begin(), N);
  for (std::int64_t c = 0; c < C; ++c) {
    for (std::int64_t x = 0; x < W; ++x) {
      for (std::int64_t y = 0; y < H; ++y) {
        for (std::int64_t n = 0; n < N; ++n) array.values.push_back(test::value_at(q, n, c, y, x));
      }
    }
  }
  return array;
}

using Variables = std::vector<mat::Variable>;

// As MATLAB's -v7.3 lays them out: extents reversed.
void write_v73(const std::filesystem::path& path, const Variables& variables) {
  hdf5::Writer writer(path);
  for (const auto& [name, array] : variables) {
    const std::vector<std::int64_t> shape(array.shape.rbegin(), array.shape.rend());
    writer.write<double>(name, shape, array.values);
  }
  writer.commit();
}

void check_values(const Tensor& images, int q) {
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < images.numel(); ++i) {
    const std::int64_t c = i % images.dim(3);
    const std::int64_t x = i / images.dim(3) % images.dim(2);
    const std::int64_t y = i / (images.dim(3) * images.dim(2)) % images.dim(1);
    const std::int64_t n = i / (images.dim(3) * images.dim(2) * images.dim(1));
    wrong +=
        images.span<float>()[static_cast<std::size_t>(i)] == static_cast<float>(test::value_at(q, n, c, y, x)) / 2047.0F ? 0 : 1;
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("mat: the toolbox's sets, one image or many, version 5 and 7.3") {
  const test::TempFolder folder;
  const auto path = folder / "set.mat";
  for (const bool v5 : {true, false}) {
    if (v5 && !mat::has_v5()) continue;
    for (const bool many : {false, true}) {
      const std::int64_t N = many ? 3 : 1;
      Variables variables = {{many ? "ms" : "I_MS_LR", variable(test::kMs, N, 3, 5, 4, many)},
                             {many ? "lms" : "I_MS", variable(test::kLms, N, 6, 10, 4, many)},
                             {many ? "pan" : "I_PAN", variable(test::kPan, N, 6, 10, 1, many)}};
      if (many) variables.push_back({"gt", variable(test::kGt, N, 6, 10, 4, many)});
      v5 ? mat::write(path, variables) : write_v73(path, variables);
      CHECK(mat::kind_of(path) == (v5 ? mat::Kind::v5 : mat::Kind::v73));
      const Dataset set = Dataset::open(path, {.ratio = 2, .bands = 4});
      CHECK(set.size() == N);
      CHECK(set.has_gt() == many);
      std::vector<std::int64_t> all(static_cast<std::size_t>(N));
      std::iota(all.begin(), all.end(), 0);
      const Batch batch = set.read(all);
      check_values(batch.ms, test::kMs);
      check_values(batch.lms, test::kLms);
      check_values(batch.pan, test::kPan);
      if (many) check_values(batch.gt, test::kGt);
    }
  }
}

TEST_CASE("mat: bad files are named with their fault") {
  const test::TempFolder folder;
  const auto path = folder / "set.mat";
  CHECK(contains(error_of([&] { (void)mat::list(path); }), "set.mat does not exist; docs/data.md"));
  std::ofstream(path) << "neither of the two";
  CHECK(contains(error_of([&] { (void)mat::list(path); }), "is not a MATLAB file"));
  write_v73(path, {{"pan", variable(test::kPan, 1, 4, 4, 1, false)}});
  CHECK(contains(error_of([&] { (void)Dataset::open(path, {}); }), "no variable 'ms' or 'I_MS_LR'; it holds: pan"));
  write_v73(path, {{"ms", variable(test::kMs, 2, 4, 4, 2, true)}, {"pan", variable(test::kPan, 1, 4, 4, 1, false)}});
  CHECK(contains(error_of([&] { (void)Dataset::open(path, {}); }), "variable 'pan': is 4 x 4; expected N x H x W x B"));
  if (!mat::has_v5()) return;
  mat::write(path, {{"x", {{100, 100}, std::vector<double>(10000, 1)}}});
  CHECK(contains(error_of([&] { (void)mat::read(path, "y"); }), "no readable variable 'y'"));
  std::filesystem::resize_file(path, 3000);
  CHECK(contains(error_of([&] { (void)mat::read(path, "x"); }), "truncated"));
  CHECK(contains(error_of([&] { mat::write(path, {{"x", {{2, 2}, {1, 2, 3}}}}); }), "of 4 values given 3"));
}

TEST_CASE("mat: a variable whose name is damaged") {
  if (!mat::has_v5()) return;
  const test::TempFolder folder;
  const auto path = folder / "set.mat";
  mat::write(path, {{"ms", {{1, 1}, {3}}}, {"pan", {{1, 1}, {5}}}});
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  // Found by fuzzing: the tag and text of "ms", in eight bytes, replaced by a type that names do not have. matio gives no name
  // then.
  const std::size_t at = bytes.find("ms") - 4;
  file.clear();
  file.seekp(static_cast<std::streamoff>(at));
  file.write("\x01\x73\x00\x6d\x02\x00\x00\x00", 8);
  file.close();
  CHECK(contains(error_of([&] { (void)Dataset::open(path, {}); }), "no variable 'ms'"));
}

TEST_CASE("mat: a variable that claims more values than its file can hold is refused before it is read") {
  if (!mat::has_v5()) return;
  const test::TempFolder folder;
  const auto path = folder / "set.mat";
  mat::write(path, {{"ms", {{2, 3}, {1, 2, 3, 4, 5, 6}}}});
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  // Found by fuzzing: extents (2, 3) became (2, 2^24). They stand behind the header, the variable's tag, its flags and their own
  // tag.
  file.seekp(128 + 8 + 16 + 8 + 4);
  file.write("\x00\x00\x00\x01", 4);
  file.close();
  CHECK(contains(error_of([&] { (void)mat::read(path, "ms"); }), "variable 'ms': it claims more values than the file can hold"));
}

TEST_CASE("mat: a failed write leaves the file that was there") {
  if (!mat::has_v5()) return;
  const test::TempFolder folder;
  std::ofstream(folder / "a.mat") << "kept";
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = error_of([&] {
    mat::write(folder / "a.mat", {{"x", {{100, 100}, std::vector<double>(10000, 1)}}});
  });
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK(contains(message, "a.mat: writing failed; is the disk full?"));
  CHECK(folder.entries() == 1);
  CHECK(std::filesystem::file_size(folder / "a.mat") == 4);
}

TEST_CASE("results: fused images for programs and for the toolbox") {
  const test::TempFolder folder;
  std::vector<float> values(2 * 3 * 4 * 5);
  std::iota(values.begin(), values.end(), 0.25F);
  const Tensor images = Tensor::from({2, 3, 4, 5}, values);
  const auto image = [&](std::int64_t n) { return Tensor::window(images.storage(), n * 60, {3, 4, 5}, DType::f32); };

  FusedFile file(folder / "fused.h5", images.shape());
  file.put(1, image(1));
  CHECK(contains(error_of([&] { file.put(0, images); }), "an image is (H, W, B)"));
  CHECK(contains(error_of([&] { file.put(2, image(1)); }), "image 2 of shape"));
  CHECK(contains(error_of([&] { file.commit(); }), "image 0 was never written"));
  file.put(0, image(0).to(DType::f64));
  file.commit();
  const hdf5::Array sr = hdf5::File(folder / "fused.h5").open("sr");
  CHECK(sr.info().shape == std::vector<std::int64_t>{2, 5, 3, 4});
  CHECK(sr.info().type == "float32");
  std::vector<float> read(120);
  sr.read<float>(read);
  CHECK(read[0] == values[0]);
  CHECK(read[12] == values[1]);                  // the second band of the first pixel
  CHECK(read[60 + 4 * 12 + 11] == values[119]);  // the last of all

  if (!mat::has_v5()) {
    CHECK(contains(error_of([&] { write_fused_mat(folder / "a.mat", image(0)); }), "no matio"));
    return;
  }
  write_fused_mat(folder / "output_mulExm_1.mat", image(1));
  const mat::Array matlab = mat::read(folder / "output_mulExm_1.mat", "sr");
  CHECK(matlab.shape == std::vector<std::int64_t>{3, 4, 5});
  CHECK(matlab.values[1] == static_cast<double>(values[60 + 20]));  // the second row of the first column and band
  CHECK(matlab.values[12] == static_cast<double>(values[61]));
}

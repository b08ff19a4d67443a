#include "data/hdf5.h"

#include <doctest/doctest.h>
#include <hdf5.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <numeric>

#include "tests/harness/temp_folder.h"

using namespace cf;
using test::contains;
using test::error_of;

namespace {

template <class T>
std::vector<T> ramp(std::size_t n, double step) {
  std::vector<T> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>(static_cast<double>(i) * step);
  return values;
}

// A dataset of a type that the writer does not offer, through the library itself.
void write_raw(const std::filesystem::path& path, hid_t type, const std::vector<hsize_t>& shape, const void* values) {
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
  const hid_t set = H5Dcreate2(file, "x", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  if (values != nullptr) H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
  H5Dclose(set);
  H5Sclose(space);
  H5Fclose(file);
}

}  // namespace

TEST_CASE_TEMPLATE("hdf5: what was written is read, compressed or not, whole or by rows", T, float, double, std::uint16_t) {
  const test::TempFolder folder;
  const std::vector<std::int64_t> shape = {5, 3, 4};
  const auto values = ramp<T>(60, 1.5);
  for (const int gzip : {0, 4}) {
    const auto path = folder / "a.h5";
    hdf5::Writer writer(path);
    writer.write<T>("x", shape, values, {.gzip = gzip});
    writer.commit();

    const hdf5::File file(path);
    const hdf5::Array x = file.open("x");
    CHECK(x.info().shape == shape);
    CHECK(x.info().type == (std::is_same_v<T, float> ? "float32" : std::is_same_v<T, double> ? "float64" : "uint16"));
    CHECK(x.info().filters == (gzip > 0 ? "gzip 4 + shuffle" : ""));
    CHECK(x.info().chunk == (gzip > 0 ? std::vector<std::int64_t>{1, 3, 4} : std::vector<std::int64_t>{}));
    std::vector<double> all(60);
    x.read<double>(all);
    std::vector<float> rows(24);
    x.read_rows<float>(2, 2, rows);
    for (std::size_t i = 0; i < 60; ++i) CHECK(all[i] == static_cast<double>(values[i]));
    for (std::size_t i = 0; i < 24; ++i) CHECK(rows[i] == static_cast<float>(values[24 + i]));
    CHECK(contains(error_of([&] { x.read_rows<float>(4, 2, rows); }), "'x': rows 4 to 6 asked of 5"));
    CHECK(contains(error_of([&] { x.read<float>(rows); }), "60 values read into room for 24"));
  }
}

TEST_CASE("hdf5: rows written in pieces make one dataset") {
  const test::TempFolder folder;
  const std::vector<std::int64_t> shape = {4, 2};
  const auto values = ramp<double>(8, 1);
  hdf5::Writer writer(folder / "a.h5");
  writer.create<double>("x", shape);
  writer.write_rows<double>("x", 2, 2, std::span(values).subspan(4));
  writer.write_rows<double>("x", 0, 2, std::span(values).first(4));
  CHECK(contains(error_of([&] { writer.write_rows<double>("x", 0, 1, std::span<const double>(values)); }), "8 values given"));
  writer.commit();
  std::vector<double> read(8);
  hdf5::File(folder / "a.h5").open("x").read<double>(read);
  CHECK(read == values);
}

TEST_CASE("hdf5: integers of any width are read; text is refused") {
  const test::TempFolder folder;
  const std::vector<std::int16_t> shorts = {-3, 7};
  write_raw(folder / "i.h5", H5T_NATIVE_INT16, {2}, shorts.data());
  std::vector<float> read(2);
  const hdf5::File file(folder / "i.h5");
  CHECK(file.open("x").info().type == "int16");
  file.open("x").read<float>(read);
  CHECK(read == std::vector<float>{-3, 7});
  const hid_t text = H5Tcopy(H5T_C_S1);
  write_raw(folder / "t.h5", text, {2}, "ab");
  H5Tclose(text);
  const hdf5::Array words = hdf5::File(folder / "t.h5").open("x");
  CHECK_FALSE(words.info().numeric);
  CHECK(contains(error_of([&] { words.read<float>(read); }), "holds no numbers"));
}

TEST_CASE("hdf5: a bad file is named with its fault") {
  const test::TempFolder folder;
  const auto missing = folder / "none.h5";
  CHECK(contains(error_of([&] { hdf5::File f(missing); }), "none.h5 does not exist; docs/data.md"));
  CHECK(contains(error_of([&] { hdf5::File f(folder.path()); }), "is not a file"));
  const auto text = folder / "text.h5";
  std::ofstream(text) << "no HDF5 at all";
  CHECK(contains(error_of([&] { hdf5::File f(text); }), "text.h5 is not an HDF5 file"));

  const std::vector<std::int64_t> shape = {1000};
  const auto path = folder / "a.h5";
  hdf5::Writer writer(path);
  writer.write<double>("x", shape, ramp<double>(1000, 1));
  writer.commit();
  CHECK(contains(error_of([&] { (void)hdf5::File(path).open("gt"); }), "has no dataset 'gt'; it holds: x"));
  CHECK_FALSE(hdf5::File(path).has("group/x"));
  std::filesystem::resize_file(path, 4000);
  CHECK(contains(error_of([&] { hdf5::File f(path); }), "truncated"));
}

TEST_CASE("hdf5: nothing appears without commit, nor where writing fails; what was there stays") {
  const test::TempFolder folder;
  const std::vector<std::int64_t> shape = {1 << 16};
  const auto values = ramp<double>(1 << 16, 1);
  { hdf5::Writer writer(folder / "a.h5"); }
  CHECK(folder.entries() == 0);
  std::ofstream(folder / "a.h5") << "kept";

  // A file-size limit fails a write just as a full disk does.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = error_of([&] {
    hdf5::Writer writer(folder / "a.h5");
    writer.write<double>("x", shape, values);
    writer.commit();
  });
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK(contains(message, "a.h5"));
  CHECK(contains(message, "failed"));
  CHECK(folder.entries() == 1);
  CHECK(std::filesystem::file_size(folder / "a.h5") == 4);

  CHECK(contains(error_of([&] { hdf5::Writer w(folder / "a.h5" / "b.h5"); }), "is not a folder"));
}

TEST_CASE("hdf5: a set that claims more values than its file can hold is refused before anything is allocated for it") {
  const test::TempFolder folder;
  const auto claimed = [&](const std::vector<std::int64_t>& shape, hdf5::WriteOptions options) {
    hdf5::Writer writer(folder / "a.h5");
    writer.create<float>("ms", shape, options);
    writer.commit();
    return error_of([&] { (void)hdf5::File(folder / "a.h5").open("ms"); });
  };
  CHECK(contains(claimed({std::int64_t{1} << 30, 4, 4, 4}, {.gzip = 1}), "dataset 'ms': damaged: it claims more values"));
  // Chunks that were never written read as zeros.
  CHECK(claimed({1 << 10, 4, 4, 4}, {.gzip = 1}).empty());
}

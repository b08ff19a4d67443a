// NumPy's files, written here byte by byte.
#include "framework/io/numpy_file.h"

#include "tests/harness/torch_writer.h"
#include "tests/io/support.h"

namespace cf {
namespace {

using test::bytes_of;
using test::contains;
using test::error_of;

// An array in the format's version 1, or with the header's length in four bytes.
std::string npy(const std::string& header, const std::string& values, char version = 1) {
  const std::string text = header + "\n";
  std::string bytes = "\x93NUMPY" + std::string(1, version) + std::string(1, '\0');
  const auto length = static_cast<std::uint16_t>(text.size());
  bytes += bytes_of<std::uint16_t>({length});
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + text + values;
}

std::string header(const std::string& type, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
}

NamedTensors read(const std::string& name, const std::string& bytes) {
  const test::TempFolder folder;
  test::put_file(folder / name, bytes);
  return read_numpy(folder / name);
}

Tensor read_array(const std::string& bytes) { return read("a.npy", bytes)[0].second; }

void check_refused(const std::string& bytes, const char* word) {
  const std::string message = error_of([&] { read("a.npy", bytes); });
  INFO(message);
  CHECK(contains(message, "a.npy"));
  CHECK_MESSAGE(contains(message, word), word);
}

const std::vector<float> kSix = {1, 2, 3, 4, 5, 6};

TEST_CASE("numpy: an archive of arrays") {
  const std::string archive = test::zip_archive({{"conv.weight.npy", npy(header("<f4", "(2, 3)"), bytes_of(kSix))},
                                                 {"n.npy", npy(header("<i8", "()"), bytes_of<std::int64_t>({12}))}});
  const NamedTensors arrays = read("a.npz", archive);
  REQUIRE(arrays.size() == 2);
  CHECK(arrays[0].first == "conv.weight");
  CHECK(arrays[0].second.shape() == Shape{2, 3});
  CHECK(arrays[0].second.to_vector<float>() == kSix);
  CHECK(arrays[1].second.rank() == 0);
  CHECK(arrays[1].second.to_vector<std::int64_t>() == std::vector<std::int64_t>{12});
}

TEST_CASE("numpy: Fortran order, versions and types") {
  CHECK(read_array(npy(header("<f4", "(2, 3)", "True"), bytes_of(kSix))).to_vector<float>() ==
        std::vector<float>{1, 3, 5, 2, 4, 6});
  CHECK(read_array(npy(header("<f4", "(6,)"), bytes_of(kSix), 2)).to_vector<float>() == kSix);
  CHECK(read_array(npy(header("<f8", "(1,)"), bytes_of<double>({0.1}))).to_vector<double>() == std::vector<double>{0.1});
  CHECK(read_array(npy(header("<f2", "(1,)"), bytes_of<std::uint16_t>({0x3e00}))).to_vector<float>() == std::vector<float>{1.5F});
  CHECK(read_array(npy(header("|u1", "(2,)"), "\x01\xff")).to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 255});
  CHECK(read_array(npy(header("<u2", "(1,)"), "\x01\xff")).to_vector<std::uint16_t>() == std::vector<std::uint16_t>{0xff01});
  CHECK(read_array(npy(header("<i4", "(1,)"), bytes_of<std::int32_t>({-3}))).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{-3});
  CHECK(read_array(npy(header("<f4", "(0, 3)"), "")).shape() == Shape{0, 3});
}

TEST_CASE("numpy: arrays without values") {
  // Found by fuzzing: their values were copied from a null pointer.
  const Tensor empty = read_array(npy(header("<f4", "(2, 0, 3)", "True"), ""));
  CHECK(empty.shape() == Shape{2, 0, 3});
  CHECK(read_array(npy(header("|i1", "(0,)"), "")).dtype() == DType::i64);
}

TEST_CASE("numpy: what cannot be read says why") {
  const std::string good = npy(header("<f4", "(2, 3)"), bytes_of(kSix));
  check_refused(npy(header(">f4", "(2, 3)"), bytes_of(kSix)), "big-endian");
  check_refused(npy(header("|O", "(1,)"), "x"), "'|O'");
  check_refused(npy(header("<c8", "(1,)"), std::string(8, 'x')), "'<c8'");
  check_refused(npy(header("<f4", "(2, 4)"), bytes_of(kSix)), "24 bytes of values");
  check_refused(npy(header("<f4", "(2, 9223372036854775807)"), bytes_of(kSix)), "24 bytes of values");
  check_refused(npy(header("<f4", "(2, 99999999999999999999)"), bytes_of(kSix)), "header");
  check_refused(npy(header("<f4", "(2, -3)"), bytes_of(kSix)), "header");
  check_refused(npy(header("<f4", "(1, 1, 1, 1, 1, 1, 6)"), bytes_of(kSix)), "7 dimensions");
  check_refused(npy(header("<f4", "(2, 3", "True"), bytes_of(kSix)), "header");
  check_refused(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", bytes_of(kSix)), "header");
  check_refused(npy(header("<f4", "(2, 3)"), bytes_of(kSix), 7), "version 7");
  check_refused("something else", "no array");
  check_refused(good.substr(0, 30), "truncated");
  check_refused(good.substr(0, good.size() - 1), "truncated");
  for (std::size_t i = 0; i < good.size(); ++i) error_of([&] { read("a.npy", good.substr(0, i)); });

  const std::string message = error_of([] { read("a.npz", test::zip_archive({{"a.txt", "text"}})); });
  CHECK(contains(message, "holds a.txt"));
  CHECK(contains(error_of([&] { read("a.npz", good); }), "no zip archive"));
}

}  // namespace
}  // namespace cf

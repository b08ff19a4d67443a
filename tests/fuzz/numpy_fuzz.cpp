// NumPy's files: a .npy or .npz as it is, or an array of a header and values, alone or in an archive.
#include <algorithm>

#include "framework/io/numpy_file.h"
#include "tests/fuzz/harness.h"
#include "tests/harness/torch_writer.h"

namespace {

std::string array_of(std::string_view rest) {
  const cf::fuzz::Parts parts = cf::fuzz::parts_of(rest);
  std::string file = "\x93NUMPY";
  file += '\x02';
  file += '\0';
  cf::fuzz::put(file, static_cast<std::uint32_t>(parts.header.size()));
  return file.append(parts.header).append(parts.values);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile array("input.npy");
  static cf::fuzz::InputFile archive("input.npz");
  const auto [way, rest] = cf::fuzz::split(data, size);
  const int meant = way % 8;
  const bool packed = meant == 2 || meant == 3;
  std::string file(rest);
  if (meant == 1 || meant > 3) file = array_of(rest);
  if (meant == 3) file = cf::test::zip_archive({{"a.npy", array_of(rest)}});
  const auto& path = (packed ? archive : array).put(file);
  // bool and 8-bit integers become 64-bit ones, beside which stands what was unpacked at up to 1032 to 1.
  cf::fuzz::read(
      file.size(), [&] { cf::read_numpy(path); }, packed ? 16 * 1032 : 16);
  return 0;
}

// PyTorch's files: as they are, in either format, or a pickle in an archive with two storages.
#include "framework/io/torch_file.h"
#include "tests/fuzz/harness.h"
#include "tests/harness/torch_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile input("input.pth");
  static const std::string values(48, '\x3f');
  const auto [way, rest] = cf::fuzz::split(data, size);
  std::string file(rest);
  if (way % 2 == 1) file = cf::test::torch_zip(file, {values, values});
  const auto& path = input.put(file);
  cf::fuzz::read(
      file.size(), [&] { cf::read_torch(path); }, way % 2 == 1 ? 16 : 16 * 1032);
  return 0;
}

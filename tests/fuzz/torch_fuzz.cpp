// PyTorch's files: as they are, in either format, or a pickle that describes the tensors of two storages: mostly in the older
// format, which costs a tenth of an archive.
#include "framework/io/torch_file.h"
#include "tests/fuzz/harness.h"
#include "tests/harness/torch_writer.h"

namespace {

using cf::test::PickleWriter;

// Of a pickle that describes storages as the older format does or, being lenient, as the newer one.
std::string sequential(std::string_view pickle) {
  static const std::string start = [] {
    std::string bytes = "\x80\x02\x8a\x0a";
    bytes += std::string("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10) + ".";
    bytes += PickleWriter().integer(1001).stop();
    return bytes + PickleWriter().dict().text("little_endian").op("\x88").end_dict().stop();
  }();
  static const std::string keys = PickleWriter().op("](").text("0").op("e").stop();
  std::string file = start + std::string(pickle) + keys;
  cf::fuzz::put(file, std::uint64_t{12});
  return file.append(96, '\x3f');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile input("input.pth");
  static const std::string values(48, '\x3f');
  const auto [way, rest] = cf::fuzz::split(data, size);
  std::string file(rest);
  if (way % 8 == 7) file = cf::test::torch_zip(file, {values, values});
  if (way % 8 != 0 && way % 8 != 7) file = sequential(rest);
  const auto& path = input.put(file);
  cf::fuzz::read(
      file.size(), [&] { cf::read_torch(path); }, way % 8 == 0 ? 16 * 1032 : 16);
  return 0;
}

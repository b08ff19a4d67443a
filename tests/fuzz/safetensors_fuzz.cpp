// safetensors: as they are, or made of a header and values.
#include "framework/io/safetensors.h"
#include "tests/fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile input("input.safetensors");
  const auto [way, rest] = cf::fuzz::split(data, size);
  std::string file;
  if (way % 2 == 0) {
    file = rest;
  } else {
    const cf::fuzz::Parts parts = cf::fuzz::parts_of(rest);
    cf::fuzz::put(file, std::uint64_t{parts.header.size()});
    file.append(parts.header).append(parts.values);
  }
  const auto& path = input.put(file);
  cf::fuzz::read(file.size(), [&] { cf::read_safetensors(path); });
  return 0;
}

// Checkpoints: as they are, with the header's checksum put right, or made of a header and values.
#include <xxhash.h>

#include <cstring>

#include "framework/io/checkpoint.h"
#include "tests/fuzz/harness.h"

namespace {

constexpr std::size_t kPreamble = 32;
constexpr std::size_t kChecksumAt = 24;

std::uint64_t checksum_of(const std::string& file, std::uint64_t header_bytes) {
  std::string covered = file.substr(0, kChecksumAt) + file.substr(kPreamble, header_bytes);
  return XXH3_64bits(covered.data(), covered.size());
}

std::string mended(std::string file) {
  std::uint64_t header_bytes = 0;
  if (file.size() < kPreamble) return file;
  std::memcpy(&header_bytes, file.data() + 16, sizeof header_bytes);
  if (header_bytes > file.size() - kPreamble) return file;
  const std::uint64_t checksum = checksum_of(file, header_bytes);
  std::memcpy(file.data() + kChecksumAt, &checksum, sizeof checksum);
  return file;
}

std::string composed(std::string_view rest) {
  const cf::fuzz::Parts parts = cf::fuzz::parts_of(rest);
  std::string file = "CFRUNCKP";
  cf::fuzz::put(file, std::uint32_t{1});
  cf::fuzz::put(file, std::uint32_t{0});
  cf::fuzz::put(file, std::uint64_t{parts.header.size()});
  cf::fuzz::put(file, std::uint64_t{0});
  file += parts.header;
  file.append((64 - file.size() % 64) % 64, '\0');
  file += parts.values;
  return mended(std::move(file));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile input("input.cfk");
  const auto [way, rest] = cf::fuzz::split(data, size);
  const std::string file = way % 3 == 0 ? std::string(rest) : way % 3 == 1 ? mended(std::string(rest)) : composed(rest);
  const auto& path = input.put(file);
  cf::fuzz::read(file.size(), [&] { cf::read_checkpoint(path); });
  return 0;
}

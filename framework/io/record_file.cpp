#include "framework/io/record_file.h"

#include <array>
#include <bit>
#include <cstring>

namespace cf {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored little-endian, as they lie in memory");

// The CRC of each single byte; 0x82f63b78 is Castagnoli's polynomial, lowest power first.
constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    table[byte] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

template <class T>
void append_number(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  out.append(bytes.data(), bytes.size());
}

std::uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8U; }

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) crc = (crc >> 8U) ^ kTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xffU];
  return ~crc;
}

void append_record(std::string& out, std::string_view bytes) {
  std::string length;
  append_number(length, static_cast<std::uint64_t>(bytes.size()));
  out += length;
  append_number(out, masked_crc(length));
  out += bytes;
  append_number(out, masked_crc(bytes));
}

}  // namespace cf

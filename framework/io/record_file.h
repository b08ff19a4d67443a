// Records of bytes one after another, as TensorBoard and TFRecord files hold them:
//
//   u64 length | u32 masked CRC of the length's bytes | the bytes | u32 masked CRC of the bytes      (little-endian)
//
// The CRC is CRC-32C (Castagnoli); masked: rotated right by 15 bits, plus 0xa282ead8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cf {

std::uint32_t crc32c(std::string_view bytes);

void append_record(std::string& out, std::string_view bytes);

}  // namespace cf

// Checkpoints (.cfk): everything that a run needs to go on, or a network to be used, in one file.
//
// Layout, all numbers little-endian:
//
//   byte 0   8  magic "CFRUNCKP"
//        8   4  version, u32: 1
//       12   4  reserved, u32: 0
//       16   8  length of the header in bytes, u64 (at most 256 MiB)
//       24   8  XXH3-64 (seed 0) of bytes 0..23 followed by the header
//       32   -  header: JSON, UTF-8, no byte-order mark
//        -   -  zero bytes up to the next multiple of 64; here the data start
//        -   -  the tensors' values in the header's order, each at the next multiple of 64 bytes from the start of the data,
//               zero bytes between; the file ends with the last value
//
//   header = {"meta": {...}, "tensors": [{"name": "model.head.weight", "dtype": "f32", "shape": [32, 3, 3, 8],
//             "offset": 0, "checksum": "9f0c..."}, ...]}
//
//   dtype: f32, f64, bf16 (upper half of an f32), i64, u8, u16. shape: outermost first, at most 6 extents; [] is a scalar.
//   offset: bytes from the start of the data. checksum: XXH3-64 of the values, 16 hexadecimal digits. Names are unique.
//   Convolution weights are (out, height, width, in). What meta holds is up to the writer of the checkpoint.
//
// Every byte is under a checksum or known to be zero, so a damaged file is never taken for a good one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "framework/io/json.h"
#include "framework/io/named_tensors.h"

namespace cf {

struct Checkpoint {
  ordered_json meta = ordered_json::object();  // text that is not UTF-8, NaN and infinity do not survive JSON
  NamedTensors tensors;                        // on the host; names are unique

  const Tensor* find(std::string_view name) const { return find_tensor(tensors, name); }
  bool has(std::string_view name) const { return find(name) != nullptr; }
};

// What stands before the values.
struct CheckpointHeader {
  struct Entry {
    std::string name;
    DType dtype = DType::f32;
    Shape shape;
    std::uint64_t offset = 0;  // bytes from the start of the data
    std::uint64_t checksum = 0;
  };
  ordered_json meta;
  std::vector<Entry> tensors;
  std::uint64_t data_start = 0;  // bytes from the start of the file
};

// Whole or not at all: where writing fails (disk full, folder not writable), an Error says so, the file that stood there
// before stands and no other is left. Tensors may be on any device; the file is the same.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

// Throws Error that names the file where it is missing, no checkpoint, of a newer version, truncated or damaged (with the
// damaged tensor's name).
Checkpoint read_checkpoint(const std::filesystem::path& path);

// The same without the values; their checksums are not verified.
CheckpointHeader read_checkpoint_header(const std::filesystem::path& path);

}  // namespace cf

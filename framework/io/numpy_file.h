// NumPy's files: one array (.npy), or several with names in a zip archive (.npz).
#pragma once

#include <filesystem>

#include "framework/io/named_tensors.h"

namespace cf {

// Little-endian f2, f4, f8, i1, i2, i4, i8, u1, u2 and truth values, in C or Fortran order; half precision becomes f32, signed
// integers i64, truth values u8. Names are the archive's without ".npy"; a .npy has its file's. Pickled arrays are refused.
// Throws Error naming the file (and the array) where it is malformed, its size is not what its shape needs, or big-endian.
NamedTensors read_numpy(const std::filesystem::path& path);

}  // namespace cf

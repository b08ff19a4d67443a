// What hdf5.cpp and hdf5_write.cpp share: the lock, the one check, types. Needs HDF5's own header; nobody else includes it.
#pragma once

#include <fmt/format.h>
#include <hdf5.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <type_traits>

#include "data/hdf5.h"

namespace cf::hdf5::detail {

// Holds the library: one thread at a time, its own printing of errors off (a setting per thread in thread-safe builds).
class Locked {
 public:
  Locked();

 private:
  std::scoped_lock<std::recursive_mutex> lock_;
};

// The innermost message of the library's error stack, and clears the stack.
std::string last_error();

// The one check: every call of the library reports failure by a negative number.
template <class Result>
Result checked(Result result, const std::string& where, const char* doing) {
  if (result < 0) fail("{}: {} failed: {}", where, doing, last_error());
  return result;
}

// Takes over what a call of the library opened.
inline Handle own(hid_t id, Handle::Closer closer, const std::string& where, const char* doing) {
  return {checked(id, where, doing), closer};
}

inline int close_file(std::int64_t id) { return H5Fclose(id); }
inline int close_set(std::int64_t id) { return H5Dclose(id); }
inline int close_space(std::int64_t id) { return H5Sclose(id); }
inline int close_type(std::int64_t id) { return H5Tclose(id); }
inline int close_properties(std::int64_t id) { return H5Pclose(id); }
inline int close_object(std::int64_t id) { return H5Oclose(id); }

// The library's name for T in memory.
template <class T>
hid_t memory_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_NATIVE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return H5T_NATIVE_DOUBLE;
  if constexpr (std::is_same_v<T, std::uint16_t>) return H5T_NATIVE_UINT16;
}

// Runs `transfer(memory space, file space)` on rows [first, first + count) of an open dataset.
template <class Transfer>
void on_rows(std::int64_t set, std::int64_t first, std::int64_t count, const std::string& where, Transfer&& transfer) {
  const Handle file_space = own(H5Dget_space(set), close_space, where, "reading the shape");
  hsize_t extent[H5S_MAX_RANK] = {};
  const int rank = checked(H5Sget_simple_extent_dims(file_space.get(), extent, nullptr), where, "reading the shape");
  check(rank >= 1 && first >= 0 && count >= 0 && static_cast<hsize_t>(first + count) <= extent[0],
        "{}: rows {} to {} asked of {}", where, first, first + count, rank >= 1 ? extent[0] : 0);
  if (count == 0) return;
  hsize_t start[H5S_MAX_RANK] = {static_cast<hsize_t>(first)};
  extent[0] = static_cast<hsize_t>(count);
  checked(H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start, nullptr, extent, nullptr), where, "selecting rows");
  const Handle memory_space = own(H5Screate_simple(rank, extent, nullptr), close_space, where, "selecting rows");
  transfer(memory_space.get(), file_space.get());
}

}  // namespace cf::hdf5::detail

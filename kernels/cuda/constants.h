// Small tables that kernels read (index maps, weights), kept on the device by their content.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "framework/core/device.h"

namespace cf::cuda {

// Where a copy of `bytes` lies on `device`, aligned to 16 bytes; null for none.
//
// The copy is made when a table is first asked for, and is shared by all who ask for the same content. It is never given back,
// because recorded work may hold its address: use it for tables that follow from shapes, of which a program meets few (each of
// some kilobytes), not for data. Safe to call from several threads. Throws Error where the table would have to be copied while
// work is being recorded.
const void* device_constant_bytes(Device device, std::span<const std::byte> bytes);

// The same for elements. Padding inside T would only make copies of equal tables.
template <class T>
const T* device_constant(Device device, std::span<const T> values) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 16);
  return static_cast<const T*>(device_constant_bytes(device, std::as_bytes(values)));
}
template <class T>
const T* device_constant(Device device, const std::vector<T>& values) {
  return device_constant(device, std::span<const T>(values));
}

}  // namespace cf::cuda

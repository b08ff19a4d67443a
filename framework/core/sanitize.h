// What AddressSanitizer is told. It knows the caching allocator's segments only as wholes, so that one tensor written past
// its end into the next would go unseen; in sanitized builds the allocator says which bytes of a segment may be touched,
// and tensors are kept apart. In other builds all of this is nothing.
#pragma once

#include <cstddef>

#ifdef CF_SANITIZE
#include <sanitizer/asan_interface.h>
#endif

namespace cf::sanitize {

#ifdef CF_SANITIZE
// Bytes behind every Storage that nobody may touch.
constexpr std::size_t kGuard = 64;
inline void hide(const void* data, std::size_t bytes) { __asan_poison_memory_region(data, bytes); }
inline void show(const void* data, std::size_t bytes) { __asan_unpoison_memory_region(data, bytes); }
inline bool hidden(const void* data) { return __asan_address_is_poisoned(data) != 0; }
#else
constexpr std::size_t kGuard = 0;
inline void hide(const void*, std::size_t) {}
inline void show(const void*, std::size_t) {}
#endif

}  // namespace cf::sanitize

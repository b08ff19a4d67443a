// Functions compiled several times: for every machine, and for those with 256-bit and 512-bit vectors. All compute the same, bit
// by bit: products are not contracted into sums (data/CMakeLists.txt).
#pragma once

#include "framework/core/sanitize.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(CF_SANITIZE) && !defined(__SANITIZE_THREAD__)
#define CF_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))  // NOLINT: attributes cannot be constants
#else
#define CF_WIDE
#endif

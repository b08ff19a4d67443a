// Functions compiled twice: for every machine, and for those with 256-bit vectors. Both compute the same, bit by bit, because
// products are not contracted into sums.
#pragma once

#include "framework/core/sanitize.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(CF_SANITIZE)
#define CF_WIDE __attribute__((target_clones("avx2", "default")))  // NOLINT: attributes cannot be constants
#else
#define CF_WIDE
#endif

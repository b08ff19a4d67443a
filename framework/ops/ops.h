// Every operator.
#pragma once

#include "framework/ops/activation.h"   // IWYU pragma: export
#include "framework/ops/attention.h"    // IWYU pragma: export
#include "framework/ops/conv.h"         // IWYU pragma: export
#include "framework/ops/elementwise.h"  // IWYU pragma: export
#include "framework/ops/embedding.h"    // IWYU pragma: export
#include "framework/ops/fft.h"          // IWYU pragma: export
#include "framework/ops/fmim.h"         // IWYU pragma: export
#include "framework/ops/fourier.h"      // IWYU pragma: export
#include "framework/ops/fused.h"        // IWYU pragma: export
#include "framework/ops/laconv.h"       // IWYU pragma: export
#include "framework/ops/layout.h"       // IWYU pragma: export
#include "framework/ops/loss.h"         // IWYU pragma: export
#include "framework/ops/matmul.h"       // IWYU pragma: export
#include "framework/ops/norm.h"         // IWYU pragma: export
#include "framework/ops/patches.h"      // IWYU pragma: export
#include "framework/ops/pool.h"         // IWYU pragma: export
#include "framework/ops/precision.h"    // IWYU pragma: export
#include "framework/ops/reduce.h"       // IWYU pragma: export
#include "framework/ops/resize.h"       // IWYU pragma: export
#include "framework/ops/wavelet.h"      // IWYU pragma: export

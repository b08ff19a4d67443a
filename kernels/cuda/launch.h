// Starting kernels, on the GPU or in the emulator.
#pragma once

#include <algorithm>
#include <cstdint>

#include "framework/core/check.h"
#include "kernels/cuda/simt.h"
#ifdef __CUDACC__
#include "kernels/cuda/context.h"
#endif

namespace cf::cuda {

struct Grid {
  simt::Index3 blocks;
  simt::Index3 threads;
  std::size_t shared_bytes = 0;  // of dynamic_shared()
};

constexpr unsigned kThreads = 256;

// Enough blocks for `n` threads in one dimension, no more than keep a large GPU busy: the kernel strides over the rest.
inline Grid grid_for(std::int64_t n, unsigned threads = kThreads) {
  constexpr std::int64_t kMostBlocks = 16 * 1024;
  const std::int64_t blocks = std::clamp<std::int64_t>((n + threads - 1) / threads, 1, kMostBlocks);
  return {{static_cast<unsigned>(blocks)}, {threads}};
}

// One block per row, the kernel strides over rows beyond the grid's limit.
inline Grid grid_of_rows(std::int64_t rows, unsigned threads, std::size_t shared_bytes = 0) {
  return {{static_cast<unsigned>(std::clamp<std::int64_t>(rows, 1, std::int64_t{1} << 30U))}, {threads}, shared_bytes};
}

// Queues the kernel on the current device's stream. `name` appears in errors and profiles. Throws Error where the launch is
// refused; a fault inside the kernel shows at the next wait, or here with CF_SYNC=1.
template <class... P, class... A>
void launch(const char* name, void (*kernel)(P...), const Grid& grid, A... arguments) {
#ifdef __CUDACC__
  const LaunchScope scope(name, reinterpret_cast<const void*>(kernel), grid.shared_bytes);
  kernel<<<dim3(grid.blocks.x, grid.blocks.y, grid.blocks.z), dim3(grid.threads.x, grid.threads.y, grid.threads.z),
           grid.shared_bytes, scope.stream()>>>(static_cast<P>(arguments)...);
  scope.check();
#else
  emulator::run(name, {{grid.blocks.x, grid.blocks.y, grid.blocks.z}, {grid.threads.x, grid.threads.y, grid.threads.z}},
                grid.shared_bytes, [=] { kernel(static_cast<P>(arguments)...); });
#endif
}

// Calls fn(float{}) or fn(bf16{}); any other type is an error that names `op`. f64 stays on the CPU.
template <class F>
decltype(auto) dispatch_gpu(DType t, std::string_view op, F&& fn) {
  if (t == DType::f32) return fn(float{});
  if (t == DType::bf16) return fn(bf16{});
  fail("{}: computes in f32 or bf16 on a GPU, got {}", op, name_of(t));
}

// Whether `address` lies at a multiple of 16 bytes, as vector accesses need.
inline bool aligned16(const void* address) { return reinterpret_cast<std::uintptr_t>(address) % 16 == 0; }

}  // namespace cf::cuda

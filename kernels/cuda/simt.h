// The vocabulary in which our own CUDA kernels are written: threads, blocks, barriers, shuffles, shared memory.
//
// nvcc compiles a kernel for the GPU. Where there is no nvcc, the same source is compiled for the host, and
// kernels/cuda/emulator runs it thread by thread: slowly, but index maps, barriers and arithmetic are those of the GPU, so that
// every test of a backend runs on every machine. A kernel is a function template or function marked CF_KERNEL:
//
//   template <class T>
//   CF_KERNEL void scale(std::int64_t n, T factor, T* x) {
//     for (std::int64_t i = simt::global_thread(); i < n; i += simt::global_threads()) x[i] *= factor;
//   }
//   launch("scale", scale<float>, grid_for(n), n, factor, x);          // kernels/cuda/launch.h
//
// Rules that the emulator holds a kernel to: all threads of a block meet every sync(), all lanes of a warp meet every shuffle,
// CF_SHARED stands at the top of the kernel outside conditions, shared memory is written before it is read.
#pragma once

#include <cstdint>

#include "framework/core/dtype.h"
#include "framework/core/host_device.h"

#ifdef __CUDACC__
#include <cuda_runtime.h>
#define CF_KERNEL __global__
#define CF_DEVICE __device__ __forceinline__
// Behind CF_KERNEL: the threads of a block, and how many blocks a multiprocessor shall hold at once, which bounds the registers.
#define CF_BLOCKS(threads, at_once) __launch_bounds__(threads, at_once)
// Before a loop whose counter chooses among values that are to stay in registers.
#define CF_UNROLL _Pragma("unroll")
// Shared memory of `count` elements, a constant, for the block.
#define CF_SHARED(T, name, count)                                    \
  __shared__ alignas(16) unsigned char name##_[(count) * sizeof(T)]; \
  T* const name = reinterpret_cast<T*>(name##_)
#else
#include "kernels/cuda/emulator/emulator.h"
#define CF_KERNEL
#define CF_DEVICE inline
#define CF_BLOCKS(threads, at_once)
#define CF_UNROLL
#define CF_SHARED(T, name, count) T* const name = static_cast<T*>(::cf::emulator::shared((count) * sizeof(T)))
#endif

namespace cf::simt {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffU;

// Extents of a grid or a block, and a place in them.
struct Index3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
};

#ifdef __CUDACC__
CF_DEVICE Index3 thread() { return {threadIdx.x, threadIdx.y, threadIdx.z}; }
CF_DEVICE Index3 block() { return {blockIdx.x, blockIdx.y, blockIdx.z}; }
CF_DEVICE Index3 threads() { return {blockDim.x, blockDim.y, blockDim.z}; }
CF_DEVICE Index3 blocks() { return {gridDim.x, gridDim.y, gridDim.z}; }
CF_DEVICE void sync() { __syncthreads(); }
CF_DEVICE void sync_warp() { __syncwarp(); }
template <class T>
CF_DEVICE T shuffle_xor(T value, int mask) {
  return __shfl_xor_sync(kAllLanes, value, mask);
}
template <class T>
CF_DEVICE T shuffle(T value, int lane) {
  return __shfl_sync(kAllLanes, value, lane);
}
template <class T>
CF_DEVICE T shuffle_down(T value, int by) {
  return __shfl_down_sync(kAllLanes, value, static_cast<unsigned>(by));
}
// The shared memory whose size the launch gives.
template <class T>
CF_DEVICE T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char bytes[];
  return reinterpret_cast<T*>(bytes);
}
#else
inline Index3 thread() {
  const auto& t = emulator::here().thread;
  return {t[0], t[1], t[2]};
}
inline Index3 block() {
  const auto& b = emulator::here().block;
  return {b[0], b[1], b[2]};
}
inline Index3 threads() {
  const auto& t = emulator::here().threads;
  return {t[0], t[1], t[2]};
}
inline Index3 blocks() {
  const auto& b = emulator::here().blocks;
  return {b[0], b[1], b[2]};
}
inline void sync() { emulator::sync_block(); }
inline void sync_warp() { emulator::sync_warp(); }
template <class T>
T shuffle(T value, int lane) {
  return emulator::exchange(value, lane & (kWarp - 1));
}
template <class T>
T shuffle_xor(T value, int mask) {
  return emulator::exchange(value, emulator::lane() ^ mask);
}
template <class T>
T shuffle_down(T value, int by) {
  const int from = emulator::lane() + by;
  return emulator::exchange(value, from < kWarp ? from : emulator::lane());
}
template <class T>
T* dynamic_shared() {
  return static_cast<T*>(emulator::dynamic_shared());
}
#endif

// The number of this thread in the grid's first dimension, and how many there are.
CF_DEVICE std::int64_t global_thread() { return static_cast<std::int64_t>(block().x) * threads().x + thread().x; }
CF_DEVICE std::int64_t global_threads() { return static_cast<std::int64_t>(blocks().x) * threads().x; }
CF_DEVICE int lane() { return static_cast<int>(thread().x % kWarp); }
CF_DEVICE int warp() { return static_cast<int>(thread().x / kWarp); }

// Reductions that leave the result in every lane of the warp (block: in every thread; one dimension, whole warps). The order
// of the sum is fixed.
template <class T, class Op>
CF_DEVICE T warp_reduce(T value, Op op) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value = op(value, shuffle_xor(value, mask));
  return value;
}
template <class T>
CF_DEVICE T warp_sum(T value) {
  return warp_reduce(value, [](T a, T b) { return a + b; });
}
// `scratch`: shared memory of one element per warp, free again after the call.
template <class T, class Op>
CF_DEVICE T block_reduce(T value, T* scratch, Op op) {
  value = warp_reduce(value, op);
  if (lane() == 0) scratch[warp()] = value;
  sync();
  const int warps = static_cast<int>(threads().x) / kWarp;
  T all = scratch[0];
  for (int w = 1; w < warps; ++w) all = op(all, scratch[w]);
  sync();
  return all;
}
template <class T>
CF_DEVICE T block_sum(T value, T* scratch) {
  return block_reduce(value, scratch, [](T a, T b) { return a + b; });
}

// N elements that are loaded and stored as one piece: 16 bytes where N * sizeof(T) is 16. The address must be aligned so.
template <class T, int N>
struct alignas(sizeof(T) * N <= 16 ? sizeof(T) * N : 16) Vec {
  T v[N];
};
// Elements in 16 bytes.
template <class T>
constexpr int kVec = static_cast<int>(16 / sizeof(T));
template <int N, class T>
CF_DEVICE Vec<T, N> load(const T* from) {
  return *reinterpret_cast<const Vec<T, N>*>(from);
}
template <int N, class T>
CF_DEVICE void store(const Vec<T, N>& value, T* to) {
  *reinterpret_cast<Vec<T, N>*>(to) = value;
}

// What an element of storage type T computes in: bf16 in float, the others in themselves.
template <class T>
struct ComputeOf {
  using type = T;
};
template <>
struct ComputeOf<bf16> {
  using type = float;
};
template <class T>
using Compute = typename ComputeOf<T>::type;

template <class T>
CF_DEVICE Compute<T> widen(T x) {
  return static_cast<Compute<T>>(x);
}
template <class T>
CF_DEVICE T narrow(Compute<T> x) {
  return static_cast<T>(x);
}

}  // namespace cf::simt

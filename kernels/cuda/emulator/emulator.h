// Runs CUDA kernels on the host, for tests and for kernel work on machines without a GPU.
//
// Blocks run one after another. The threads of a block are fibers on one operating-system thread that give way at barriers
// and shuffles; between two of them threads run in an order that tests can reverse, so that a missing barrier shows.
// Shared memory is handed out filled with 0xff (NaN). A thread that ends or waits elsewhere while others wait is an error.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <functional>

namespace cf::emulator {

struct Place {
  std::array<unsigned, 3> thread{}, block{}, threads{}, blocks{};
};

struct Extents {
  std::array<unsigned, 3> blocks{}, threads{};
};

// Runs `body` once per thread of every block, now; or keeps it, while a recording is on (fake_gpu.h). Throws what a thread
// threw, and Error naming the kernel on a broken barrier.
void run(const char* kernel, const Extents& extents, std::size_t shared_bytes, std::function<void()> body);
// Other work of the device in its place in the queue: done now, or kept while a recording is on.
void enqueue(std::function<void()> work);

// The order in which threads run between barriers.
enum class Order { forward, backward };
void set_order(Order order);
// Kernels run since the process started.
long launches();

// --- called by kernels, through simt.h ---
const Place& here();
int lane();
void sync_block();
void sync_warp();
// Shared memory: the n-th call of each thread of a block gives the same address.
void* shared(std::size_t bytes);
void* dynamic_shared();
// Gives `bytes` of this lane to the others and takes those of lane `from`.
void exchange_bytes(const void* mine, void* theirs, std::size_t bytes, int from);

template <class T>
T exchange(T value, int from) {
  static_assert(sizeof(T) <= 16);
  T result;
  exchange_bytes(&value, &result, sizeof(T), from);
  return result;
}

}  // namespace cf::emulator

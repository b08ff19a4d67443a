// The emulator that runs CUDA kernels on the host: what it computes, and the mistakes that it must notice.
#include <doctest/doctest.h>

#ifdef CF_EMULATED
#include <cmath>
#include <string>
#include <vector>

#include "kernels/cuda/emulator/recording.h"
#include "kernels/cuda/launch.h"

using namespace cf;
using cuda::Grid;

namespace {

CF_KERNEL void row_sums(std::int64_t columns, const float* x, float* y) {
  CF_SHARED(float, scratch, 32);
  const std::int64_t row = simt::block().x;
  float sum = 0;
  for (std::int64_t c = simt::thread().x; c < columns; c += simt::threads().x) sum += x[row * columns + c];
  sum = simt::block_sum(sum, scratch);
  if (simt::thread().x == 0) y[row] = sum;
}

// Every thread reads what its right neighbour wrote; `careful` waits for it.
CF_KERNEL void rotate(bool careful, const float* x, float* y) {
  CF_SHARED(float, values, 64);
  const unsigned t = simt::thread().x;
  values[t] = x[t];
  if (careful) simt::sync();
  y[t] = values[(t + 1) % 64];
}

CF_KERNEL void half_waits(float* y) {
  if (simt::thread().x < 32) simt::sync();
  y[simt::thread().x] = 1;
}

CF_KERNEL void unwritten(float* y) {
  CF_SHARED(float, values, 4);
  y[simt::thread().x] = values[simt::thread().x] + simt::dynamic_shared<float>()[simt::thread().x];
}

CF_KERNEL void throws(float*) { fail("thread {} fails", simt::thread().x); }

CF_KERNEL void places(int* out) {
  const auto b = simt::block();
  const auto t = simt::thread();
  const unsigned block = b.x + simt::blocks().x * (b.y + simt::blocks().y * b.z);
  const unsigned thread = t.x + simt::threads().x * (t.y + simt::threads().y * t.z);
  out[block * 12 + thread] += static_cast<int>(b.x * 100 + b.y * 10 + b.z + t.x * 100000 + t.y * 10000 + t.z * 1000);
}

class InOrder {
 public:
  explicit InOrder(emulator::Order order) { emulator::set_order(order); }
  ~InOrder() { emulator::set_order(emulator::Order::forward); }
  InOrder(const InOrder&) = delete;
  InOrder& operator=(const InOrder&) = delete;
};

bool rotates(bool careful) {
  std::vector<float> x(64);
  for (std::size_t i = 0; i < 64; ++i) x[i] = static_cast<float>(i);
  std::vector<float> y(64);
  cuda::launch("rotate", rotate, Grid{{}, {64}}, careful, x.data(), y.data());
  for (std::size_t i = 0; i < 64; ++i) {
    if (y[i] != x[(i + 1) % 64]) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("blocks reduce by shuffles and shared memory, in either order") {
  constexpr std::int64_t kRows = 5;
  constexpr std::int64_t kColumns = 301;
  std::vector<float> x(kRows * kColumns);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 17);
  for (const auto order : {emulator::Order::forward, emulator::Order::backward}) {
    const InOrder in_order(order);
    std::vector<float> y(kRows, NAN);
    cuda::launch("row_sums", row_sums, cuda::grid_of_rows(kRows, 96), kColumns, x.data(), y.data());
    for (std::int64_t r = 0; r < kRows; ++r) {
      float want = 0;
      for (std::int64_t c = 0; c < kColumns; ++c) want += x[static_cast<std::size_t>(r * kColumns + c)];
      CHECK(y[static_cast<std::size_t>(r)] == want);
    }
  }
}

TEST_CASE("each thread of each block runs once, in its place") {
  std::vector<int> out(24 * 12, 0);
  cuda::launch("places", places, Grid{{2, 3, 4}, {3, 2, 2}}, out.data());
  for (int b = 0; b < 24; ++b) {
    for (int t = 0; t < 12; ++t) {
      const int block = b % 2 * 100 + b / 2 % 3 * 10 + b / 6;
      const int thread = t % 3 * 100000 + t / 3 % 2 * 10000 + t / 6 * 1000;
      CHECK(out[static_cast<std::size_t>(b * 12 + t)] == block + thread);
    }
  }
}

TEST_CASE("a missing barrier shows in one of the orders") {
  const InOrder forward(emulator::Order::forward);
  CHECK(rotates(true));
  const bool lucky = rotates(false);
  const InOrder backward(emulator::Order::backward);
  CHECK(rotates(true));
  CHECK_FALSE((lucky && rotates(false)));
}

TEST_CASE("a barrier that only some threads reach is an error") {
  std::vector<float> y(64);
  CHECK_THROWS_WITH_AS(cuda::launch("half_waits", half_waits, Grid{{}, {64}}, y.data()), doctest::Contains("half_waits"), Error);
  // The emulator is whole again.
  CHECK(rotates(true));
}

TEST_CASE("what a GPU could not start, or would wait for, is an error") {
  std::vector<float> x(301, 1);
  float y = 0;
  const auto sum = [&](Grid grid) { cuda::launch("row_sums", row_sums, grid, std::int64_t{301}, x.data(), &y); };
  sum({{}, {64}});
  CHECK(y == 301);
  CHECK_THROWS_WITH_AS(sum({{}, {48}}), doctest::Contains("warp that is not whole"), Error);
  CHECK_THROWS_WITH_AS(sum({{}, {64}, std::size_t{100} << 10U}), doctest::Contains("shared memory"), Error);
  CHECK_THROWS_WITH_AS(sum({{1, 70000}, {64}}), doctest::Contains("70000"), Error);
  CHECK_THROWS_WITH_AS(sum({{0}, {64}}), doctest::Contains("without blocks"), Error);
}

TEST_CASE("shared memory that nobody wrote reads as NaN") {
  std::vector<float> y(4, 0);
  cuda::launch("unwritten", unwritten, Grid{{}, {4}, 16}, y.data());
  for (const float v : y) CHECK(std::isnan(v));
}

TEST_CASE("what a thread throws reaches the caller") {
  float y = 0;
  CHECK_THROWS_WITH_AS(cuda::launch("throws", throws, Grid{{}, {2}}, &y), "thread 0 fails", Error);
  CHECK_THROWS_AS(cuda::launch("throws", throws, Grid{{}, {2048}}, &y), Error);
}

TEST_CASE("recorded kernels run when they are started, again and again") {
  std::vector<int> out(1, 0);
  emulator::recording_begin();
  cuda::launch("places", places, Grid{{1}, {1}}, out.data());
  emulator::enqueue([&out] { out[0] += 5; });
  const auto work = emulator::recording_end();
  CHECK(work.size() == 2);
  CHECK(out[0] == 0);
  for (int i = 0; i < 3; ++i) {
    for (const auto& piece : work) piece();
  }
  CHECK(out[0] == 15);
}
#endif

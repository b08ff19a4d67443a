// Every way in which the CUDA backend copies, against the reference, bit by bit and in every dtype.
#include <doctest/doctest.h>

#ifdef CF_EMULATED
#include <array>
#include <vector>

#include "kernels/cuda/emulator/emulator.h"
#include "kernels/table.h"

using namespace cf;

namespace {

constexpr std::size_t kBytes = std::size_t{32} << 10U;

struct Buffer {
  alignas(64) std::array<std::uint8_t, kBytes> bytes{};
};

// Bytes that differ from their neighbours near and far.
Buffer noise() {
  Buffer b;
  std::uint32_t state = 12345;
  for (std::uint8_t& byte : b.bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 24U);
  }
  return b;
}

struct NamedCopy {
  const char* name;
  StridedCopy block;
  std::size_t shift = 0;  // elements by which x and y miss their alignment
};

std::vector<NamedCopy> copies() {
  return {
      {"run", {{64}, {1}, {1}}},
      {"run_unaligned", {{64}, {1}, {1}}, 1},
      {"run_odd", {{63}, {1}, {1}}},
      {"run_from_offset", {{32}, {1}, {1}, 3, 0}},
      {"rows", {{7, 16}, {32, 1}, {48, 1}, 16, 32}},
      {"rows_half", {{7, 16}, {20, 1}, {36, 1}, 2, 4}},
      {"rows_odd", {{7, 16}, {19, 1}, {48, 1}}},
      {"rows_into_odd", {{7, 16}, {48, 1}, {19, 1}}},
      {"transpose", {{37, 19}, {1, 37}, {19, 1}}},
      {"transpose_batched", {{3, 33, 8}, {264, 1, 33}, {264, 8, 1}}},
      {"transpose_nchw", {{2, 5, 6, 7}, {210, 1, 35, 5}, {210, 42, 7, 1}}},
      {"transpose_short", {{40, 3}, {1, 40}, {3, 1}}},
      {"transpose_into_part", {{16, 16}, {1, 16}, {20, 1}, 0, 3}},
      {"reversed_order", {{2, 3, 4, 5}, {1, 2, 6, 24}, {60, 20, 5, 1}}},
      {"every_other", {{9, 5}, {10, 2}, {5, 1}}},
      {"scattered", {{9, 5}, {5, 1}, {10, 2}}},
      {"repeated", {{6, 8}, {0, 1}, {8, 1}}},
      {"one", {{1, 1}, {5, 1}, {5, 1}, 2, 3}},
      {"scalar", {Shape{}, {}, {}, 1, 0}},
      {"nothing", {{0, 4}, {4, 1}, {4, 1}}},
      {"six_dimensions", {{2, 3, 2, 2, 2, 5}, {120, 20, 60, 10, 5, 1}, {120, 40, 20, 10, 5, 1}}},
  };
}

void compare(const NamedCopy& c, DType t) {
  const std::size_t shift = c.shift * size_of(t);
  const auto elements = static_cast<std::int64_t>((kBytes - shift) / size_of(t));
  const Buffer x = noise();
  Buffer want;
  Buffer got;
  const ConstView from(x.bytes.data() + shift, {elements}, t, Device{});
  kernel_table(Backend::reference).layout.copy(c.block, from, {want.bytes.data() + shift, {elements}, t, Device{}});
  kernel_table(Backend::cuda).layout.copy(c.block, from, {got.bytes.data() + shift, {elements}, t, Device{}});
  const bool equal = want.bytes == got.bytes;
  CHECK(equal);
}

// Rows and columns with a hole, a repetition and a reversal.
void compare_gather(std::int64_t channels, DType t) {
  const std::vector<std::int64_t> rows = {3, 2, -1, 0, 0};
  const std::vector<std::int64_t> cols = {1, 4, 4, -1};
  const Buffer x = noise();
  Buffer want;
  Buffer got;
  const ConstView from(x.bytes.data(), {2, 4, 5, channels}, t, Device{});
  const Shape to{2, 5, 4, channels};
  kernel_table(Backend::reference).layout.gather_hw(from, rows, cols, {want.bytes.data(), to, t, Device{}});
  kernel_table(Backend::cuda).layout.gather_hw(from, rows, cols, {got.bytes.data(), to, t, Device{}});
  const bool equal = want.bytes == got.bytes;
  CHECK(equal);
}

constexpr std::array kTypes = {DType::f32, DType::f64, DType::bf16, DType::i64, DType::u8, DType::u16};

}  // namespace

TEST_CASE("the emulated cuda backend copies as the reference does, in every dtype") {
  for (const auto order : {emulator::Order::forward, emulator::Order::backward}) {
    emulator::set_order(order);
    for (const DType t : kTypes) {
      CAPTURE(name_of(t));
      for (const NamedCopy& c : copies()) {
        CAPTURE(c.name);
        compare(c, t);
      }
      for (const std::int64_t channels : {1, 2, 3, 4, 8, 16}) {
        CAPTURE(channels);
        compare_gather(channels, t);
      }
    }
  }
  emulator::set_order(emulator::Order::forward);
}
#endif

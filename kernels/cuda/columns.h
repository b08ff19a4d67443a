// Sums down the columns of channels-last data. x is seen as (outer, rows, columns); a block takes neighbouring columns and a
// segment of the rows, its threads lie side by side along the columns and below each other down the rows. What a segment
// gives goes to a workspace, and further sums bring the segments together: the order is fixed by the shape alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cuda/launch.h"

namespace cf::cuda {

// What one thread does: rows `row`, row + step, ..., before `end`, in columns [column, column + width).
struct ColumnPart {
  std::int64_t outer;
  std::int64_t segment;
  std::int64_t begin;  // of the segment
  std::int64_t end;
  std::int64_t row;
  int step;
  std::int64_t column;  // at or beyond the last one: nothing to do
};

struct Columns {
  std::int64_t outer = 1;
  std::int64_t rows = 1;
  std::int64_t columns = 1;
  int width = 1;  // elements that a thread loads at a time; divides `columns`
  int lanes = 1;  // threads side by side; a power of two
  std::int64_t tiles = 1;
  std::int64_t segments = 1;
  std::int64_t segment_rows = 1;

  // For sums: segments that keep a large GPU busy, none so short that the tree at its end outweighs it.
  static Columns plan(std::int64_t outer, std::int64_t rows, std::int64_t columns, int width) {
    return plan(outer, rows, columns, width, 1024, 8);
  }
  // For walks that write what they read: more threads, each with few rows.
  static Columns plan_walk(std::int64_t outer, std::int64_t rows, std::int64_t columns, int width) {
    return plan(outer, rows, columns, width, 8192, 4);
  }
  // For sums in one pass.
  static Columns plan_whole(std::int64_t outer, std::int64_t rows, std::int64_t columns, int width) {
    return plan(outer, rows, columns, width, 1, rows);
  }
  // What segments leave behind, as rows.
  std::int64_t partials() const { return outer * segments; }

  Grid grid() const { return {{static_cast<unsigned>(outer * segments * tiles)}, {kThreads}}; }

  // Threads below each other.
  CF_HOST_DEVICE int depth() const { return static_cast<int>(kThreads) / lanes; }
  CF_HOST_DEVICE std::int64_t rows_of(std::int64_t segment) const {
    const std::int64_t left = rows - segment * segment_rows;
    return left < segment_rows ? left : segment_rows;
  }
  // The offset of an element.
  CF_HOST_DEVICE std::int64_t at(std::int64_t o, std::int64_t row, std::int64_t column) const {
    return (o * rows + row) * columns + column;
  }
  CF_DEVICE ColumnPart part() const {
    const std::int64_t b = simt::block().x;
    const int t = static_cast<int>(simt::thread().x);
    const std::int64_t segment = b / tiles % segments;
    const std::int64_t begin = segment * segment_rows;
    return {b / tiles / segments,
            segment,
            begin,
            begin + rows_of(segment),
            begin + t / lanes,
            depth(),
            ((b % tiles) * lanes + t % lanes) * width};
  }

 private:
  static Columns plan(std::int64_t outer, std::int64_t rows, std::int64_t columns, int width, std::int64_t blocks,
                      std::int64_t rows_per_thread) {
    Columns c{outer, rows, columns, width};
    while (c.lanes < simt::kWarp && c.lanes * width < columns) c.lanes *= 2;
    c.tiles = (columns + c.lanes * width - 1) / (c.lanes * width);
    const std::int64_t most = std::max<std::int64_t>(rows / std::max<std::int64_t>(rows_per_thread * c.depth(), 1), 1);
    const std::int64_t wanted = std::clamp<std::int64_t>(blocks / std::max<std::int64_t>(outer * c.tiles, 1), 1, most);
    c.segment_rows = std::max<std::int64_t>((rows + wanted - 1) / wanted, 1);
    c.segments = std::max<std::int64_t>((rows + c.segment_rows - 1) / c.segment_rows, 1);
    return c;
  }
};

// What is summed is a Task:
//   Value                    the type of its terms; chains of at most kChain terms are summed in it
//   Total                    the type of the sums
//   kSums                    how many sums run down a column at once
//   Op                       Add or Larger; Task::first<T>() is what it begins with
//   Lane<N>(task, columns, part)   what a thread keeps of its N columns;
//     .add(offset, row, chain)     takes the N elements at `offset` of row `row` into chain[sum][column]
//   finish(columns, part, column, totals)   stores what a segment of a column came to
constexpr int kChain = 8;

template <class Task, int N>
CF_KERNEL void columns_kernel(Columns plan, Task task) {
  using Value = typename Task::Value;
  using Total = typename Task::Total;
  constexpr int kSums = Task::kSums;
  CF_SHARED(Total, scratch, kThreads * N);
  const typename Task::Op op;
  const ColumnPart part = plan.part();
  Total totals[kSums][N];
  for (auto& sum : totals) {
    for (Total& t : sum) t = Task::template first<Total>();
  }
  if (part.column < plan.columns) {
    typename Task::template Lane<N> lane(task, plan, part);
    const std::int64_t stride = part.step * plan.columns;
    std::int64_t offset = plan.at(part.outer, part.row, part.column);
    std::int64_t row = part.row;
    const auto add_rows = [&](int count) {
      Value chain[kSums][N];
      for (auto& sum : chain) {
        for (Value& v : sum) v = Task::template first<Value>();
      }
      for (int k = 0; k < count; ++k, row += part.step, offset += stride) lane.add(offset, row, chain);
      for (int s = 0; s < kSums; ++s) {
        for (int e = 0; e < N; ++e) totals[s][e] = op(totals[s][e], static_cast<Total>(chain[s][e]));
      }
    };
    // A constant count lets the compiler start all loads of a chain before it adds.
    while (row + (kChain - 1) * part.step < part.end) add_rows(kChain);
    while (row < part.end) add_rows(1);
  }
  // A tree over the threads below each other; the first row of threads is left with the result.
  const int t = static_cast<int>(simt::thread().x);
  const int threads = static_cast<int>(kThreads);
  for (auto& sum : totals) {
    for (int e = 0; e < N; ++e) scratch[e * threads + t] = sum[e];
    simt::sync();
    for (int below = plan.depth() / 2 * plan.lanes; below >= plan.lanes; below /= 2) {
      if (t < below) {
        for (int e = 0; e < N; ++e) scratch[e * threads + t] = op(scratch[e * threads + t], scratch[e * threads + t + below]);
      }
      simt::sync();
    }
    for (int e = 0; e < N; ++e) sum[e] = scratch[e * threads + t];
    simt::sync();
  }
  if (t >= plan.lanes || part.column >= plan.columns) return;
  for (int e = 0; e < N; ++e) {
    Total column[kSums];
    for (int s = 0; s < kSums; ++s) column[s] = totals[s][e];
    task.finish(plan, part, part.column + e, column);
  }
}

template <int N, class Task>
void run_columns(const char* name, const Columns& plan, const Task& task) {
  if (plan.outer * plan.columns > 0) launch(name, columns_kernel<Task, N>, plan.grid(), plan, task);
}

}  // namespace cf::cuda

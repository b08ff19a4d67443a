// Reductions of one range of dimensions: x seen as (outer, rows, columns) becomes (outer, columns). Where it is long, rows are
// cut into segments whose results a second pass brings together; the order is fixed by the shape alone.
//
// Source: what is reduced. Value, kWide (elements at a time where wide() allows it), load<N>(offset) -> Vec<Value, N>.
// Sink: put(index, total) takes a result.
#pragma once

#include <limits>
#include <type_traits>

#include "kernels/cuda/broadcast.h"
#include "kernels/cuda/columns.h"
#include "kernels/cuda/teams.h"
#include "kernels/cuda/workspace.h"

namespace cf::cuda {

// Sums run in chains of at most kChain pieces, in double from there on.
struct Sum : Add {
  using Total = double;
  template <class T>
  CF_HOST_DEVICE static constexpr T first() {
    return T(0);
  }
};

struct Maximum : Larger {
  using Total = float;
  template <class T>
  CF_HOST_DEVICE static constexpr T first() {
    return -std::numeric_limits<T>::infinity();
  }
};

template <class T>
struct Elements {
  using Value = simt::Compute<T>;
  static constexpr int kWide = simt::kVec<T>;
  const T* x;

  bool wide() const { return aligned16(x); }
  template <int N>
  CF_DEVICE simt::Vec<Value, N> load(std::int64_t offset) const {
    const auto in = simt::load<N>(x + offset);
    simt::Vec<Value, N> out;
    for (int e = 0; e < N; ++e) out.v[e] = simt::widen(in.v[e]);
    return out;
  }
};

// Results divided by `count`, rounded.
template <class T>
struct Results {
  T* y;
  double count = 1;

  template <class Total>
  CF_DEVICE void put(std::int64_t i, Total total) const {
    y[i] = simt::narrow<T>(static_cast<simt::Compute<T>>(count == 1 ? total : static_cast<Total>(total / count)));
  }
};

// A team of lanes per segment of a row; partials of row r at r * segments.
template <class Op, class Source, class Sink, int N>
CF_KERNEL void reduce_rows_kernel(std::int64_t rows, std::int64_t length, std::int64_t segments, std::int64_t segment, int team,
                                  Source source, Sink sink) {
  using Value = typename Source::Value;
  using Total = typename Op::Total;
  const Op op;
  for_each_row(rows * segments, segment, team, N, [&](const RowPart& part) {
    // Segments lie side by side in their row, of which the last one may be shorter.
    const std::int64_t row = part.row / segments;
    const std::int64_t shift = row * (length - segments * segment);
    std::int64_t at = part.begin + shift;
    const std::int64_t row_end = (row + 1) * length;
    const std::int64_t end = part.end + shift < row_end ? part.end + shift : row_end;
    Total total = Op::template first<Total>();
    const auto add_pieces = [&](int count) {
      Value chain = Op::template first<Value>();
      for (int k = 0; k < count; ++k, at += part.step) {
        for (const Value e : source.template load<N>(at).v) chain = op(chain, e);
      }
      total = op(total, static_cast<Total>(chain));
    };
    while (at + (kChain - 1) * part.step < end) add_pieces(kChain);
    while (at < end) add_pieces(1);
    total = team_reduce(total, team, op);
    if (part.first) sink.put(part.row, total);
  });
}

// Few rows: a thread per result.
template <class Op, class Source, class Sink, int N>
CF_KERNEL void reduce_short_kernel(std::int64_t outer, std::int64_t rows, std::int64_t columns, Source source, Sink sink) {
  using Value = typename Source::Value;
  const Op op;
  for (std::int64_t i = simt::global_thread() * N; i < outer * columns; i += simt::global_threads() * N) {
    const std::int64_t o = i / columns;
    std::int64_t at = o * rows * columns + (i - o * columns);
    Value chain[N];
    for (Value& v : chain) v = Op::template first<Value>();
    for (std::int64_t row = 0; row < rows; ++row, at += columns) {
      const auto in = source.template load<N>(at);
      for (int e = 0; e < N; ++e) chain[e] = op(chain[e], in.v[e]);
    }
    for (int e = 0; e < N; ++e) sink.put(i + e, static_cast<typename Op::Total>(chain[e]));
  }
}

// A reduction as a Task of columns.h.
template <class Reduction, class Source, class Sink>
struct ColumnReduction {
  using Op = Reduction;
  using Value = typename Source::Value;
  using Total = typename Op::Total;
  static constexpr int kSums = 1;
  Source source;
  Sink sink;

  template <class T>
  CF_DEVICE static T first() {
    return Op::template first<T>();
  }
  template <int N>
  struct Lane {
    const Source& source;
    CF_DEVICE Lane(const ColumnReduction& task, const Columns&, const ColumnPart&) : source(task.source) {}
    CF_DEVICE void add(std::int64_t offset, std::int64_t, Value (&chain)[1][N]) const {
      const auto in = source.template load<N>(offset);
      for (int e = 0; e < N; ++e) chain[0][e] = Op()(chain[0][e], in.v[e]);
    }
  };
  CF_DEVICE void finish(const Columns& plan, const ColumnPart& part, std::int64_t column, const Total (&totals)[1]) const {
    sink.put((part.outer * plan.segments + part.segment) * plan.columns + column, totals[0]);
  }
};

namespace detail {

template <class Op, int N, class Source, class Sink>
void rows(const char* name, std::int64_t count, std::int64_t length, std::int64_t segments, std::int64_t segment, Source source,
          Sink sink) {
  const int team = team_for((segment + N - 1) / N);
  launch(name, reduce_rows_kernel<Op, Source, Sink, N>, grid_of_teams(count * segments, team), count, length, segments, segment,
         team, source, sink);
}

// Long rows that are too few to keep a GPU busy are cut; pieces stay whole.
template <class Op, int N, class Source, class Sink>
void reduce_rows(const char* name, Device device, std::int64_t count, std::int64_t length, Source source, Sink sink) {
  constexpr std::int64_t kWarps = 1024;
  constexpr std::int64_t kShortest = 1024;
  using Total = typename Op::Total;
  const std::int64_t wanted = std::max<std::int64_t>(std::min(kWarps / count, length / kShortest), 1);
  const std::int64_t segment = (std::max<std::int64_t>((length + wanted - 1) / wanted, 1) + N - 1) / N * N;
  const std::int64_t segments = (length + segment - 1) / segment;
  if (segments <= 1) return rows<Op, N>(name, count, length, 1, length, source, sink);
  const Workspace partial(device, static_cast<std::size_t>(count * segments) * sizeof(Total));
  rows<Op, N>(name, count, length, segments, segment, source, Results<Total>{partial.as<Total>()});
  rows<Op, 1>(name, count, segments, 1, segments, Elements<Total>{partial.as<Total>()}, sink);
}

template <class Op, int N, class Source, class Sink>
void reduce_columns(const char* name, Device device, std::int64_t outer, std::int64_t rows, std::int64_t columns, Source source,
                    Sink sink) {
  using Total = typename Op::Total;
  const Columns plan = Columns::plan(outer, rows, columns, N);
  if (plan.segments == 1) return run_columns<N>(name, plan, ColumnReduction<Op, Source, Sink>{source, sink});
  const Workspace partial(device, static_cast<std::size_t>(plan.partials() * columns) * sizeof(Total));
  run_columns<N>(name, plan, ColumnReduction<Op, Source, Results<Total>>{source, {partial.as<Total>()}});
  run_columns<1>(name, Columns::plan_whole(outer, plan.segments, columns, 1),
                 ColumnReduction<Op, Elements<Total>, Sink>{{partial.as<Total>()}, sink});
}

}  // namespace detail

// sink.put(o * columns + c, result of x[o, :, c]) for all o and c. No rows give what Op begins with.
template <class Op, class Source, class Sink>
void reduce(const char* name, Device device, std::int64_t outer, std::int64_t rows, std::int64_t columns, Source source,
            Sink sink) {
  constexpr std::int64_t kShort = 32;
  if (outer * columns == 0) return;
  const auto run = [&](auto width) {
    constexpr int kN = width();
    if (columns == 1) return detail::reduce_rows<Op, kN>(name, device, outer, rows, source, sink);
    if (rows > kShort) return detail::reduce_columns<Op, kN>(name, device, outer, rows, columns, source, sink);
    launch(name, reduce_short_kernel<Op, Source, Sink, kN>, grid_for(outer * columns / kN), outer, rows, columns, source, sink);
  };
  const bool wide = source.wide() && (columns == 1 ? rows : columns) % Source::kWide == 0;
  if constexpr (Source::kWide > 1) {
    if (wide) return run(std::integral_constant<int, Source::kWide>());
  }
  run(std::integral_constant<int, 1>());
}

}  // namespace cf::cuda

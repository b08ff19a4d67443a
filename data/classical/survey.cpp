#include <algorithm>

#include "data/classical/method.h"
#include "framework/core/parallel.h"

namespace cf::classical {
namespace {

// The columns of a row that count.
void collect_valid(const Rows<std::uint8_t>& valid, std::int64_t y, std::int64_t cols, std::vector<std::int64_t>& columns) {
  columns.clear();
  const std::uint8_t* row = valid.data == nullptr ? nullptr : valid.row(y);
  for (std::int64_t x = 0; x < cols; ++x) {
    if (row == nullptr || row[x] != 0) columns.push_back(x);
  }
}

// Channel `channel` of the chosen pixels of a row.
void take(const float* row, std::int64_t channels, std::int64_t channel, const std::vector<std::int64_t>& columns, double* to) {
  for (const std::int64_t x : columns) *to++ = static_cast<double>(row[x * channels + channel]);
}

// Moments of every row, merged in order; fill(y, columns, values) writes the values of a row's chosen columns.
template <class Fill>
void merge_rows(Moments& total, std::int64_t rows, std::int64_t cols, const Rows<std::uint8_t>& valid, const Moments& none,
                Fill&& fill) {
  std::vector<Moments> of_row(static_cast<std::size_t>(rows), none);
  parallel_for(rows, 4, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::int64_t> columns;
    std::vector<double> values;
    for (std::int64_t y = begin; y < end; ++y) {
      collect_valid(valid, y, cols, columns);
      const auto n = static_cast<std::int64_t>(columns.size());
      values.resize(static_cast<std::size_t>(n * none.variables()));
      fill(y, columns, values.data());
      of_row[static_cast<std::size_t>(y)].add(values, n);
    }
  });
  for (const Moments& row : of_row) total.merge(row);
}

std::int64_t low_count(const Demand& demand) {
  return demand.low == Demand::Low::none ? 0 : static_cast<std::int64_t>(demand.gains.size());
}

}  // namespace

Survey::Survey(const Demand& demand, std::int64_t bands) : demand_(demand) {
  knowledge_.pixels = Moments(bands + 1 + low_count(demand), demand.pairs);
  knowledge_.cells = Moments(bands + 1, all_pairs(bands + 1));
  if (demand.low_values) knowledge_.low.resize(static_cast<std::size_t>(bands));
}

void Survey::add(const Piece& piece) {
  if (!demand_.pairs.empty()) add_pixels(piece);
  if (demand_.cells) add_cells(piece);
  if (demand_.low_values) add_low_values(piece);
}

void Survey::add_pixels(const Piece& piece) {
  const Moments none(knowledge_.pixels.variables(), demand_.pairs);
  const std::int64_t lows = low_count(demand_);
  merge_rows(knowledge_.pixels, piece.rows, piece.cols, piece.valid, none,
             [&](std::int64_t y, const std::vector<std::int64_t>& columns, double* values) {
               const auto n = static_cast<std::int64_t>(columns.size());
               for (std::int64_t b = 0; b < piece.bands; ++b) take(piece.lms.row(y), piece.bands, b, columns, values + b * n);
               take(piece.pan.row(y), 1, 0, columns, values + piece.bands * n);
               for (std::int64_t f = 0; f < lows; ++f) {
                 take(piece.low.row(y), lows, f, columns, values + (piece.bands + 1 + f) * n);
               }
             });
}

void Survey::add_cells(const Piece& piece) {
  const Moments none(knowledge_.cells.variables(), all_pairs(piece.bands + 1));
  merge_rows(knowledge_.cells, piece.cell_rows, piece.cell_cols, piece.valid_cell, none,
             [&](std::int64_t y, const std::vector<std::int64_t>& columns, double* values) {
               const auto n = static_cast<std::int64_t>(columns.size());
               for (std::int64_t b = 0; b < piece.bands; ++b) take(piece.ms.row(y), piece.bands, b, columns, values + b * n);
               take(piece.cell_pan.row(y), 1, 0, columns, values + piece.bands * n);
             });
}

void Survey::add_low_values(const Piece& piece) {
  parallel_for(piece.bands, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t b = begin; b < end; ++b) {
      LowValues& low = knowledge_.low[static_cast<std::size_t>(b)];
      for (std::int64_t y = 0; y < piece.rows; ++y) {
        const std::uint8_t* valid = piece.valid.data == nullptr ? nullptr : piece.valid.row(y);
        const float* lms = piece.lms.row(y) + b;
        for (std::int64_t x = 0; x < piece.cols; ++x) {
          if (valid == nullptr || valid[x] != 0) low.add(lms[x * piece.bands]);
        }
      }
    }
  });
}

void fuse_piece(const Method& method, const Piece& piece, float* out) {
  parallel_for(piece.rows, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) method.fuse_row(piece, y, out + y * piece.cols * piece.bands);
  });
}

}  // namespace cf::classical

#include "framework/train/step_log.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cf {
namespace {

void put_at(Tensor& rows, std::int64_t capacity, std::int64_t at, const Tensor& row) {
  const std::int64_t length = row.numel();
  if (!rows.defined()) rows = Tensor::empty({capacity, length}, row.dtype(), row.device());
  Tensor::window(rows.storage(), at * length, {length}, rows.dtype()).copy_from(row.alias({length}));
}

// The first `count` rows.
std::vector<std::vector<double>> first(const Tensor& rows, std::int64_t count) {
  const std::int64_t length = rows.dim(1);
  const Tensor host = Tensor::window(rows.storage(), 0, {count, length}, rows.dtype()).to(Device{});
  return dispatch_any(host.dtype(), [&](auto zero) {
    std::vector<std::vector<double>> values(static_cast<std::size_t>(count));
    const auto all = host.span<decltype(zero)>();
    for (std::size_t i = 0; i < all.size(); ++i) {
      values[i / static_cast<std::size_t>(length)].push_back(convert<double>(all[i]));
    }
    return values;
  });
}

}  // namespace

StepLog::StepLog(std::int64_t capacity) : capacity_(std::max<std::int64_t>(capacity, 1)) {}

void StepLog::put(const Tensor& losses, const Tensor& squared_norm, const Tensor& own_squares) {
  check(!full(), "step log: {} steps were put and none taken", size_);
  put_at(losses_, capacity_, size_, losses);
  put_at(squares_, capacity_, size_, squared_norm);
  if (own_squares.defined()) put_at(own_squares_, capacity_, size_, own_squares);
  ++size_;
}

std::vector<StepLog::Values> StepLog::take() {
  std::vector<Values> values;
  if (size_ == 0) return values;
  const auto losses = first(losses_, size_);
  const auto squares = first(squares_, size_);
  const auto own_squares = own_squares_.defined() ? first(own_squares_, size_) : squares;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double own = std::accumulate(own_squares[i].begin(), own_squares[i].end(), 0.0);
    values.push_back({losses[i], std::sqrt(squares[i].front()), std::sqrt(own)});
  }
  size_ = 0;
  return values;
}

}  // namespace cf

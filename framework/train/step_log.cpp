#include "framework/train/step_log.h"

#include <algorithm>
#include <cmath>

namespace cf {
namespace {

void put_at(Tensor& numbers, std::int64_t capacity, std::int64_t at, const Tensor& number) {
  if (!numbers.defined()) numbers = Tensor::empty({capacity}, number.dtype(), number.device());
  Tensor::window(numbers.storage(), at, {1}, numbers.dtype()).copy_from(number.alias({1}));
}

std::vector<double> first(const Tensor& numbers, std::int64_t count) {
  const Tensor host = Tensor::window(numbers.storage(), 0, {count}, numbers.dtype()).to(Device{});
  return dispatch_any(host.dtype(), [&](auto zero) {
    std::vector<double> values;
    for (const auto v : host.span<decltype(zero)>()) values.push_back(convert<double>(v));
    return values;
  });
}

}  // namespace

StepLog::StepLog(std::int64_t capacity) : capacity_(std::max<std::int64_t>(capacity, 1)) {}

void StepLog::put(const Tensor& loss, const Tensor& squared_norm) {
  check(!full(), "step log: {} steps were put and none taken", size_);
  put_at(losses_, capacity_, size_, loss);
  put_at(squares_, capacity_, size_, squared_norm);
  ++size_;
}

std::vector<StepLog::Values> StepLog::take() {
  std::vector<Values> values;
  if (size_ == 0) return values;
  const std::vector<double> losses = first(losses_, size_);
  const std::vector<double> squares = first(squares_, size_);
  for (std::size_t i = 0; i < losses.size(); ++i) values.push_back({losses[i], std::sqrt(squares[i])});
  size_ = 0;
  return values;
}

}  // namespace cf

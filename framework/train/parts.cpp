#include "framework/train/parts.h"

#include "framework/ops/elementwise.h"

namespace cf {

Tensor share_of(const Tensor& loss, std::int64_t parts) {
  if (parts == 1) return {};
  return Tensor::full(loss.shape(), 1 / static_cast<double>(parts), loss.dtype(), loss.device());
}

Tensor gathered(const std::vector<Tensor>& numbers) {
  const Tensor& first = numbers.front();
  Tensor all = Tensor::empty({static_cast<std::int64_t>(numbers.size())}, first.dtype(), first.device());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Tensor::window(all.storage(), static_cast<std::int64_t>(i), {1}, all.dtype()).copy_from(numbers[i].alias({1}));
  }
  return all;
}

Tensor tree_total(std::int64_t first, std::int64_t count, const std::function<Tensor(std::int64_t)>& item) {
  if (count % 2 == 0) {
    const Tensor left = tree_total(first, count / 2, item);
    return ops::add(left, tree_total(first + count / 2, count / 2, item));
  }
  Tensor total = item(first);
  for (std::int64_t i = first + 1; i < first + count; ++i) total = ops::add(total, item(i));
  return total;
}

}  // namespace cf

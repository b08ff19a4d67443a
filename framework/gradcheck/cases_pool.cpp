#include "framework/gradcheck/cases.h"
#include "framework/gradcheck/dice.h"
#include "framework/ops/pool.h"

namespace cf {
namespace {

using Pool = Tensor (*)(const Tensor&, std::int64_t, std::int64_t);

GradCase pool_case(const char* name, Pool pool, const Shape& x, std::int64_t size, std::int64_t stride) {
  return {name, {{x}}, [pool, size, stride](const std::vector<Tensor>& in) {
            return std::vector<Tensor>{pool(in[0], size, stride)};
          }};
}

}  // namespace

GradCases pool_cases() {
  return {
      pool_case("max_pool2d.2", ops::max_pool2d, {2, 6, 4, 19}, 2, 2),
      pool_case("max_pool2d.overlapping", ops::max_pool2d, {1, 7, 8, 3}, 3, 2),
      pool_case("max_pool2d.left_over", ops::max_pool2d, {1, 7, 5, 2}, 2, 3),
      pool_case("max_pool2d.32", ops::max_pool2d, {2, 5, 6, 32}, 3, 1),
      pool_case("max_pool2d.gaps", ops::max_pool2d, {1, 7, 8, 16}, 2, 3),
      pool_case("avg_pool2d.32", ops::avg_pool2d, {2, 5, 6, 32}, 3, 1),
      pool_case("avg_pool2d.gaps", ops::avg_pool2d, {1, 7, 8, 16}, 2, 3),
      pool_case("avg_pool2d.2", ops::avg_pool2d, {2, 6, 4, 19}, 2, 2),
      pool_case("avg_pool2d.overlapping", ops::avg_pool2d, {1, 7, 8, 3}, 3, 2),
      pool_case("avg_pool2d.left_over", ops::avg_pool2d, {1, 7, 5, 2}, 2, 3),
  };
}

GradCases random_pool_cases(Dice& dice) {
  const std::int64_t size = dice.between(1, 3);
  const std::int64_t stride = dice.between(1, 3);
  return {pool_case("max_pool2d.random", ops::max_pool2d, dice.image(size), size, stride),
          pool_case("avg_pool2d.random", ops::avg_pool2d, dice.image(size), size, stride)};
}

}  // namespace cf

// NCCL's group of one rank on one GPU: every sum is what it was, bit for bit, behind the computation before it and ahead of that
// after it.
#include <doctest/doctest.h>

#include "framework/core/rng.h"
#include "framework/dist/groups.h"
#include "framework/ops/elementwise.h"
#include "tests/gpu/device.h"

namespace cf {
namespace {

Tensor random_values(std::int64_t count, std::uint64_t salt) {
  const Philox rng = make_rng(3, RngStream::test, salt);
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(rng.uniform(static_cast<std::uint64_t>(i)) - 0.5));
  return Tensor::from<float>({count}, values);
}

TEST_CASE("NCCL: one rank equals single") {
  if (const std::string missing = nccl_missing(); !missing.empty()) {
    MESSAGE("skipped: " << missing);
    return;
  }
  const auto hosts = single_group();
  const auto group = nccl_group(*hosts, test::kGpu);
  CHECK(group->backend() == "nccl");
  CHECK(group->size() == 1);
  for (const std::int64_t count : {1, 1000, 1'300'024}) {
    CAPTURE(count);
    const Tensor host = random_values(count, static_cast<std::uint64_t>(count));
    const std::vector<float> doubled = ops::add(host, host).to_vector<float>();
    for (int round = 0; round < 3; ++round) {
      // Queued work before and behind, nothing waited for.
      const Tensor x = host.to(test::kGpu);
      const Tensor sum = ops::add(x, x);
      const auto pending = group->begin_sum(sum);
      const Tensor beside = ops::add(x, x);
      pending->wait();
      const Tensor copy = ops::add(sum, Tensor::zeros({count}, DType::f32, test::kGpu));
      group->tree_sum(sum);
      group->broadcast(sum, 0);
      CHECK(copy.to_vector<float>() == doubled);
      CHECK(beside.to_vector<float>() == doubled);
      CHECK(sum.to_vector<float>() == doubled);
    }
  }
}

}  // namespace
}  // namespace cf

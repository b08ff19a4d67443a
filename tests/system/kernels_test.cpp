// The laboratory for kernels, and profiles.
#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

TEST_CASE("kernels: list shows families, variants, backends and defaults") {
  const Workplace place;
  const Outcome all = place.run({"kernels", "list"});
  check_outcome(all, 0, {});
  for (const char* part : {"conv", "onednn", "default", "reference", "laconv", "unfold", "cuda", "optim"}) {
    CHECK_MESSAGE(contains(all.out, part), part);
  }
  const Outcome one = place.run({"kernels", "list", "fused"});
  check_outcome(one, 0, {});
  CHECK(contains(one.out, "loops"));
  CHECK_FALSE(contains(one.out, "onednn"));
  check_refused(place.run({"kernels", "list", "convolution"}), {"no kernel family 'convolution'", "conv"});
}

TEST_CASE("kernels: check compares a variant with the reference") {
  const Workplace place;
  const Outcome outcome = place.run({"kernels", "check", "fused:loops", "--shapes", "2", "--seed", "3"});
  check_outcome(outcome, 0, {});
  for (const char* part : {"fused:loops on cpu", "gated_blend", "channel_max_mean", "1 variants", "0 failed"}) {
    CHECK_MESSAGE(contains(outcome.out, part), part);
  }
  CHECK(contains(place.run({"kernels", "check", "softmax", "--all"}).out, "softmax.random_7"));
  check_refused(place.run({"kernels", "check", "conv:fast"}), {"no variant 'fast'", "own, direct, winograd, onednn"});
  check_refused(place.run({"kernels", "check", "fused:loops", "--backend", "cuda"}), {"no variant on the cuda backend"});
}

TEST_CASE("kernels: bench measures calls beside the roofline") {
  const Workplace place;
  const Outcome outcome =
      place.run({"kernels", "bench", "fused:loops", "--shape", "1,8,8,4", "2,4,4,3", "--runs", "1", "--json"});
  check_outcome(outcome, 0, {});
  std::istringstream lines(outcome.out);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto json = ordered_json::parse(line);
    CHECK(json.at("family") == "fused");
    CHECK(json.at("kernels").size() == 4);
    const auto& first = json.at("kernels").at(0);
    CHECK(first.at("kernel") == "gated_blend");
    for (const char* key : {"microseconds", "gb_per_s", "gflop_per_s", "roofline_share"}) CHECK(first.at(key).get<double>() > 0);
    CHECK(first.at("error").get<double>() < 1e-6);
  }
  CHECK(count == 2);
  check_refused(place.run({"kernels", "bench", "fused:loops", "--shape", "1,8,8"}), {"N,H,W,C"});
  check_refused(place.run({"kernels", "bench", "fused:loops", "--shape", "1,6,8,4"}), {"divisible by 4"});
  check_refused(place.run({"kernels", "bench", "fused:loops", "--dtype", "bf16"}), {"f32 only"});
}

TEST_CASE("kernels: a run computes with the variants it is told to") {
  const Workplace place;
  const auto train = [&](const std::string& out, const Arguments& before) {
    Arguments arguments = before;
    const Arguments rest = place.train_arguments(out, {"train.max_steps=2"});
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    const Outcome outcome = place.run(arguments);
    check_outcome(outcome, 0, {});
    return outcome.err;
  };
  CHECK_FALSE(contains(train("own", {}), "kernels:"));
  CHECK(contains(train("chosen", {"--kernels", "conv:reference,laconv:unfold"}),
                 "kernels: conv:reference on cpu, laconv:unfold on cpu"));
  const auto norm = [&](const std::string& out) {
    return logged_steps(place / (out + "/log.jsonl")).at(1).at("grad_norm").get<double>();
  };
  // Other roundings, the same training.
  CHECK(norm("own") != norm("chosen"));
  CHECK(norm("own") == doctest::Approx(norm("chosen")).epsilon(1e-3));
  check_refused(place.run({"--kernels", "conv", "kernels", "list"}), {"FAMILY:VARIANT"});
}

TEST_CASE("profile: training says where the time goes, and writes it down") {
  const Workplace place;
  const Outcome outcome = place.train("run", {"train.max_steps=2"}, {"--profile"});
  check_outcome(outcome, 0, {});
  for (const char* part : {"operator", "conv2d", "laconv", "optimizer", "share", "steps"}) {
    CHECK_MESSAGE(contains(outcome.out, part), part);
  }
  const auto json = read_json(place / "run/profile.json");
  CHECK(json.at("steps") == 2);
  bool found = false;
  for (const auto& line : json.at("operators")) {
    if (line.at("name") != "conv2d") continue;
    found = true;
    CHECK(line.at("forward_calls").get<int>() > 0);
    CHECK(line.at("forward_calls") == line.at("backward_calls"));
  }
  CHECK(found);
}

}  // namespace
}  // namespace cf::test

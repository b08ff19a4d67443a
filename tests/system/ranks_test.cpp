// Training over MPI ranks on the CPU is training: the same losses, weights and files, whatever their number.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

// Losses are compared relatively, weights with the largest of their tensor. Stochastic gradient descent keeps differences of
// rounding as small as they are; Adam divides by gradients that may be nothing else.
constexpr double kLossTolerance = 2e-5;
constexpr double kWeightTolerance = 2e-5;

ordered_json with_batches_of_four(ordered_json e) {
  e["train"]["batch"] = 4;
  e["data"]["turns"] = true;
  e["optimizer"] = {{"name", "sgd"}, {"momentum", 0.9}, {"lr", 0.01}, {"ema", 0.9}, {"clip_norm", 0.5}};
  return e;
}

ordered_json cf2n() { return with_batches_of_four(small_experiment()); }

// With batch normalisation and numbers drawn for each sample.
ordered_json ssdiff() {
  ordered_json e = small_experiment();
  e["model"] = {{"name", "ssdiff"}, {"ssdiff", {{"dim", 8}, {"head_dim", 8}}}};
  e["tiles"] = {{"size", 16}, {"stride", 8}};
  e["sampler"] = {{"steps", 2}};
  return with_batches_of_four(e);
}

class RanksPlace : public Workplace {
 public:
  explicit RanksPlace(const ordered_json& experiment) {
    write_json(*this / "small.json", experiment);
    write_set<float>(*this / "valid.h5", {.samples = 5, .height = 8, .width = 8});
  }
  // Trains in folder `out` on so many ranks; 1: without MPI.
  Outcome train_on(int ranks, const std::string& out, const Arguments& overrides, Arguments more = {}) const {
    if (ranks > 1) more.insert(more.end(), {"--ranks", std::to_string(ranks)});
    return train(out, overrides, more);
  }
};

std::vector<double> logged(const Workplace& place, const std::string& run, const char* key) {
  std::vector<double> values;
  for (const ordered_json& line : logged_steps(place / (run + "/log.jsonl"))) values.push_back(line.at(key).get<double>());
  return values;
}

// The largest difference between tensors of the same name, of weights, statistics and averages, relative to their largest value.
double largest_difference(const Workplace& place, const std::string& a, const std::string& b) {
  const Checkpoint left = read_checkpoint(place / (a + "/last.cfk"));
  const Checkpoint right = read_checkpoint(place / (b + "/last.cfk"));
  REQUIRE(left.tensors.size() == right.tensors.size());
  double worst = 0;
  for (std::size_t i = 0; i < left.tensors.size(); ++i) {
    REQUIRE(left.tensors[i].first == right.tensors[i].first);
    if (left.tensors[i].first.starts_with("optimizer.")) continue;
    const auto x = left.tensors[i].second.to_vector<float>();
    const auto y = right.tensors[i].second.to_vector<float>();
    double difference = 0;
    double largest = 1e-3;  // where a tensor is nothing but rounding
    for (std::size_t j = 0; j < x.size(); ++j) {
      difference = std::max(difference, std::abs(static_cast<double>(x[j]) - static_cast<double>(y[j])));
      largest = std::max(largest, std::abs(static_cast<double>(x[j])));
    }
    worst = std::max(worst, difference / largest);
  }
  return worst;
}

void check_near(const Workplace& place, const std::string& a, const std::string& b) {
  for (const char* key : {"loss", "grad_norm", "lr"}) {
    CAPTURE(key);
    const auto left = logged(place, a, key);
    const auto right = logged(place, b, key);
    REQUIRE(left.size() == right.size());
    for (std::size_t i = 0; i < left.size(); ++i) CHECK(left[i] == doctest::Approx(right[i]).epsilon(kLossTolerance));
  }
  CHECK(largest_difference(place, a, b) < kWeightTolerance);
}

void check_equal(const Workplace& place, const std::string& a, const std::string& b) {
  const Outcome diff = place.run({"diff", a + "/last.cfk", b + "/last.cfk"});
  INFO(diff.out);
  CHECK(diff.code == 0);
  CHECK(contains(diff.out, "equal: all"));
  for (const char* key : {"loss", "grad_norm"}) CHECK(logged(place, a, key) == logged(place, b, key));
}

// The names in a run folder; those of event files hold the clock and are cut.
std::vector<std::string> files_of(const Workplace& place, const std::string& run) {
  std::vector<std::string> names = place.names(run);
  for (std::string& name : names) name = name.substr(0, name.find(".tfevents"));
  return names;
}

const Arguments kFiveSteps = {"train.max_steps=5"};
// Micro-batches of one sample, added up in a fixed order.
const Arguments kFixed = {"train.max_steps=5", "deterministic=true", "train.micro_batch=1"};

Arguments joined(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void check_same_on_ranks(const ordered_json& experiment) {
  const RanksPlace place(experiment);
  if (!has_ranks(place)) return;
  check_outcome(place.train_on(1, "one", kFiveSteps), 0, {});
  CHECK(logged(place, "one", "loss").size() == 5);
  for (const int ranks : {2, 4}) {
    CAPTURE(ranks);
    const std::string run = std::to_string(ranks);
    check_outcome(place.train_on(ranks, run, kFiveSteps), 0, {"step 5/5"});
    check_near(place, run, "one");
    CHECK(files_of(place, run) == files_of(place, "one"));
  }
  // Small buckets on the way, and none.
  check_outcome(place.train_on(2, "small", joined(kFiveSteps, {"train.bucket_mb=0.001"})), 0, {});
  check_outcome(place.train_on(2, "apart", joined(kFiveSteps, {"train.overlap=false", "train.bucket_mb=0.001"})), 0, {});
  check_equal(place, "small", "2");
  check_equal(place, "apart", "2");
}

TEST_CASE("ranks: CF2N on 1, 2 and 4") { check_same_on_ranks(cf2n()); }
TEST_CASE("ranks: SSDiff on 1, 2 and 4") { check_same_on_ranks(ssdiff()); }

void check_same_bits(const ordered_json& experiment) {
  const RanksPlace place(experiment);
  if (!has_ranks(place)) return;
  check_outcome(place.train_on(1, "one", kFixed), 0, {});
  check_outcome(place.train_on(1, "whole", kFiveSteps), 0, {});
  check_near(place, "one", "whole");
  for (const int ranks : {2, 4}) {
    CAPTURE(ranks);
    const std::string run = std::to_string(ranks);
    check_outcome(place.train_on(ranks, run, kFixed), 0, {});
    check_equal(place, run, "one");
  }
}

TEST_CASE("ranks: CF2N in a fixed order has the same bits on 1, 2 and 4") { check_same_bits(cf2n()); }
TEST_CASE("ranks: SSDiff in a fixed order has the same bits on 1, 2 and 4") { check_same_bits(ssdiff()); }

// Images large enough that every kernel divides its work among threads.
TEST_CASE("threads: a deterministic run has the same bits on any number of them") {
  for (const ordered_json& experiment : {cf2n(), ssdiff()}) {
    const RanksPlace place(experiment);
    write_set<float>(place / "large.h5", {.samples = 4, .height = 16, .width = 16});
    for (const char* micro : {"0", "2"}) {
      const Arguments settings = {"data.train=large.h5", "train.max_steps=2", "deterministic=true",
                                  std::string("train.micro_batch=") + micro};
      const auto run = [&](const std::string& threads) {
        check_outcome(place.train_on(1, micro + threads, joined(settings, {"train.threads=" + threads})), 0, {});
        return micro + threads;
      };
      const std::string one = run("1");
      for (const char* threads : {"2", "3"}) check_equal(place, run(threads), one);
    }
  }
}

TEST_CASE("ranks: a checkpoint of two goes on on one and on four") {
  const RanksPlace place(ssdiff());
  if (!has_ranks(place)) return;
  const Arguments three = {"train.max_steps=3", "deterministic=true", "train.micro_batch=1"};
  check_outcome(place.train_on(1, "straight", kFixed), 0, {});
  for (const int ranks : {1, 2, 4}) {
    CAPTURE(ranks);
    const std::string run = "rest" + std::to_string(ranks);
    check_outcome(place.train_on(2, run, three), 0, {});
    check_outcome(place.train_on(ranks, run, kFixed, {"--resume"}), 0, {});
    check_equal(place, run, "straight");
  }
  // Without a fixed order within rounding.
  check_outcome(place.train_on(2, "plain", {"train.max_steps=3"}), 0, {});
  check_outcome(place.train_on(4, "plain", kFiveSteps, {"--resume"}), 0, {});
  check_outcome(place.train_on(1, "one", kFiveSteps), 0, {});
  check_near(place, "plain", "one");
}

TEST_CASE("ranks: images of a validation are shared, and its numbers are those of one rank") {
  for (const ordered_json& experiment : {cf2n(), ssdiff()}) {
    const RanksPlace place(experiment);
    if (!has_ranks(place)) return;
    const Arguments valid = joined(kFixed, {"data.valid=valid.h5", "train.validate_every=1", "train.max_steps=4"});
    check_outcome(place.train_on(1, "one", valid), 0, {"step 4: validation"});
    const auto validations = [&](const std::string& run) {
      std::vector<std::string> lines;
      std::istringstream text(read_text(place / (run + "/log.jsonl")));
      for (std::string line; std::getline(text, line);) {
        if (contains(line, "\"valid\"")) lines.push_back(line);
      }
      return lines;
    };
    CHECK(validations("one").size() == 2);
    for (const int ranks : {2, 4}) {
      const std::string run = std::to_string(ranks);
      check_outcome(place.train_on(ranks, run, valid), 0, {"step 4: validation"});
      CHECK(validations(run) == validations("one"));
      CHECK(files_of(place, run) == files_of(place, "one"));
      check_equal(place, run, "one");
    }
  }
}

TEST_CASE("ranks: branches that rest, and layers that no gradient reaches, hold nobody up") {
  for (const char* freeze : {"params", "detach"}) {
    const RanksPlace place(ssdiff());
    if (!has_ranks(place)) return;
    const Arguments turns = joined(kFiveSteps, {"lbaf.period=2", std::string("lbaf.freeze=") + freeze, "train.bucket_mb=0.001"});
    check_outcome(place.train_on(1, "one", turns), 0, {});
    check_outcome(place.train_on(2, "two", turns), 0, {});
    check_near(place, "two", "one");
  }
}

TEST_CASE("ranks: without synchronised batch normalisation the run is another one, of rank 0's statistics") {
  const RanksPlace place(ssdiff());
  if (!has_ranks(place)) return;
  const Arguments local = joined(kFiveSteps, {"train.sync_batch_norm=false", "data.valid=valid.h5", "train.validate_steps=5"});
  check_outcome(place.train_on(1, "one", local), 0, {});
  check_outcome(place.train_on(2, "two", local), 0, {"validation"});
  CHECK(logged(place, "two", "loss").back() != doctest::Approx(logged(place, "one", "loss").back()).epsilon(kLossTolerance));
}

TEST_CASE("ranks: batches that do not divide are refused") {
  const RanksPlace place(cf2n());
  if (!has_ranks(place)) return;
  check_refused(place.train_on(3, "run", {}),
                {"train.batch: a batch of 4 does not divide among 3 ranks; make it a multiple of 3"});
  check_refused(place.train_on(2, "run", {"train.micro_batch=4"}), {"train.micro_batch: 4", "the 2 samples that a rank has"});
  check_refused(place.train_on(1, "run", {"train.micro_batch=3"}), {"train.micro_batch: 3", "the 4 samples that a rank has"});
  check_refused(place.train_on(3, "run", {"train.batch=6", "train.micro_batch=1", "deterministic=true"}),
                {"a fixed tree", "3 ranks", "1, 2, 4, 8"});
  const RanksPlace normalising(ssdiff());
  check_refused(normalising.train_on(1, "run", {"train.micro_batch=1", "deterministic=true", "train.sync_batch_norm=false"}),
                {"train.sync_batch_norm", "ssdiff"});
  for (const Workplace* refused : {static_cast<const Workplace*>(&place), static_cast<const Workplace*>(&normalising)}) {
    CHECK(!std::filesystem::exists(*refused / "run"));
  }
}

TEST_CASE("micro-batches without ranks are the whole batch within rounding") {
  const RanksPlace place(cf2n());
  check_outcome(place.train_on(1, "whole", kFiveSteps), 0, {});
  check_outcome(place.train_on(1, "parts", joined(kFiveSteps, {"train.micro_batch=2"})), 0, {});
  check_near(place, "parts", "whole");
}

}  // namespace
}  // namespace cf::test

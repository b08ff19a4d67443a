// A network that samples, through the program: training, resuming, fine-tuning branch by branch, testing.
#include <map>

#include "framework/io/files.h"
#include "models/ssdiff/lbaf.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const Arguments kShort = {"train.max_steps=2"};

// A tiny SSDiff on train.h5, whose patches are one tile each.
ordered_json small_ssdiff() {
  ordered_json e = small_experiment();
  e["model"] = {{"name", "ssdiff"}, {"ssdiff", {{"dim", 8}, {"head_dim", 8}}}};
  e["tiles"] = {{"size", 16}, {"stride", 8}};
  e["sampler"] = {{"steps", 2}};
  e["loss"] = {{"name", "l1"}};
  e["optimizer"] = {{"name", "adamw"}, {"lr", 0.001}, {"ema", 0.9999}};
  return e;
}

class SsdiffPlace : public Workplace {
 public:
  SsdiffPlace() {
    write_json(*this / "small.json", small_ssdiff());
    write_set<float>(*this / "images.h5", {.samples = 2, .height = 8, .width = 8});
  }
  Outcome test(const Arguments& more) const {
    Arguments arguments = {"test", "--checkpoint", "run/last.cfk", "--data", "images.h5", "--out", "results", "--no-pictures"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

// With a trained network in run/last.cfk; made once.
const SsdiffPlace& trained_place() {
  static const SsdiffPlace place;
  static const Outcome outcome = place.train("run", kShort);
  check_outcome(outcome, 0, {});
  return place;
}

TEST_CASE("sampling: training goes on bit for bit, validated and saved by steps") {
  const SsdiffPlace place;
  const Arguments often = {"data.valid=images.h5",   "train.validate_steps=3", "train.validate_images=1",
                           "train.validate_calls=1", "checkpoint.steps=4",     "data.turns=true"};
  const auto until = [&](const char* steps) {
    Arguments all = often;
    all.push_back(std::string("train.max_steps=") + steps);
    return all;
  };
  check_outcome(place.train("straight", until("7")), 0, {"step 3: validation", "step 6: validation", "step 7: validation"});
  check_outcome(place.train("parts", until("3")), 0, {});
  check_outcome(place.train("parts", until("7"), {"--resume"}), 0, {});
  const Outcome diff = place.run({"diff", "straight/last.cfk", "parts/last.cfk"});
  CHECK(contains(diff.out, "equal: all"));
  const auto names = place.names("parts");
  for (const char* name : {"step-000004.cfk", "best.cfk"}) CHECK(std::find(names.begin(), names.end(), name) != names.end());
  // Noise and steps are those of the seed.
  check_outcome(place.train("other", {"train.max_steps=1", "train.seed=7"}), 0, {});
  CHECK(logged_steps(place / "other/log.jsonl")[0].at("loss") != logged_steps(place / "parts/log.jsonl")[0].at("loss"));
}

std::map<std::string, std::vector<float>> tensors_of(const std::filesystem::path& checkpoint) {
  std::map<std::string, std::vector<float>> values;
  for (const auto& [name, tensor] : read_checkpoint(checkpoint).tensors) values[name] = tensor.to_vector<float>();
  return values;
}

// Branches whose tensors differ between two checkpoints, and whether running statistics do.
struct Moved {
  std::map<Branch, int> changed;
  std::map<Branch, int> same;
  bool statistics = false;
  bool averages = false;
};

Moved compare(const std::filesystem::path& before, const std::filesystem::path& after) {
  const auto a = tensors_of(before);
  const auto b = tensors_of(after);
  Moved moved;
  for (const auto& [name, values] : a) {
    const bool equal = values == b.at(name);
    if (name == "ema.shadow") moved.averages = !equal;
    if (!name.starts_with("model.")) continue;
    if (contains(name, "running_")) {
      moved.statistics |= !equal;
    } else {
      ++(equal ? moved.same : moved.changed)[branch_of(name.substr(6))];
    }
  }
  return moved;
}

TEST_CASE("sampling: a phase of L-BAF moves one branch") {
  const SsdiffPlace place;
  // Two steps each of the spatial and of the spectral branch, behind two ordinary ones: the phase goes by the step.
  check_outcome(place.train("base", {"train.max_steps=2"}), 0, {});
  const auto phase = [&](const char* from, const char* to, const std::string& steps) {
    std::filesystem::create_directories(place / to);
    std::filesystem::copy_file(place / from, place / to / "last.cfk");
    check_outcome(place.train(to, {"lbaf.period=4", "train.max_steps=" + steps}, {"--resume"}), 0, {});
    return compare(place / from, place / to / "last.cfk");
  };
  Moved spatial = phase("base/last.cfk", "spatial", "4");
  CHECK(spatial.changed[Branch::spectral] == 0);
  CHECK(spatial.same[Branch::spectral] > 20);
  CHECK(spatial.changed[Branch::spatial] > 20);
  CHECK(spatial.changed[Branch::none] > 10);
  CHECK(spatial.averages);
  CHECK_FALSE(spatial.statistics);
  Moved spectral = phase("spatial/last.cfk", "spectral", "6");
  CHECK(spectral.changed[Branch::spatial] == 0);
  CHECK(spectral.same[Branch::spatial] > 20);
  CHECK(spectral.changed[Branch::spectral] > 20);
  CHECK_FALSE(spectral.statistics);
}

TEST_CASE("sampling: L-BAF is refused where there is no branch") {
  check_refused(Workplace().train("run", {"lbaf.period=4", "train.max_steps=1"}), {"cf2n has no spatial and spectral branch"});
}

TEST_CASE("sampling: a test reports what it cost") {
  const SsdiffPlace& place = trained_place();
  const Outcome outcome = place.test({});
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "sampling: ddim, 2 steps; 9 tiles and 2 network calls per image"));
  const ordered_json metrics = read_json(place / "results/metrics.json");
  CHECK(metrics.at("sampling").at("calls") == 4);
  CHECK(metrics["sampling"].at("tiles") == 18);
  CHECK(metrics["sampling"].at("seconds_per_tile").get<double>() > 0);
}

TEST_CASE("sampling: quality against steps, as table and curves") {
  const SsdiffPlace& place = trained_place();
  const Outcome outcome = place.test({"--steps", "1,3", "--sampler", "ddim,dpmpp"});
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "dpmpp2m"));
  CHECK(place.names("results").size() >= 3);
  const ordered_json table = read_json(place / "results/steps.json");
  REQUIRE(table.at("rows").size() == 4);
  CHECK(table["rows"][1].at("steps") == 3);
  CHECK(table["rows"][1].at("calls") == 6);
  CHECK(table["rows"][2].at("sampler") == "dpmpp2m");
  CHECK(table["rows"][0].at("mean").contains("ERGAS"));
  CHECK(std::filesystem::file_size(place / "results/steps.png") > 500);
  // One step is the same for all.
  CHECK(table["rows"][0]["mean"] == table["rows"][2]["mean"]);
  check_refused(place.test({"--steps", "3,60", "--set", "sampler.spacing=leading"}), {"no stride visits 60 of 1000 steps"});
}

TEST_CASE("sampling: use of the noisy input") {
  const SsdiffPlace& place = trained_place();
  const Outcome outcome = place.test({"--noise-use"});
  check_outcome(outcome, 0, {});
  CHECK(contains(outcome.out, "8 tiles, steps below 20: L1 loss"));
}

TEST_CASE("sampling: averaged weights that are asked for must be there") {
  const SsdiffPlace place;
  check_outcome(place.train("run", {"train.max_steps=1", "optimizer.ema=0"}), 0, {});
  check_refused(place.test({"--weights", "ema"}), {"last.cfk: has no averaged weights"});
  check_outcome(place.test({"--weights", "live"}), 0, {});
}

TEST_CASE("sampling: what does not fit is refused") {
  const SsdiffPlace& place = trained_place();
  ordered_json wide = small_ssdiff();
  wide["data"]["sensor"] = "wv3";
  write_json(place / "wide.json", wide);
  check_refused(place.run({"test", "wide.json", "--checkpoint", "run/last.cfk", "--data", "train.h5"}),
                {"holds a network for 4 bands, the configuration asks for 8"});
  check_refused(place.test({"--set", "tiles.size=24"}), {"tiles.size is 24, must be a multiple of 16"});
  write_set<float>(place / "odd.h5", {.samples = 2, .height = 5, .width = 5});
  check_refused(place.train("odd", {"data.train=odd.h5", "train.max_steps=1"}), {"odd.h5", "16"});
}

}  // namespace
}  // namespace cf::test

#include "framework/io/config.h"

#include "framework/io/files.h"
#include "tests/io/support.h"

namespace cf {
namespace {

using test::contains;
using test::error_of;

enum class Schedule { constant, cosine };
constexpr auto enum_names(Schedule) {
  return std::to_array<config::EnumName<Schedule>>({{Schedule::constant, "constant"}, {Schedule::cosine, "cosine"}});
}

struct Warmup {
  int steps = 10;
  double from = 0;

  template <class V>
  void fields(V& v) {
    v("steps", steps, "length", config::at_least(1));
    v("from", from, "share of the rate at the start", config::at_least_below(0, 1));
  }
};

struct Optim {
  double lr = 1e-3;
  Schedule schedule = Schedule::cosine;
  std::vector<int> milestones = {100, 200};
  std::optional<double> clip;
  std::optional<Warmup> warmup;

  template <class V>
  void fields(V& v) {
    v("lr", lr, "learning rate", config::above(0));
    v("schedule", schedule, "how the rate changes");
    v("milestones", milestones, "where it drops", config::at_least(1).items(1));
    v("clip", clip, "largest gradient norm", config::above(0));
    v("warmup", warmup, "rising rate at the start");
  }
  void validate() const { check(schedule != Schedule::constant || !warmup, "a constant schedule has no warmup"); }
};

struct Experiment {
  std::uint64_t seed = 1;
  std::string dir = "data";
  std::string device = "cpu";
  std::optional<std::string> init;
  std::vector<std::string> bands;
  std::vector<Warmup> phases;
  Optim optim;
  ordered_json notes;

  template <class V>
  void fields(V& v) {
    v("seed", seed, "random seed");
    v("dir", dir, "where the data is");
    v("device", device, "where to compute", config::one_of({"cpu", "cuda"}));
    v("init", init, "weights to start from");
    v("bands", bands, "names of the bands");
    v("phases", phases, "one after another");
    v("optim", optim, "the optimizer");
    v("notes", notes, "anything");
  }
};

Experiment read(const std::string& text) { return config::read<Experiment>(parse_json(text, "a.json"), "a.json"); }
std::string fault(const std::string& text) {
  return error_of([&] { read(text); });
}

TEST_CASE("config: what is not given keeps the struct's default") {
  const Experiment e = read("{}");
  CHECK(e.seed == 1);
  CHECK(e.optim.lr == 1e-3);
  CHECK(e.optim.milestones == std::vector<int>{100, 200});
  CHECK(!e.optim.clip);
}

TEST_CASE("config: every kind of field is read") {
  const Experiment e = read(R"({"$schema": "x.json", "seed": 18446744073709551, "dir": "d", "device": "cuda", "init": "w.cfk",
    "bands": ["r", "g"], "phases": [{"steps": 3}, {}], "notes": {"free": [1, null]},
    "optim": {"lr": 1, "schedule": "constant", "milestones": [5, 1e1], "clip": 0.5, "warmup": null}})");
  CHECK(e.seed == 18446744073709551U);
  CHECK(e.dir == "d");
  CHECK(e.device == "cuda");
  CHECK(e.init == "w.cfk");
  CHECK(e.bands == std::vector<std::string>{"r", "g"});
  REQUIRE(e.phases.size() == 2);
  CHECK(e.phases[0].steps == 3);
  CHECK(e.phases[1].steps == 10);
  CHECK(e.optim.lr == 1.0);
  CHECK(e.optim.schedule == Schedule::constant);
  CHECK(e.optim.milestones == std::vector<int>{5, 10});
  CHECK(e.optim.clip == 0.5);
  CHECK(!e.optim.warmup);
  CHECK(e.notes["free"].size() == 2);
}

TEST_CASE("config: an unknown key names its full path and the nearest known key") {
  CHECK(fault(R"({"sede": 1})") == "a.json: unknown key \"sede\"; the nearest known key is \"seed\"");
  CHECK(fault(R"({"optim": {"leraning": 1, "clp": 1}})").find("\"optim.clp\"; the nearest known key is \"optim.clip\"") !=
        std::string::npos);
  CHECK(contains(fault(R"({"lr": 0.1})"), "\"lr\"; the nearest known key is \"optim.lr\""));
  CHECK(contains(fault(R"({"optim": {"warmup": {"step": 1}}})"),
                 "\"optim.warmup.step\"; the nearest known key is \"optim.warmup.steps\""));
  CHECK(contains(fault(R"({"phases": [{}, {"fromm": 1}]})"), "\"phases[1].fromm\"; the nearest known key is \"phases[].from\""));
  CHECK(contains(fault(R"({"optim": {"$schema": "x"}})"), "unknown key \"optim.$schema\""));
}

TEST_CASE("config: wrong types and values say what was expected") {
  CHECK(contains(fault("[]"), "a.json: the configuration: expected an object"));
  CHECK(contains(fault(R"({"seed": "one"})"), "seed: expected a whole number, got \"one\""));
  CHECK(contains(fault(R"({"seed": 1.5})"), "seed: expected a whole number, got 1.5"));
  CHECK(contains(fault(R"({"seed": -1})"), "seed: -1 is out of range, it must be at least 0"));
  CHECK(contains(fault(R"({"dir": 3})"), "dir: expected text, got 3"));
  CHECK(contains(fault(R"({"dir": null})"), "dir: expected text, got null"));
  CHECK(contains(fault(R"({"device": "gpu"})"), "device: \"gpu\" is not one of cpu, cuda"));
  CHECK(contains(fault(R"({"bands": "r"})"), "bands: expected a list"));
  CHECK(contains(fault(R"({"bands": ["r", 2]})"), "bands[1]: expected text, got 2"));
  CHECK(contains(fault(R"({"optim": 3})"), "optim: expected an object"));
  CHECK(contains(fault(R"({"optim": {"lr": 0}})"), "optim.lr: 0 is out of range, it must be above 0"));
  CHECK(contains(fault(R"({"optim": {"lr": true}})"), "optim.lr: expected a number, got true"));
  CHECK(contains(fault(R"({"optim": {"clip": -1}})"), "optim.clip: -1 is out of range"));
  CHECK(contains(fault(R"({"optim": {"schedule": "cosin"}})"), "optim.schedule: \"cosin\" is not one of constant, cosine"));
  CHECK(contains(fault(R"({"optim": {"milestones": []}})"), "optim.milestones: expected at least 1 items, got 0"));
  CHECK(contains(fault(R"({"optim": {"milestones": [3, 0]}})"), "optim.milestones[1]: 0 is out of range"));
  CHECK(contains(fault(R"({"optim": {"milestones": [3000000000]}})"), "optim.milestones[0]: 3000000000 is out of range"));
  CHECK(contains(fault(R"({"seed": 18446744073709551615})"), "seed: 18446744073709551615 is out of range"));
  CHECK(contains(fault(R"({"seed": 1e30})"), "seed: 1e+30 is out of range"));
  CHECK(contains(fault(R"({"optim": {"warmup": {"from": 1}}})"), "optim.warmup.from: 1 is out of range, it must be below 1"));
  CHECK(contains(fault(R"({"optim": {"schedule": "constant", "warmup": {}}})"),
                 "a.json: optim: a constant schedule has no warmup"));
}

TEST_CASE("config: all faults come at once") {
  const std::string text = fault(R"({"sed": 1, "dir": 3, "optim": {"lr": -1}})");
  CHECK(contains(text, "3 faults"));
  CHECK(contains(text, "\"seed\""));
  CHECK(contains(text, "dir: "));
  CHECK(contains(text, "optim.lr: "));
}

TEST_CASE("config: a syntax error says file, line and column") {
  const test::TempFolder folder;
  write_file(folder / "b.json", "{\n  \"seed\": 1,\n  \"dir\": oops\n}\n");
  CHECK(contains(error_of([&] { config::read_file<Experiment>(folder / "b.json"); }), "b.json:3:10: "));
  CHECK(contains(error_of([&] { parse_json("{\"a\": 1,}", "c"); }), "c:1:9: "));
  CHECK(contains(error_of([&] { parse_json("{\"a\": 1", "c"); }), "c:1:"));
  CHECK(contains(error_of([&] { parse_json("", "c"); }), "c:1:1: "));
  CHECK(contains(error_of([&] { parse_json("{\"a\": 1, \"a\": 2}", "c"); }), "\"a\" stands twice"));
  CHECK(contains(error_of([&] { parse_json("[1e999]", "c"); }), "c"));
  CHECK(contains(error_of([&] { parse_json("\"\xff\"", "c"); }), "c:1:2: "));
}

TEST_CASE("config: the written form is complete, in order, and reads back to itself") {
  const ordered_json written = config::write(read(R"({"optim": {"warmup": {}}, "seed": 7})"));
  std::string keys;
  for (const auto& [key, value] : written.items()) keys += key + " ";
  CHECK(keys == "seed dir device init bands phases optim notes ");
  CHECK(written["optim"].dump() ==
        R"({"lr":0.001,"schedule":"cosine","milestones":[100,200],"clip":null,"warmup":{"steps":10,"from":0.0}})");
  CHECK(config::write(config::read<Experiment>(written, "again")) == written);
}

TEST_CASE("config: the schema describes every field") {
  const ordered_json s = config::schema<Experiment>("an experiment");
  CHECK(s["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  CHECK(s["additionalProperties"] == false);
  CHECK(s["properties"]["seed"].dump() == R"({"description":"random seed","type":"integer","minimum":0,"default":1})");
  CHECK(s["properties"]["device"]["enum"].dump() == R"(["cpu","cuda"])");
  CHECK(s["properties"]["init"].dump() ==
        R"({"description":"weights to start from","anyOf":[{"type":"string"},{"type":"null"}],"default":null})");
  const ordered_json& optim = s["properties"]["optim"]["properties"];
  CHECK(optim["lr"].dump() == R"({"description":"learning rate","type":"number","exclusiveMinimum":0,"default":0.001})");
  CHECK(optim["schedule"]["enum"].dump() == R"(["constant","cosine"])");
  CHECK(
      optim["milestones"].dump() ==
      R"({"description":"where it drops","type":"array","items":{"type":"integer","minimum":1},"minItems":1,"default":[100,200]})");
  CHECK(optim["warmup"]["anyOf"][0]["properties"]["from"]["exclusiveMaximum"] == 1);
  CHECK(!s["properties"]["notes"].contains("type"));
}

ordered_json overridden(const std::string& text, const std::string& assignment) {
  ordered_json json = parse_json(text, "a.json");
  config::apply_override(json, config::schema<Experiment>(""), assignment);
  return json;
}

TEST_CASE("config: an override puts a value at its path") {
  CHECK(overridden("{}", "seed=3").dump() == R"({"seed":3})");
  CHECK(overridden("{}", "optim.warmup.steps=3").dump() == R"({"optim":{"warmup":{"steps":3}}})");
  CHECK(overridden(R"({"optim":{"warmup":null,"lr":1}})", "optim.warmup.steps=3").dump() ==
        R"({"optim":{"warmup":{"steps":3},"lr":1}})");
  CHECK(overridden("{}", "optim.milestones=[1, 2]").dump() == R"({"optim":{"milestones":[1,2]}})");
  CHECK(overridden("{}", "dir=runs/a=b").dump() == R"({"dir":"runs/a=b"})");
  CHECK(overridden("{}", "dir=2024").dump() == R"({"dir":"2024"})");
  CHECK(overridden("{}", "dir=\"quoted\"").dump() == R"({"dir":"quoted"})");
  CHECK(overridden("{}", "init=5").dump() == R"({"init":"5"})");
  CHECK(overridden("{}", "init=null").dump() == R"({"init":null})");
  CHECK(overridden("{}", "optim.schedule=constant").dump() == R"({"optim":{"schedule":"constant"}})");
  CHECK(overridden("{}", "notes.any.thing=1").dump() == R"({"notes":{"any":{"thing":1}}})");
}

TEST_CASE("config: a wrong override is an error and changes nothing") {
  ordered_json json = ordered_json::object();
  const ordered_json schema = config::schema<Experiment>("");
  const auto text = [&](const std::string& assignment) {
    return error_of([&] { config::apply_override(json, schema, assignment); });
  };
  CHECK(contains(text("optim.lrr=1"), "unknown key \"optim.lrr\"; the nearest known key is \"optim.lr\""));
  CHECK(contains(text("lr=1"), "the nearest known key is \"optim.lr\""));
  CHECK(contains(text("seed"), "path.to.key=value"));
  CHECK(contains(text("=1"), "path.to.key=value"));
  CHECK(contains(text("seed.x=1"), "seed is a single value"));
  CHECK(contains(text("optim..lr=1"), "unknown key"));
  CHECK(contains(text("optim.=1"), "unknown key"));
  // Found by fuzzing: text that is not UTF-8 became a value that could neither be named in an error nor written.
  CHECK(contains(text("seed=8epochs\xe1\x9f\xff"), "override of seed: it is not UTF-8 text"));
  CHECK(contains(text("\xff=1"), "override of a key: it is not UTF-8 text"));
  CHECK(json.empty());
}

}  // namespace
}  // namespace cf

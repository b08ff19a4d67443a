// A run that was stopped and went on is the run that never stopped.
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const Arguments kEndless = {"train.max_steps=100000"};

Arguments joined(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::string stop_at(std::int64_t steps) { return "train.max_steps=" + std::to_string(steps); }

std::int64_t steps_in(const std::filesystem::path& checkpoint) {
  return read_checkpoint_header(checkpoint).meta.at("step").get<std::int64_t>();
}

// Every step from 1 to `steps` stands in the log once, in order.
void check_log(const std::filesystem::path& log, std::int64_t steps) {
  const auto lines = logged_steps(log);
  REQUIRE(static_cast<std::int64_t>(lines.size()) == steps);
  for (std::int64_t i = 0; i < steps; ++i) CHECK(lines[static_cast<std::size_t>(i)].at("step") == i + 1);
}

void check_equal(const Workplace& place, const std::string& a, const std::string& b) {
  const Outcome diff = place.run({"diff", a, b});
  INFO(diff.out);
  CHECK(diff.code == 0);
  CHECK(contains(diff.out, "equal: all"));
}

// 20 steps at once and in two parts, with the same losses and rates on the way.
void check_two_parts(const Workplace& place, const Arguments& overrides) {
  check_outcome(place.train("straight", joined(overrides, {stop_at(20)})), 0, {});
  check_outcome(place.train("parts", joined(overrides, {stop_at(10)})), 0, {});
  CHECK(steps_in(place / "parts/last.cfk") == 10);
  check_outcome(place.train("parts", joined(overrides, {stop_at(20)}), {"--resume"}), 0, {});
  CHECK(steps_in(place / "parts/last.cfk") == 20);
  check_equal(place, "straight/last.cfk", "parts/last.cfk");
  check_log(place / "parts/log.jsonl", 20);
  const auto straight = logged_steps(place / "straight/log.jsonl");
  const auto parts = logged_steps(place / "parts/log.jsonl");
  for (std::size_t i = 0; i < straight.size(); ++i) {
    CHECK(straight[i].at("loss") == parts[i].at("loss"));
    CHECK(straight[i].at("lr") == parts[i].at("lr"));
  }
}

TEST_CASE("resume: constant rate, flips") { check_two_parts(Workplace(), {}); }

TEST_CASE("resume: averaged weights, clipping, turns") {
  check_two_parts(Workplace(), {"optimizer.ema=0.99", "optimizer.clip_norm=0.05", "data.turns=true"});
}

TEST_CASE("resume: a multistep schedule goes on where it was") {
  const Workplace place;
  check_two_parts(place, {"schedule.name=multistep", "schedule.milestones=[1,3]", "schedule.gamma=0.5"});
  const auto lines = logged_steps(place / "parts/log.jsonl");
  CHECK(lines[3].at("lr").get<double>() == doctest::Approx(0.002));
  CHECK(lines[4].at("lr").get<double>() == doctest::Approx(0.001));
  CHECK(lines[12].at("lr").get<double>() == doctest::Approx(0.0005));
}

TEST_CASE("resume: a cosine schedule keeps its length where max_steps changes") {
  const Workplace place;
  check_two_parts(place, {"schedule.name=cosine", "schedule.steps=40", "schedule.warmup_steps=3", "optimizer.name=rmsprop"});
  CHECK(logged_steps(place / "parts/log.jsonl").back().at("lr").get<double>() > 0.0009);  // half-way of 40, not at the end
}

TEST_CASE("resume: a set that is streamed, SGD") {
  check_two_parts(Workplace(), {"data.memory_gb=0", "optimizer.name=sgd", "optimizer.lr=0.01"});
}

// The rate falls with every step, so a resumed run at a wrong step shows.
const Arguments kFalling = {"schedule.name=cosine", "schedule.steps=100", "schedule.final_lr=0.1",
                            "optimizer.ema=0.9",    "checkpoint.every=1", "checkpoint.keep=2"};

void wait_for_steps(Program& program, const std::filesystem::path& log, std::size_t steps) {
  while (logged_steps(log).size() < steps) {
    REQUIRE(program.running());
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// Starts an endless run and stops it by a signal after a few steps.
Outcome interrupted(const Workplace& place, int signal, std::size_t steps) {
  Program program(place.path(), place.train_arguments("run", joined(kFalling, kEndless)));
  wait_for_steps(program, place / "run/log.jsonl", steps);
  program.signal(signal);
  return program.wait();
}

// Goes on for a few steps and compares with a run that was never stopped.
void check_goes_on(const Workplace& place, const Arguments& resume) {
  const std::int64_t end = steps_in(place / "run/last.cfk") + 5;
  check_outcome(place.run(joined(resume, {"--set", stop_at(end)})), 0, {});
  check_outcome(place.train("straight", joined(kFalling, {stop_at(end)})), 0, {});
  check_equal(place, "straight/last.cfk", "run/last.cfk");
  check_log(place / "run/log.jsonl", end);
}

// The command that the program itself proposes.
void check_stops_by(int signal) {
  const Workplace place;
  const Outcome outcome = interrupted(place, signal, 5);
  check_outcome(outcome, 128 + signal, {"stopped at step", "To go on: cfrun train run/config.json --out run --resume"});
  check_log(place / "run/log.jsonl", steps_in(place / "run/last.cfk"));
  check_goes_on(place, {"train", "run/config.json", "--out", "run", "--resume"});
}

TEST_CASE("resume: after Ctrl-C") { check_stops_by(SIGINT); }

TEST_CASE("resume: after SIGTERM") { check_stops_by(SIGTERM); }

TEST_CASE("resume: after SIGUSR1, a scheduler's warning") { check_stops_by(SIGUSR1); }

TEST_CASE("resume: after kill -9, from the last checkpoint") {
  const Workplace place;
  const Outcome outcome = interrupted(place, SIGKILL, 10);
  CHECK(outcome.code == 128 + SIGKILL);
  CHECK(steps_in(place / "run/last.cfk") % 4 == 0);
  write_file(place / "run/last.cfk.tmp1", "half of a checkpoint");  // as if it had been written just then
  check_goes_on(place, place.train_arguments("run", kFalling, {"--resume"}));
  for (const std::string& name : place.names("run")) CHECK(!contains(name, ".tmp"));
}

TEST_CASE("resume: a line of the log that was cut off is dropped") {
  const Workplace place;
  check_outcome(place.train("run", {stop_at(4)}), 0, {});
  std::ofstream(place / "run/log.jsonl", std::ios::app) << "{\"step\":5,\"loss\":0.1}\n{\"step\":6,\"lo";
  check_outcome(place.train("run", {stop_at(8)}, {"--resume"}), 0, {});
  check_log(place / "run/log.jsonl", 8);
}

TEST_CASE("resume: from a named checkpoint, in its folder or another") {
  const Workplace place;
  const Arguments numbered = {"checkpoint.every=1"};
  check_outcome(place.train("straight", joined(numbered, {stop_at(12)})), 0, {});
  check_outcome(place.train("other", joined(numbered, {stop_at(12)}), {"--resume", "straight/epoch-000002.cfk"}), 0, {});
  check_equal(place, "straight/last.cfk", "other/last.cfk");
  CHECK(logged_steps(place / "other/log.jsonl").size() == 4);
  // In its own folder the steps after it are run again.
  check_outcome(place.run({"train", "small.json", "--set", stop_at(10), "--resume", "straight/epoch-000002.cfk"}), 0, {});
  check_log(place / "straight/log.jsonl", 10);
}

TEST_CASE("resume: without a folder, the newest run of that very name") {
  const Workplace place;
  for (const std::string name : {"small", "small_wide"}) {
    check_outcome(place.run({"train", "small.json", "--set", stop_at(2), "--set", "name=" + name}), 0, {});
  }
  check_outcome(place.run({"train", "small.json", "--set", stop_at(4), "--resume"}), 0, {});
  for (const std::string& name : place.names("runs")) {
    CHECK(steps_in(place / ("runs/" + name + "/last.cfk")) == (name.starts_with("small_wide-") ? 2 : 4));
  }
}

TEST_CASE("resume: what cannot go on says why and changes nothing") {
  const Workplace place;
  check_refused(place.train("absent", {}, {"--resume"}), {"absent/last.cfk"});
  CHECK(!std::filesystem::exists(place / "absent"));
  check_refused(place.run({"train", "small.json", "--resume"}), {"runs", "small", "name a checkpoint"});

  check_outcome(place.train("run", {stop_at(4)}), 0, {});
  const std::string before = read_text(place / "run/last.cfk");
  check_refused(place.train("run", {stop_at(4)}, {"--resume"}), {"run/last.cfk", "has 4 steps", "raise train.max_steps"});
  check_refused(place.train("run", {stop_at(9), "model.cf2n.channels=6"}, {"--resume"}), {"run/last.cfk", "do not fit"});
  check_refused(place.train("run", {stop_at(9), "optimizer.ema=0.9"}, {"--resume"}), {"run/last.cfk", "ema.shadow"});
  check_refused(place.train("run", {stop_at(9), "optimizer.name=sgd"}, {"--resume"}), {"run/last.cfk", "optimizer."});
  CHECK(read_text(place / "run/last.cfk") == before);

  check_outcome(place.run({"convert", "run/last.cfk", "weights.safetensors", "--weights-only"}), 0, {});
  check_outcome(place.run({"convert", "weights.safetensors", "weights.cfk"}), 0, {});
  check_refused(place.train("other", {}, {"--resume", "weights.cfk"}), {"weights.cfk"});
}

}  // namespace
}  // namespace cf::test

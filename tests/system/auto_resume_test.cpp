// --resume auto, as job scripts use it: the same command begins a run, goes on with it and leaves a finished one alone. And two
// runs in one folder.
#include <csignal>
#include <thread>

#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const Arguments kNumbered = {"checkpoint.steps=2", "train.max_steps=12"};
const Arguments kAuto = {"--resume", "auto"};

void check_equal(const Workplace& place, const std::string& a, const std::string& b) {
  CHECK(read_text(place / a) == read_text(place / b));
}

// "run" of 8 steps, and "straight" of the 12 that it shall have in the end.
void prepare(const Workplace& place) {
  check_outcome(place.train("straight", kNumbered), 0, {});
  check_outcome(place.train("run", {"checkpoint.steps=2", "train.max_steps=8"}), 0, {});
}

void flip(const std::filesystem::path& file, std::size_t at) {
  std::string bytes = read_text(file);
  bytes.at(at) ^= 0x10;
  write_file(file, bytes);
}

TEST_CASE("resume auto: begins, goes on, and has nothing to do after the last step") {
  const Workplace place;
  check_outcome(place.train("run", {"train.max_steps=5", "checkpoint.steps=2"}, kAuto), 0, {"run: no checkpoint there"});
  check_outcome(place.train("run", kNumbered, kAuto), 0, {"goes on from run/last.cfk, step 5"});
  check_outcome(place.train("straight", kNumbered), 0, {});
  check_equal(place, "straight/last.cfk", "run/last.cfk");
  const Outcome again = place.train("run", kNumbered, kAuto);
  check_outcome(again, 0, {});
  CHECK(contains(again.out, "run: has all of its 12 steps"));
  check_equal(place, "straight/last.cfk", "run/last.cfk");
}

TEST_CASE("resume auto: without a folder, the newest run of that name, or a new one") {
  const Workplace place;
  const auto run = [&](const char* steps) {
    return place.run({"train", "small.json", "--set", "train.max_steps=" + std::string(steps), "--resume", "auto"});
  };
  check_outcome(run("3"), 0, {"no checkpoint there"});
  check_outcome(run("6"), 0, {"goes on from", "step 3"});
  CHECK(place.names("runs").size() == 1);
}

TEST_CASE("resume auto: a run that was killed before its first checkpoint begins anew") {
  const Workplace place;
  std::filesystem::create_directories(place / "run");
  write_file(place / "run/log.jsonl", "{\"step\":1,\"loss\":0.5}\n{\"st");
  write_file(place / "run/lock", "process 1 on nowhere\n");
  check_outcome(place.train("run", kNumbered, kAuto), 0, {"no checkpoint there"});
  CHECK(logged_steps(place / "run/log.jsonl").size() == 12);
  CHECK(!std::filesystem::exists(place / "run/lock"));
}

TEST_CASE("resume auto: a damaged last.cfk is passed over for the newest whole one, and said so") {
  const Workplace place;
  prepare(place);
  flip(place / "run/last.cfk", read_text(place / "run/last.cfk").size() / 2);
  const std::string newest = read_text(place / "run/step-000008.cfk");
  write_file(place / "run/step-000008.cfk", newest.substr(0, newest.size() - 1));
  check_outcome(place.train("run", kNumbered, kAuto), 0,
                {"passed over: run/last.cfk: damaged checkpoint", "passed over: run/step-000008.cfk: truncated checkpoint",
                 "goes on from run/step-000006.cfk, step 6"});
  check_equal(place, "straight/last.cfk", "run/last.cfk");
  CHECK(logged_steps(place / "run/log.jsonl").size() == 12);
}

TEST_CASE("resume auto: a missing last.cfk is said, too; best.cfk will do") {
  const Workplace place;
  prepare(place);
  std::filesystem::rename(place / "run/step-000004.cfk", place / "run/best.cfk");
  for (const char* gone : {"last", "step-000002", "step-000006", "step-000008"}) {
    std::filesystem::remove(place / ("run/" + std::string(gone) + ".cfk"));
  }
  check_outcome(place.train("run", kNumbered, kAuto), 0, {"run/last.cfk is missing", "goes on from run/best.cfk, step 4"});
  check_equal(place, "straight/last.cfk", "run/last.cfk");
}

TEST_CASE("resume auto: damaged checkpoints only are an error that names each, and nothing changes") {
  const Workplace place;
  check_outcome(place.train("run", {"train.max_steps=4"}), 0, {});
  flip(place / "run/last.cfk", 40);
  write_file(place / "run/best.cfk", "");
  const auto names = place.names("run");
  check_refused(place.train("run", kNumbered, kAuto),
                {"run: none of its checkpoints", "last.cfk: damaged", "best.cfk: not a checkpoint"});
  CHECK(place.names("run") == names);
}

TEST_CASE("resume auto: a checkpoint of another network is an error, not passed over") {
  const Workplace place;
  prepare(place);
  check_refused(place.train("run", {"model.cf2n.channels=6", "train.max_steps=12"}, kAuto), {"run/last.cfk", "do not fit"});
}

TEST_CASE("two runs in one folder: the second names the first; a killed one blocks nobody") {
  const Workplace place;
  Program first(place.path(), place.train_arguments("run", {"train.max_steps=100000"}));
  while (!std::filesystem::exists(place / "run/last.cfk") && first.running()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(first.running());
  const std::string holder = read_text(place / "run/lock");
  for (const Arguments& way : {Arguments{}, Arguments{"--resume"}, kAuto}) {
    check_refused(place.train("run", {"train.max_steps=100000"}, way),
                  {"run: a run is going on there", holder.substr(0, holder.size() - 1)});
  }
  first.signal(SIGKILL);
  first.wait();
  CHECK(std::filesystem::exists(place / "run/lock"));
  const auto steps = read_checkpoint_header(place / "run/last.cfk").meta.at("step").get<std::int64_t>();
  check_outcome(place.train("run", {"train.max_steps=" + std::to_string(steps + 3)}, kAuto), 0, {"goes on from"});
  CHECK(!std::filesystem::exists(place / "run/lock"));
}

}  // namespace
}  // namespace cf::test

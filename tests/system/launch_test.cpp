// Starting ranks, and everything that keeps them from starting or from agreeing.
#include <csignal>
#include <sstream>

#include "framework/core/host_name.h"
#include "framework/dist/mpi_module.h"
#include "framework/dist/processes.h"
#include "framework/dist/rank_place.h"
#include "framework/io/files.h"
#include "tests/system/workplace.h"

namespace cf::test {
namespace {

const std::string kMpirun = "mpirun -q --allow-run-as-root --oversubscribe --bind-to none ";

// False, having said so, where mpirun cannot start ranks here.
bool have_mpi() {
  const std::string missing = error_of([] { (void)mpi_module(); });
  if (missing.empty() && std::system("command -v mpirun > /dev/null") == 0) return true;
  MESSAGE("skipped: " << (missing.empty() ? "mpirun was not found" : missing));
  return false;
}

// A line of a shell, run in the workplace with `environment` ("NAME=value").
Outcome shell(const Workplace& place, const std::string& line, const std::vector<std::string>& environment = {}) {
  std::vector<std::string> settings = environment;
  settings.emplace_back("OMP_NUM_THREADS=1");
  Processes job;
  job.start({"/bin/sh", "-c", fmt::format("cd {} && exec > out.txt 2> err.txt; {}", place.path().string(), line)}, settings);
  const int code = job.wait([](int signal, int) { return signal; });
  return {code, read_text(place / "out.txt"), read_text(place / "err.txt")};
}

std::string train_line(const std::string& out, const std::string& more = "") {
  return fmt::format("{} train small.json --out {} --set train.max_steps=2 {}", CF_PROGRAM, out, more);
}

TEST_CASE("launch: MPI is missed where it is not") {
  const Workplace place;
  // As if mpirun had started it: what happens where the module was not installed with the program.
  std::filesystem::copy(CF_PROGRAM, place / "cfrun");
  const std::vector<std::string> as_rank = {"OMPI_COMM_WORLD_SIZE=2", "OMPI_COMM_WORLD_RANK=1"};
  const Outcome alone = shell(place, "./cfrun train small.json", as_rank);
  const bool built = error_of([] { (void)mpi_module(); }).find("built without MPI") == std::string::npos;
  check_refused(alone, {"rank 1 on " + host_name(), built ? "libcf_mpi.so was not found" : "built without MPI"});
  check_refused(shell(place, "./cfrun train small.json --ranks 2 --device cpu"),
                {built ? "libcf_mpi.so was not found" : "built without MPI"});
  if (!built) return;
  check_refused(shell(place, train_line("run", "--ranks 2 --device cpu"), {"PATH=/nowhere"}),
                {"mpirun was not found", "openmpi-bin"});
  CHECK_FALSE(std::filesystem::exists(place / "run"));
}

TEST_CASE("launch: ranks of another MPI are told apart") {
  if (!have_mpi()) return;
  const Workplace place;
  check_refused(shell(place, train_line("run"), {"PMI_SIZE=2", "PMI_RANK=0"}),
                {"started as one of 2 (PMI_SIZE=2)", "another MPI started it", "srun --mpi=pmix"});
  check_refused(shell(place, train_line("run"), {"OMPI_COMM_WORLD_SIZE=two"}), {"OMPI_COMM_WORLD_SIZE=two", "expected a number"});
}

TEST_CASE("launch: --ranks that contradict mpirun") {
  if (!have_mpi()) return;
  const Workplace place;
  const Outcome outcome = shell(place, kMpirun + "-n 2 " + train_line("run", "--ranks 4"));
  check_outcome(outcome, 2, {"--ranks 4", "one of 2 ranks"});
}

TEST_CASE("launch: GPUs that are not there") {
  const Workplace place;
  ordered_json e = small_experiment();
  e["gpus"] = {0, 1};
  write_json(place / "small.json", e);
  const Outcome outcome = shell(place, train_line("run"), {"CUDA_VISIBLE_DEVICES="});
  check_refused(outcome, {"gpus: ", "device=cpu"});
  CHECK_FALSE(std::filesystem::exists(place / "run"));
}

TEST_CASE("launch: --ranks and mpirun train alike, and rank 0 speaks for all") {
  if (!have_mpi()) return;
  const Workplace place;
  const Outcome ours = shell(place, train_line("ours", "--ranks 2 --device cpu"));
  const Outcome theirs = shell(place, kMpirun + "-n 2 " + train_line("theirs", "--device cpu"));
  check_outcome(ours, 0, {});
  check_outcome(theirs, 0, {});
  for (const Outcome* outcome : {&ours, &theirs}) {
    const auto first = outcome->out.find("run folder:");
    CHECK(first != std::string::npos);
    CHECK(outcome->out.find("run folder:", first + 1) == std::string::npos);
  }
  const auto losses = [&](const char* run) { return logged_steps(place / run / "log.jsonl").back()["loss"].get<double>(); };
  CHECK(losses("ours") == losses("theirs"));
}

TEST_CASE("launch: ranks with different configurations or data") {
  if (!have_mpi()) return;
  const Workplace place;
  const auto two = [&](const std::string& second) {
    return shell(place, kMpirun + "-n 1 " + train_line("run", "--device cpu") + " : -n 1 " + train_line("run", "--device cpu") +
                            " " + second);
  };
  const Outcome config = two("--set optimizer.lr=0.5");
  check_outcome(config, 2, {"rank 1 on " + host_name(), "optimizer.lr", "0.5"});
  CHECK(config.err.find("ranks differ") == config.err.rfind("ranks differ"));
  CHECK_FALSE(std::filesystem::exists(place / "run"));

  std::filesystem::create_directories(place / "other");
  std::string bytes = read_text(place / "train.h5");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] + 1);  // one pixel
  write_file(place / "other/train.h5", bytes);
  const std::string here = "cd " + (place / "other").string() + " && cp ../small.json . && exec ";
  write_file(place / "second.sh", here + train_line("../run", "--device cpu") + "\n");
  const Outcome data = shell(place, kMpirun + "-n 1 " + train_line("run", "--device cpu") + " : -n 1 sh second.sh");
  check_outcome(data, 2, {"rank 1 on " + host_name(), "the training set"});
}

TEST_CASE("launch: a rank that is killed ends the run, which says so") {
  if (!have_mpi()) return;
  const Workplace place;
  // Rank 1 kills itself after a while.
  write_file(place / "second.sh",
             "(sleep 3; kill -9 $$) & exec " +
                 train_line("run", "--device cpu --set train.max_steps=1000000 --set schedule.steps=1000000") + "\n");
  const Outcome outcome = shell(
      place, kMpirun + "-n 1 " + train_line("run", "--device cpu --set train.max_steps=1000000 --set schedule.steps=1000000") +
                 " : -n 1 sh second.sh");
  CHECK(outcome.code != 0);
  INFO(outcome.err);
  CHECK(contains(outcome.err, "rank 1 on " + host_name() + ": died"));
}

TEST_CASE("launch: cfrun ranks names the ranks and times sums") {
  if (!have_mpi()) return;
  const Workplace place;
  const Outcome outcome = shell(place, std::string(CF_PROGRAM) + " ranks --ranks 2 --runs 1 --json");
  check_outcome(outcome, 0, {});
  const ordered_json found = ordered_json::parse(outcome.out);
  CHECK(found["ranks"] == 2);
  CHECK(found["backend"] == "mpi");
  CHECK(found["hosts"].size() == 2);
  CHECK(found["sums"].size() == 16);
}

}  // namespace
}  // namespace cf::test

// test_parity NAME: checks one fixture file against this implementation. test_parity --complete NAME...: checks that every
// file of ops/ is known, and those that are not among the names.
//
// The folder is $CF_FIXTURES, or else ../shared/fixtures beside the source checkout; where neither is there the test is
// skipped (exit code 77).
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "tests/parity/checks.h"

using namespace cf;
using namespace cf::parity;
using cf::test::Fixture;

namespace {

constexpr int kSkip = 77;

// None where there are no fixtures and nobody asked for any.
std::optional<std::filesystem::path> fixture_folder() {
  if (const char* given = std::getenv("CF_FIXTURES"); given != nullptr && *given != '\0') {
    check(std::filesystem::is_directory(given), "CF_FIXTURES={}: not a folder", given);
    return given;
  }
  const auto beside = std::filesystem::path(CF_SOURCE_DIR) / ".." / "shared" / "fixtures";
  if (!std::filesystem::is_directory(beside)) return std::nullopt;
  return beside;
}

void check_file(const std::filesystem::path& folder, const std::string& name, Report& report) {
  static const std::map<std::string, void (*)(const Fixture&, Report&)> kFiles = {
      {"cf2n", check_cf2n},          {"cf2n_adam_steps", check_cf2n_adam_steps},     {"ssdiff_train", check_ssdiff},
      {"ssdiff_eval", check_ssdiff}, {"ssdiff_adamw_ema_steps", check_ssdiff_steps}, {"cosine_schedule_1000", check_schedule},
      {"q_sample", check_q_sample},
  };
  if (const auto it = kFiles.find(name); it != kFiles.end()) return it->second(Fixture(folder, name), report);
  if (name.starts_with("ddim_") || name.starts_with("dpmpp2m_")) return check_sampler(Fixture(folder, name), report);
  check_op(Fixture(folder / "ops", name), report);
}

// Files that have a ctest of their own are left to it.
bool check_complete(const std::filesystem::path& folder, const std::set<std::string>& tested) {
  bool passed = true;
  check(std::filesystem::is_directory(folder / "ops"), "{}: has no folder ops", folder.string());
  for (const auto& entry : std::filesystem::directory_iterator(folder / "ops")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".safetensors" || tested.contains(name)) continue;
    Report report;
    if (knows_op(name)) check_file(folder, name, report);
    fmt::print("{}: {}\n", name, report.passed() ? "passed" : knows_op(name) ? "failed" : "no test handles this file");
    passed = passed && report.passed();
  }
  return passed;
}

int run(const std::vector<std::string>& arguments) {
  check(!arguments.empty(), "usage: test_parity NAME | --complete NAME...");
  const auto folder = fixture_folder();
  if (!folder) {
    fmt::print("skipped: CF_FIXTURES is not set and there is no ../shared/fixtures beside the source checkout\n");
    return kSkip;
  }
  if (arguments[0] == "--complete") return check_complete(*folder, {arguments.begin() + 1, arguments.end()}) ? 0 : 1;
  Report report;
  check_file(*folder, arguments[0], report);
  return report.passed() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    fmt::print("error: {}\n", e.what());
    return 1;
  }
}

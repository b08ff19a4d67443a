// Tests of the CUDA backend on a device: a GPU where the build has CUDA and one is there, an emulated one where the build has
// none. With CUDA but without a GPU everything is skipped, and the reason is printed (exit code 77).
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <fmt/core.h>

#include "framework/core/device_services.h"
#include "kernels/devices.h"
#include "tests/gpu/device.h"
#ifdef CF_EMULATED
#include "kernels/cuda/emulator/fake_gpu.h"
#endif

namespace {

constexpr int kSkipped = 77;

// Counts what doctest runs, for the closing line.
int cases_run = 0;
int cases_known = 0;

struct Counter : doctest::IReporter {
  explicit Counter(const doctest::ContextOptions&) {}
  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& s) override {
    cases_known = static_cast<int>(s.numTestCases);
    cases_run = static_cast<int>(s.numTestCasesPassingFilters);
  }
  void test_case_start(const doctest::TestCaseData&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData&) override {}
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};
DOCTEST_REGISTER_LISTENER("counter", 1, Counter);

}  // namespace

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
#ifdef CF_EMULATED
  const cf::emulator::FakeGpu gpu;
#endif
  const cf::FoundDevice found = cf::find_device("auto");
  if (found.device.is_cpu()) {
    fmt::print("gpu tests: 0 run, all skipped: {}\n", found.why);
    return kSkipped;
  }
  const int result = context.run();
  fmt::print("gpu tests: {} run, {} skipped, on {}: {}\n", cases_run, cases_known - cases_run, found.device.str(),
             cf::services_of(found.device).describe(found.device.index));
  return result;
}

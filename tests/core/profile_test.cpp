// Ranges and profiles: whose time is whose.
#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "framework/core/profile.h"

using namespace cf;

namespace {

void spend(double seconds) {
  const auto begin = std::chrono::steady_clock::now();
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < seconds) {
  }
}

std::map<std::string, profile::Line> by_name(const profile::Report& report) {
  std::map<std::string, profile::Line> lines;
  for (const profile::Line& l : report.lines) lines[l.name] = l;
  return lines;
}

}  // namespace

TEST_CASE("without a listener ranges are not counted") {
  { const OpRange range("before"); }
  profile::start({});
  const profile::Report report = profile::stop();
  CHECK(report.lines.empty());
  CHECK_FALSE(profile::listening);
}

TEST_CASE("an operator's time is its own: what operators inside take is theirs") {
  profile::start({});
  {
    const OpRange step("step", RangeKind::step);
    for (int i = 0; i < 3; ++i) {
      const OpRange outer("outer");
      const OpRange inner("inner");
      spend(2e-3);
    }
  }
  const profile::Report report = profile::stop();
  auto lines = by_name(report);
  CHECK(lines.size() == 2);
  CHECK(lines["outer"].forward_calls == 3);
  CHECK(lines["inner"].forward_calls == 3);
  CHECK(lines["inner"].forward_seconds >= 6e-3);
  // Counted twice, the sum would be larger.
  CHECK(lines["outer"].forward_seconds + lines["inner"].forward_seconds <= report.step_seconds);
  CHECK(report.lines.front().name == "inner");
  CHECK(report.steps == 1);
  CHECK(report.step_seconds >= 6e-3);
}

TEST_CASE("operators that a backward closure calls belong to it, backward nodes inside do not") {
  profile::start({});
  {
    const OpRange step("step", RangeKind::step);
    const OpRange node("recompute", RangeKind::backward);
    { const OpRange helper("mul"); }
    {
      const OpRange nested("conv2d", RangeKind::backward);
      const OpRange helper("add");
      spend(2e-3);
    }
  }
  const profile::Report report = profile::stop();
  auto lines = by_name(report);
  CHECK(lines.size() == 2);
  CHECK(lines["conv2d"].backward_calls == 1);
  CHECK(lines["conv2d"].backward_seconds >= 2e-3);
  CHECK(lines["recompute"].backward_seconds + lines["conv2d"].backward_seconds <= report.step_seconds);
}

TEST_CASE("the table shows calls, times and shares") {
  profile::Report report;
  report.lines = {{"conv2d", 2, 1, 0.003, 0.006}, {"add", 1, 0, 0.001, 0}};
  report.steps = 4;
  report.step_seconds = 0.02;
  const std::string text = profile::table(report);
  for (const char* part : {"conv2d", "9.00", "90.0%", "add", "10.0%", "steps", "20.00"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(text.find("waited") == std::string::npos);
  report.waited = true;
  CHECK(profile::table(report).find("waited for after every operator") != std::string::npos);
}

TEST_CASE("a tracer hears every range, nested ones too") {
  static std::vector<std::string> heard;
  heard.clear();
  static const profile::Tracer tracer = {[](const char* name, RangeKind) { heard.emplace_back(name); },
                                         [] { heard.emplace_back("end"); }};
  profile::install_tracer(&tracer);
  {
    const OpRange a("a", RangeKind::backward);
    const OpRange b("b");
  }
  profile::install_tracer(nullptr);
  { const OpRange c("c"); }
  CHECK(heard == std::vector<std::string>{"a", "b", "end", "end"});
}

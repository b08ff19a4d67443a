#include "framework/core/profile.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <mutex>

#include "framework/core/check.h"
#include "framework/core/device_services.h"

namespace cf::profile {

std::atomic<bool> listening{false};

namespace {

using Clock = std::chrono::steady_clock;

struct Open {
  const char* name;
  RangeKind kind;
  bool counted;  // false: inside a backward node, whose time it is part of
  Clock::time_point begin;
  double inner_seconds = 0;  // of counted ranges inside
};

// Guards what follows, but for the tracer; ranges open and close rarely enough.
std::mutex mutex;
bool running = false;
Device device_in_use;
std::map<std::string, Line> lines;
Report totals;
std::atomic<const Tracer*> tracer{nullptr};
int witnesses = 0;

thread_local std::vector<Open> stack;
thread_local bool witnessed = false;
thread_local std::string left_by_exception;

void listen() { listening.store(running || witnesses > 0 || tracer.load() != nullptr); }

void note_exception(const Open& range) {
  if (!witnessed || !left_by_exception.empty() || std::uncaught_exceptions() == 0) return;
  if (range.kind == RangeKind::step) return;
  left_by_exception = fmt::format("{} '{}'", range.kind == RangeKind::forward ? "operator" : "the gradient of", range.name);
}

bool in_backward() {
  return std::any_of(stack.begin(), stack.end(), [](const Open& o) { return o.kind == RangeKind::backward; });
}

// Not while work is being recorded: there is nothing to wait for.
void wait() {
  if (device_in_use.is_cpu()) return;
  const DeviceServices& services = services_of(device_in_use);
  if (!services.recording(device_in_use.index)) services.synchronize(device_in_use.index);
}

// Its own time: what ranges inside took is theirs.
void count(const Open& range, double seconds) {
  const double own = seconds - range.inner_seconds;
  if (range.kind == RangeKind::step) {
    ++totals.steps;
    totals.step_seconds += seconds;
    return;
  }
  Line& line = lines[range.name];
  line.name = range.name;
  if (range.kind == RangeKind::forward) {
    ++line.forward_calls;
    line.forward_seconds += own;
  } else {
    ++line.backward_calls;
    line.backward_seconds += own;
  }
}

}  // namespace

void open(const char* name, RangeKind kind) {
  if (const Tracer* t = tracer.load(); t != nullptr) t->begin(name, kind);
  stack.push_back({name, kind, kind != RangeKind::forward || !in_backward(), Clock::now()});
}

void close() {
  const Open range = stack.back();
  stack.pop_back();
  note_exception(range);
  if (range.counted) {
    const std::scoped_lock lock(mutex);
    if (running) {
      wait();
      const double seconds = std::chrono::duration<double>(Clock::now() - range.begin).count();
      count(range, seconds);
      if (!stack.empty()) stack.back().inner_seconds += seconds;
    }
  }
  if (const Tracer* t = tracer.load(); t != nullptr) t->end();
}

void start(Device device) {
  const std::scoped_lock lock(mutex);
  check(!running, "profile: one is running already");
  lines.clear();
  totals = {};
  totals.waited = !device.is_cpu();
  device_in_use = device;
  wait();
  running = true;
  listen();
}

Report stop() {
  const std::scoped_lock lock(mutex);
  check(running, "profile: none is running");
  running = false;
  listen();
  for (auto& [name, line] : lines) totals.lines.push_back(line);
  std::stable_sort(totals.lines.begin(), totals.lines.end(),
                   [](const Line& a, const Line& b) { return a.seconds() > b.seconds(); });
  return totals;
}

std::string table(const Report& report) {
  double total = 0;
  for (const Line& l : report.lines) total += l.seconds();
  std::string text = fmt::format("{:<20} {:>8} {:>11} {:>8} {:>11} {:>11} {:>7}\n", "operator", "forward", "ms", "backward", "ms",
                                 "total ms", "share");
  for (const Line& l : report.lines) {
    text += fmt::format("{:<20} {:>8} {:>11.2f} {:>8} {:>11.2f} {:>11.2f} {:>6.1f}%\n", l.name, l.forward_calls,
                        l.forward_seconds * 1e3, l.backward_calls, l.backward_seconds * 1e3, l.seconds() * 1e3,
                        total == 0 ? 0 : 100 * l.seconds() / total);
  }
  text += fmt::format("{:<20} {:>52.2f}\n", "all operators", total * 1e3);
  if (report.steps > 0) {
    text += fmt::format("{:<20} {:>8} {:>43.2f}  (what runs outside them, as validation, is counted above)\n", "steps",
                        report.steps, report.step_seconds * 1e3);
  }
  if (report.waited) {
    text +=
        "The device was waited for after every operator, so that time belongs to the one that took it; without a profile the "
        "work overlaps and takes less.\n";
  }
  return text;
}

Witness::Witness() {
  const std::scoped_lock lock(mutex);
  check(!witnessed, "profile: one witness of exceptions at a time");
  witnessed = true;
  left_by_exception.clear();
  ++witnesses;
  listen();
}

Witness::~Witness() {
  const std::scoped_lock lock(mutex);
  witnessed = false;
  --witnesses;
  listen();
}

std::string Witness::place() { return left_by_exception; }

void install_tracer(const Tracer* t) {
  const std::scoped_lock lock(mutex);
  tracer = t;
  listen();
}

}  // namespace cf::profile

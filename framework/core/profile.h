// Where the time goes: ranges around operators, backward nodes and training steps.
//
// A range is one line at the top of what it measures:
//   const OpRange range("conv2d");
// While nobody listens it costs one branch. A profile adds up the time of each operator; a backend's tracer (NVTX on CUDA) gets
// the ranges as they open and close.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/device.h"

namespace cf {

enum class RangeKind : std::uint8_t {
  forward,
  backward,  // of a node: what its closure calls belongs to it
  step,      // a whole training step
};

namespace profile {

// Whether ranges are heard by anybody.
extern std::atomic<bool> listening;
void open(const char* name, RangeKind kind);
void close();

struct Line {
  std::string name;
  std::int64_t forward_calls = 0;
  std::int64_t backward_calls = 0;
  double forward_seconds = 0;
  double backward_seconds = 0;
  double seconds() const { return forward_seconds + backward_seconds; }
};

struct Report {
  std::vector<Line> lines;  // by operator, the most expensive first
  std::int64_t steps = 0;
  double step_seconds = 0;
  bool waited = false;  // after each range for the device
};

// Begins to add up ranges of this process. Where the device works on its own, each range ends when its work is done, so that
// time belongs to the operator that took it; the whole then takes longer than without a profile.
void start(Device device);
// Ends it.
Report stop();
// "operator, calls, total ms, share" as a table.
std::string table(const Report& report);

// A backend's tracer: called at the begin and end of every range. Null: none.
struct Tracer {
  void (*begin)(const char* name, RangeKind kind);
  void (*end)();
};
void install_tracer(const Tracer* tracer);

// While alive, notes on its thread where an exception came from.
class Witness {
 public:
  Witness();
  ~Witness();
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;

  // The innermost range that an exception left: "operator 'conv2d'", "the gradient of 'conv2d'"; empty where there was none.
  static std::string place();
};

}  // namespace profile

// A range that lasts as long as this object. `name` must outlive the program's profiles: a literal.
class OpRange {
 public:
  explicit OpRange(const char* name, RangeKind kind = RangeKind::forward)
      : open_(profile::listening.load(std::memory_order_relaxed)) {
    if (open_) [[unlikely]] {
      profile::open(name, kind);
    }
  }
  ~OpRange() {
    if (open_) [[unlikely]] {
      profile::close();
    }
  }
  OpRange(const OpRange&) = delete;
  OpRange& operator=(const OpRange&) = delete;

 private:
  bool open_;
};

}  // namespace cf

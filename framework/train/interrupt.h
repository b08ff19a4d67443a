// Ctrl-C and termination requests, turned into a flag that a loop reads between two steps.
#pragma once

namespace cf {

// While alive, SIGINT and SIGTERM set the flag instead of ending the process; a second one ends it at once.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // The signal that arrived, 0 where none has.
  static int signal();
};

}  // namespace cf

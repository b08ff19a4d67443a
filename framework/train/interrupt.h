// Ctrl-C and what schedulers send, turned into a flag that a loop reads between two steps.
#pragma once

namespace cf {

// While alive, SIGINT, SIGTERM and SIGUSR1 set the flag instead of ending the process. A second SIGINT, a second later or more,
// ends it at once; the others may well come twice, from a scheduler and from a launcher that passes them on.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // The signal that arrived first, 0 where none has.
  static int signal();
};

}  // namespace cf

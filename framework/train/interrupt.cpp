#include "framework/train/interrupt.h"

#include <csignal>

namespace cf {
namespace {

volatile std::sig_atomic_t arrived = 0;

// Only what a signal handler may do: set the flag, and let the next signal have its usual effect.
void on_signal(int number) {
  arrived = number;
  std::signal(number, SIG_DFL);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  arrived = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

int InterruptGuard::signal() { return arrived; }

}  // namespace cf

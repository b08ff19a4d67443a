#include "framework/train/interrupt.h"

#include <array>
#include <csignal>
#include <ctime>

namespace cf {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGUSR1};

volatile std::sig_atomic_t arrived = 0;
volatile std::sig_atomic_t arrived_at = 0;  // seconds on the monotonic clock

std::sig_atomic_t seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::sig_atomic_t>(now.tv_sec);
}

// Only what a signal handler may do.
void on_signal(int number) {
  if (arrived == 0) {
    arrived_at = seconds();
    arrived = number;
  } else if (number == SIGINT && seconds() - arrived_at > 1) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
}

}  // namespace

InterruptGuard::InterruptGuard() {
  arrived = 0;
  for (const int number : kSignals) std::signal(number, on_signal);
}

InterruptGuard::~InterruptGuard() {
  for (const int number : kSignals) std::signal(number, SIG_DFL);
}

int InterruptGuard::signal() { return arrived; }

}  // namespace cf

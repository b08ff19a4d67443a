// Processes that this one starts and waits for, all together.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <functional>
#include <string>
#include <vector>

namespace cf {

// They end with this process, however that ends. Signals that ask this process to end are handed to them.
class Processes {
 public:
  Processes();
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  // Starts `words` (a program's path, its arguments) in a group of its own, with nothing to read. `environment`: "NAME=value",
  // added.
  void start(const std::vector<std::string>& words, const std::vector<std::string>& environment);

  // What is handed on where `signal` asks for an end for the `time`-th time (1, 2, ...).
  using Translate = std::function<int(int signal, int time)>;
  // Returns when all have ended; where one failed, the others are killed three seconds later. The exit code: of the first that
  // failed, 128 + signal where one ended it, else 0.
  int wait(const Translate& translate);
  // The first signal that asked for an end; 0: none did.
  int asked() const { return asked_; }

 private:
  void take_ended();
  void send(int signal) const;

  sigset_t before_{};
  sigset_t watched_{};
  std::vector<pid_t> running_;
  int code_ = 0;
  int asked_ = 0;
};

}  // namespace cf

#include "framework/dist/processes.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "framework/core/check.h"

extern char** environ;  // NOLINT: unistd.h has it only with GNU's extensions

namespace cf {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kKillAfter = std::chrono::seconds(3);

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

// Exit code as shells count it.
int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

// The signals are blocked and taken one by one, so that none needs a handler.
Processes::Processes() {
  sigemptyset(&watched_);
  for (const int signal : {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&watched_, signal);
  sigprocmask(SIG_BLOCK, &watched_, &before_);
}

Processes::~Processes() {
  send(SIGKILL);
  for (const pid_t pid : running_) ::waitpid(pid, nullptr, 0);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

void Processes::start(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  std::vector<std::string> arguments = words;
  std::vector<std::string> settings = environment;
  for (char** setting = environ; *setting != nullptr; ++setting) {
    const std::string name = std::string(*setting).substr(0, std::string(*setting).find('=') + 1);
    const bool replaced = std::any_of(environment.begin(), environment.end(), [&](const auto& s) { return s.starts_with(name); });
    if (!replaced) settings.emplace_back(*setting);
  }
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(settings);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  check(pid >= 0, "a process cannot be started: {}", std::strerror(errno));
  if (pid > 0) {
    running_.push_back(pid);
    return;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::setpgid(0, 0);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::close(nothing);
  if (::getppid() == parent) ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

void Processes::send(int signal) const {
  for (const pid_t pid : running_) ::kill(pid, signal);
}

void Processes::take_ended() {
  std::erase_if(running_, [this](pid_t pid) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != pid) return false;
    if (code_ == 0) code_ = code_of(status);
    return true;
  });
}

int Processes::wait(const Translate& translate) {
  int times = 0;
  Clock::time_point failed{};
  while (true) {
    take_ended();
    if (running_.empty()) return code_;
    if (code_ != 0 && failed == Clock::time_point{}) failed = Clock::now();
    if (code_ != 0 && Clock::now() - failed > kKillAfter) send(SIGKILL);
    const timespec second{1, 0};
    const int signal = sigtimedwait(&watched_, nullptr, &second);
    if (signal <= 0 || signal == SIGCHLD) continue;
    if (asked_ == 0) asked_ = signal;
    send(translate(signal, ++times));
  }
}

}  // namespace cf

#include "tests/system/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "framework/core/check.h"
#include "framework/io/files.h"

namespace cf::test {
namespace {

// In the child, before the program takes its place.
void redirect(const std::filesystem::path& file, int stream) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(descriptor, stream);
  ::close(descriptor);
}

void limit_files(std::uint64_t bytes) {
  // An ignored signal stays ignored in the program, so that writing fails as it does on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

Program::Program(const std::filesystem::path& folder, const Arguments& arguments, const RunOptions& options) {
  std::string name = (std::filesystem::temp_directory_path() / "cf_run_XXXXXX").string();
  check(::mkdtemp(name.data()) != nullptr, "no temporary folder");
  output_ = name;
  std::vector<std::string> words = {CF_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  pid_ = ::fork();
  check(pid_ >= 0, "cannot start {}", CF_PROGRAM);
  if (pid_ > 0) return;
  redirect(output_ / "out", STDOUT_FILENO);
  redirect(output_ / "err", STDERR_FILENO);
  if (options.file_limit) limit_files(*options.file_limit);
  ::setenv("OMP_NUM_THREADS", "1", 1);
  if (::chdir(folder.c_str()) == 0) ::execv(pointers[0], pointers.data());
  ::_exit(127);
}

Program::~Program() {
  if (running()) {
    signal(SIGKILL);
    wait();
  }
  std::error_code ignored;
  std::filesystem::remove_all(output_, ignored);
}

bool Program::running() {
  int status = 0;
  if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return !status_;
}

void Program::signal(int number) const { ::kill(pid_, number); }

std::string Program::taken(const char* stream) const {
  return std::filesystem::exists(output_ / stream) ? read_text(output_ / stream) : std::string();
}

Outcome Program::wait() {
  if (!status_) {
    int status = 0;
    check(::waitpid(pid_, &status, 0) == pid_, "lost process {}", pid_);
    status_ = status;
  }
  const int code = WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 128 + WTERMSIG(*status_);
  return {code, taken("out"), taken("err")};
}

Outcome run(const std::filesystem::path& folder, const Arguments& arguments, const RunOptions& options) {
  return Program(folder, arguments, options).wait();
}

}  // namespace cf::test

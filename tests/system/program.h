// The built program, run as a user runs it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cf::test {

using Arguments = std::vector<std::string>;

struct Outcome {
  int code = 0;     // exit code; 128 + signal where one ended the program
  std::string out;  // what it printed
  std::string err;
};

struct RunOptions {
  // No file may grow beyond it, as if the disk were full there.
  std::optional<std::uint64_t> file_limit;
};

// A process of cfrun. It works in one thread, so that several tests can run beside each other.
class Program {
 public:
  // Starts `cfrun arguments...` with `folder` as the current folder.
  Program(const std::filesystem::path& folder, const Arguments& arguments, const RunOptions& options = {});
  // Ends it, where it still runs.
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  bool running();
  void signal(int number) const;
  // Waits for the end.
  Outcome wait();

 private:
  std::string taken(const char* stream) const;

  std::filesystem::path output_;  // folder of what it prints
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// Starts it and waits for its end.
Outcome run(const std::filesystem::path& folder, const Arguments& arguments, const RunOptions& options = {});

}  // namespace cf::test

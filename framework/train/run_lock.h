// One run at a time in a folder.
#pragma once

#include <filesystem>
#include <string>

namespace cf {

// A lock of the operating system (flock) on the file "lock" in a folder. It ends with the process that holds it, however that
// ends, so what a killed run leaves behind blocks nobody. Processes of other machines see it where the file system passes locks
// on (NFS and Lustre do, as they are usually mounted).
class RunLock {
 public:
  // Takes the lock of a folder that exists. Throws Error that names host and process where another run holds it. A file system
  // without locks is met with a warning: the run then goes on without one.
  explicit RunLock(const std::filesystem::path& folder);
  // Gives it back and removes the file.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace cf

#include "framework/train/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "framework/core/check.h"
#include "framework/core/host_name.h"
#include "framework/core/log.h"

namespace cf {
namespace {

std::string this_process() { return fmt::format("process {} on {}", ::getpid(), host_name()); }

// What the holder wrote of itself, as far as it may be shown.
std::string holder_of(const std::filesystem::path& lock) {
  std::ifstream file(lock);
  std::string line;
  std::getline(file, line);
  for (char& c : line) {
    if (c < ' ' || c > '~') c = '?';
  }
  return line.empty() ? "another process" : line.substr(0, 300);
}

// Whether the open file is still the one of that name: a run that ended may have removed it between our opening and locking it.
bool is_in_place(int descriptor, const std::filesystem::path& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(descriptor, &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
         held.st_dev == named.st_dev;
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder) : path_(folder / "lock") {
  while (descriptor_ < 0) {
    const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    check(fd >= 0, "{}: cannot be opened: {}; choose a folder that can be written", path_.string(), std::strerror(errno));
    const int status = ::flock(fd, LOCK_EX | LOCK_NB);
    const int error = errno;
    if (status != 0 && error != EWOULDBLOCK) {
      log::warning("{}: this file system has no locks ({}); take care that no second run writes here", folder.string(),
                   std::strerror(error));
      ::close(fd);
      return;
    }
    if (status != 0) {
      ::close(fd);
      fail("{}: a run is going on there ({}); wait for its end, stop it, or choose another --out", folder.string(),
           holder_of(path_));
    }
    if (is_in_place(fd, path_)) {
      descriptor_ = fd;
    } else {
      ::close(fd);
    }
  }
  const std::string text = this_process() + "\n";
  // A full disk shows later, where it matters: without this line the lock holds all the same.
  if (::ftruncate(descriptor_, 0) == 0) static_cast<void>(::write(descriptor_, text.data(), text.size()));
}

RunLock::~RunLock() {
  if (descriptor_ < 0) return;
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace cf

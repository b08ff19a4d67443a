#include "framework/core/staged_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "framework/core/check.h"

namespace cf {
namespace {

// Makes the contents of a file, or the names in a folder, survive a power cut.
void sync(const std::filesystem::path& path, const std::filesystem::path& target) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);  // NOLINT: open is variadic in POSIX
  check(fd >= 0, "{}: cannot open {} to sync it: {}", target.string(), path.string(), std::strerror(errno));
  const int status = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  // Some file systems cannot sync a folder and say EINVAL; the rename itself is still atomic there.
  check(status == 0 || error == EINVAL, "{}: cannot write it out: {}", target.string(), std::strerror(error));
}

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

}  // namespace

StagedFile::StagedFile(std::filesystem::path target) : target_(std::move(target)) {
  std::error_code ignored;
  check(std::filesystem::is_directory(folder_of(target_), ignored), "{}: cannot be written: {} is not a folder", target_.string(),
        folder_of(target_).string());
  check(!std::filesystem::is_directory(target_, ignored), "{}: cannot be written: a folder of that name stands there",
        target_.string());
  temporary_ = target_;
  temporary_ += ".tmp" + std::to_string(::getpid());
}

StagedFile::~StagedFile() {
  std::error_code ignored;
  if (!committed_) std::filesystem::remove(temporary_, ignored);
}

void StagedFile::commit() {
  sync(temporary_, target_);
  std::error_code error;
  std::filesystem::rename(temporary_, target_, error);
  check(!error, "{}: cannot be put in its place: {}", target_.string(), error.message());
  committed_ = true;
  sync(folder_of(target_), target_);
}

}  // namespace cf

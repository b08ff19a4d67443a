#include "framework/io/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "framework/core/check.h"

namespace cf {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

// One call moves at most 2 GiB on Linux; smaller pieces also let a signal be handled soon.
constexpr std::size_t kPiece = std::size_t{1} << 30U;

}  // namespace

AtomicWriter::AtomicWriter(fs::path target) : file_(std::move(target)) {
  descriptor_ = ::open(file_.tmp().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_errno("opening");
}

AtomicWriter::~AtomicWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AtomicWriter::fail_errno(std::string_view doing) const {
  const int error = errno;
  const char* advice = "";
  if (error == ENOSPC || error == EDQUOT) advice = "; free some space or choose another folder";
  if (error == EACCES || error == EROFS || error == EPERM) advice = "; choose a folder that can be written";
  fail("write {}: {} ({} {}){}", file_.target().string(), reason(error), doing, file_.tmp().string(), advice);
}

void AtomicWriter::write(const void* data, std::size_t bytes) {
  const auto* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(descriptor_, at, std::min(bytes, kPiece));
    if (n < 0) {
      if (errno == EINTR) continue;
      fail_errno("writing");
    }
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

void AtomicWriter::commit() {
  // A full disk may show here only, and only to the descriptor that wrote.
  if (::fsync(descriptor_) != 0) fail_errno("syncing");
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_errno("closing");
  file_.commit();
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicWriter file(path);
  file.write(content);
  file.commit();
}

FileReader::FileReader(fs::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  check(descriptor_ >= 0, "read {}: {}", path_.string(), reason(errno));
  struct stat info {};
  const bool known = ::fstat(descriptor_, &info) == 0;
  if (!known || !S_ISREG(info.st_mode)) {
    ::close(descriptor_);
    fail("read {}: it is not a file", path_.string());
  }
  size_ = static_cast<std::uint64_t>(info.st_size);
}

FileReader::~FileReader() { ::close(descriptor_); }

void FileReader::read(std::uint64_t offset, void* data, std::size_t bytes) const {
  auto* at = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::pread(descriptor_, at, std::min(bytes, kPiece), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    check(n >= 0, "read {}: {}", path_.string(), reason(errno));
    check(n > 0, "read {}: the file ends at byte {}, {} bytes early", path_.string(), offset, bytes);
    at += n;
    offset += static_cast<std::uint64_t>(n);
    bytes -= static_cast<std::size_t>(n);
  }
}

std::string read_text(const fs::path& path) {
  const FileReader file(path);
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read(0, text.data(), text.size());
  return text;
}

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  // An existing folder is fine; a file in its place may report either way.
  std::error_code ignored;
  if (!error && fs::is_directory(path, ignored)) return;
  fs::path obstacle = path;
  while (obstacle.has_parent_path() && obstacle != obstacle.parent_path() && !fs::exists(obstacle, ignored)) {
    obstacle = obstacle.parent_path();
  }
  if (fs::exists(obstacle, ignored) && !fs::is_directory(obstacle, ignored)) {
    fail("make folder {}: {} is a file", path.string(), obstacle.string());
  }
  fail("make folder {}: {}", path.string(), error ? error.message() : "it is not a folder afterwards");
}

}  // namespace cf

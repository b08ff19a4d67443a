// A full or read-only disk for tests.
#pragma once

#include <sys/mount.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace cf::test {

// A file system of its own in memory, where the process may mount one.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path path, const char* size) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, size) == 0;
    if (!mounted_) MESSAGE("skipped: no small file system can be mounted here: " << std::strerror(errno));
  }
  ~SmallDisk() {
    if (mounted_) ::umount(path_.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }
  void make_read_only() const { ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr); }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

}  // namespace cf::test

// Files: whole or not at all on writing, with clear errors on reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "framework/core/staged_file.h"

namespace cf {

// Writes a file piece by piece; it replaces the old one only at commit() (see StagedFile). Where another library does the
// writing, use StagedFile itself.
class AtomicWriter {
 public:
  // Throws Error where the folder is missing or cannot be written, or `target` is itself a folder.
  explicit AtomicWriter(std::filesystem::path target);
  ~AtomicWriter();
  AtomicWriter(const AtomicWriter&) = delete;
  AtomicWriter& operator=(const AtomicWriter&) = delete;

  // Appends. Throws Error (disk full) that names the target.
  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  // Throws Error where the content cannot be made to last; the old file then still stands.
  void commit();

 private:
  [[noreturn]] void fail_errno(std::string_view doing) const;

  StagedFile file_;
  int descriptor_ = -1;
};

// Replaces a file's content, whole or not at all.
void write_file(const std::filesystem::path& path, std::string_view content);

// A file read by position. Throws Error naming the file where it is missing, unreadable or a folder.
class FileReader {
 public:
  explicit FileReader(std::filesystem::path path);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }  // bytes, when it was opened
  // Throws Error where the file ends before `bytes` bytes.
  void read(std::uint64_t offset, void* data, std::size_t bytes) const;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// The whole content of a file, text or binary.
std::string read_text(const std::filesystem::path& path);

// Makes a folder and those above it. Throws Error that says which one could not be made and why.
void make_directories(const std::filesystem::path& path);

}  // namespace cf

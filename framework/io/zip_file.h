// The entries of a zip archive, read by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct zip;

namespace cf {

class ZipFile {
 public:
  // Throws Error naming the file where it is missing, not a zip archive, truncated, or claims to hold what it cannot: stored
  // entries larger than the file in sum, compressed ones beyond what deflate can do.
  explicit ZipFile(std::filesystem::path path);
  ~ZipFile();
  ZipFile(const ZipFile&) = delete;
  ZipFile& operator=(const ZipFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t file_size() const { return file_size_; }            // bytes
  const std::vector<std::string>& names() const { return names_; }  // in the archive's order
  bool has(std::string_view name) const;
  // Bytes of an entry when it is unpacked. Throws Error where there is none of that name.
  std::uint64_t size(const std::string& name) const;
  // Unpacks a whole entry of size(name) bytes. Throws Error where it is damaged (its checksum does not agree) or truncated.
  void read(const std::string& name, void* data) const;
  std::string read_text(const std::string& name) const;

 private:
  void check_sizes() const;
  std::uint64_t index_of(const std::string& name) const;

  std::filesystem::path path_;
  std::uint64_t file_size_ = 0;
  std::unique_ptr<zip, void (*)(zip*)> archive_;
  std::vector<std::string> names_;
};

}  // namespace cf

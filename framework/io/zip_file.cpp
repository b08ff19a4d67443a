#include "framework/io/zip_file.h"

#include <zip.h>

#include <algorithm>
#include <utility>

#include "framework/core/check.h"
#include "framework/io/files.h"

namespace cf {
namespace {

// Deflate packs at most 258 bytes into two bits.
constexpr std::uint64_t kMaxRatio = 1032;

zip_stat_t status_of(zip* archive, std::uint64_t index, const std::string& file) {
  zip_stat_t status;
  zip_stat_init(&status);
  constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  const bool known = zip_stat_index(archive, index, 0, &status) == 0 && (status.valid & kNeeded) == kNeeded;
  check(known, "{}: damaged zip archive: entry {} has no description", file, index);
  return status;
}

}  // namespace

ZipFile::ZipFile(std::filesystem::path path)
    : path_(std::move(path)), file_size_(FileReader(path_).size()), archive_(nullptr, zip_discard) {
  int code = 0;
  archive_.reset(zip_open(path_.c_str(), ZIP_RDONLY, &code));
  if (archive_ == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    fail("{}: no zip archive, or a truncated one ({})", path_.string(), reason);
  }
  check_sizes();
  const auto count = static_cast<std::uint64_t>(zip_get_num_entries(archive_.get(), 0));
  for (std::uint64_t i = 0; i < count; ++i) names_.emplace_back(status_of(archive_.get(), i, path_.string()).name);
}

ZipFile::~ZipFile() = default;

void ZipFile::check_sizes() const {
  const auto count = static_cast<std::uint64_t>(zip_get_num_entries(archive_.get(), 0));
  std::uint64_t packed = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const zip_stat_t status = status_of(archive_.get(), i, path_.string());
    // Entries that lie over each other would let a small file claim any number of them.
    check(status.comp_size <= file_size_ - packed, "{}: damaged zip archive: its entries take more than its {} bytes",
          path_.string(), file_size_);
    packed += status.comp_size;
    const std::uint64_t limit = status.comp_method == ZIP_CM_STORE ? status.comp_size : status.comp_size * kMaxRatio;
    check(status.size <= limit, "{}: damaged zip archive: entry {} claims {} bytes, packed into {}", path_.string(), status.name,
          status.size, status.comp_size);
  }
}

bool ZipFile::has(std::string_view name) const { return std::find(names_.begin(), names_.end(), name) != names_.end(); }

std::uint64_t ZipFile::index_of(const std::string& name) const {
  const zip_int64_t index = zip_name_locate(archive_.get(), name.c_str(), 0);
  check(index >= 0, "{}: lacks {}", path_.string(), name);
  return static_cast<std::uint64_t>(index);
}

std::uint64_t ZipFile::size(const std::string& name) const {
  return status_of(archive_.get(), index_of(name), path_.string()).size;
}

void ZipFile::read(const std::string& name, void* data) const {
  const std::uint64_t bytes = size(name);
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive_.get(), index_of(name), 0), zip_fclose);
  check(entry != nullptr, "{}: {} cannot be read ({})", path_.string(), name, zip_strerror(archive_.get()));
  auto* at = static_cast<char*>(data);
  std::uint64_t left = bytes;
  // One read beyond the last byte: libzip compares the checksum at the end.
  for (char beyond = 0;;) {
    const zip_int64_t n = left > 0 ? zip_fread(entry.get(), at, left) : zip_fread(entry.get(), &beyond, 1);
    check(n >= 0, "{}: {} is damaged ({})", path_.string(), name, zip_file_strerror(entry.get()));
    const auto got = static_cast<std::uint64_t>(n);
    if (got == 0 && left == 0) return;
    check(got > 0 && got <= left, "{}: {} is damaged: it does not have the {} bytes that it claims", path_.string(), name, bytes);
    at += got;
    left -= got;
  }
}

std::string ZipFile::read_text(const std::string& name) const {
  std::string text(size(name), '\0');
  read(name, text.data());
  return text;
}

}  // namespace cf

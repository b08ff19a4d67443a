// HDF5 files: typed access with one kind of error, cf::Error, that names the file and the dataset.
//
// The library is entered by one thread at a time (a process-wide lock here), so a reading thread and a writing one do no harm.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/dtype.h"
#include "framework/core/staged_file.h"

namespace cf::hdf5 {

// An owned handle of the library (hid_t, 64 bits in every version since 1.10). Closing errors are ignored here: who writes
// closes explicitly and checks.
class Handle {
 public:
  using Closer = int (*)(std::int64_t);
  Handle() = default;
  Handle(std::int64_t id, Closer closer) : id_(id), closer_(closer) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : id_(other.release()), closer_(other.closer_) {}
  Handle& operator=(Handle&& other) noexcept;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  std::int64_t get() const { return id_; }
  std::int64_t release();
  void reset();

 private:
  std::int64_t id_ = -1;
  Closer closer_ = nullptr;
};

struct ArrayInfo {
  std::string name;                 // path within the file, without a leading slash
  std::vector<std::int64_t> shape;  // outermost first, as h5py prints it
  std::string type;                 // "float64", "uint16", ... or "not numeric"
  bool numeric = false;
  std::vector<std::int64_t> chunk;  // empty: contiguous
  std::string filters;              // "gzip 4 + shuffle"; empty: none

  std::int64_t numel() const;
  // Values of one index of the leading dimension.
  std::int64_t row_numel() const;
};

// One dataset of an open file. Reading converts any integer or floating type to T = float or double.
class Array {
 public:
  const ArrayInfo& info() const { return info_; }
  // The whole dataset; `out` has numel() values.
  template <class T>
  void read(std::span<T> out) const;
  // Rows [first, first + count) of the leading dimension; `out` has count * row_numel() values.
  template <class T>
  void read_rows(std::int64_t first, std::int64_t count, std::span<T> out) const;

 private:
  friend class File;
  Array(std::shared_ptr<const Handle> file, Handle set, ArrayInfo info, std::string where);
  std::shared_ptr<const Handle> file_;
  Handle set_;
  ArrayInfo info_;
  std::string where_;  // "FILE, dataset 'NAME'"
};

// A file open for reading.
class File {
 public:
  // Throws Error: no such file (pointing to docs/data.md), not HDF5, truncated.
  explicit File(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  // Every dataset, in the order of the names, groups walked through.
  std::vector<ArrayInfo> list() const;
  bool has(std::string_view name) const;
  // Throws Error that lists what the file does hold where `name` is missing.
  Array open(std::string_view name) const;

 private:
  std::filesystem::path path_;
  std::shared_ptr<const Handle> file_;
};

// True for an existing file that starts as HDF5 does (MATLAB's v7.3 files too).
bool is_hdf5(const std::filesystem::path& path);

struct WriteOptions {
  int gzip = 0;  // 0: contiguous and uncompressed; 1..9: gzip with byte shuffle, one leading index per chunk
};

// Writes a file that appears under its name on commit() and not before. T = float, double, std::uint16_t.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& path);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  template <class T>
  void write(std::string_view name, std::span<const std::int64_t> shape, std::span<const T> values, WriteOptions options = {});
  // The same in pieces: create once, then rows [first, first + count) with count * row values each.
  template <class T>
  void create(std::string_view name, std::span<const std::int64_t> shape, WriteOptions options = {});
  template <class T>
  void write_rows(std::string_view name, std::int64_t first, std::int64_t count, std::span<const T> values);
  // Closes, syncs, renames. Throws Error; nothing is left behind then.
  void commit();

 private:
  StagedFile target_;
  Handle file_;
};

}  // namespace cf::hdf5

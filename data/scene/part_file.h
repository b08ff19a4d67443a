// Finished parts of a scene that is being fused, kept beside the output so that an interrupted run can go on.
//
// Layout, numbers in this machine's order: "CFRUNPRT", the length of the identity as u64, the identity as lines "key=value", then
// records {u64 index, u64 bytes, 4 x i64 counts, u64 XXH3-64 of these and of the samples, samples as they are
// stored}; a first record of index 2^64 - 1 holds what the survey found. A record that was cut off is dropped when the file is
// opened again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/scene/encode.h"

namespace cf {

// What a scene, its options and its network are, so that parts of another are not taken for its own.
using SceneIdentity = std::vector<std::pair<std::string, std::string>>;

class PartFile {
 public:
  // OUT.tif.part
  static std::filesystem::path beside(const std::filesystem::path& output);

  // Begins a new file, or, to resume, goes on with what is there. Throws Error where one is there and is not to be resumed, or
  // is of another scene (naming what differs).
  PartFile(std::filesystem::path path, const SceneIdentity& identity, bool resume);
  // Closes it; removes it where it holds no part.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  // What the survey found; empty where it is not there. Kept before the first part.
  std::string survey() const;
  void keep_survey(std::string_view found);
  // Parts 0 .. done() - 1 are there.
  std::int64_t done() const { return static_cast<std::int64_t>(records_.size()); }
  // Of as many bytes as were appended: Error otherwise.
  void read(std::int64_t index, std::span<std::byte> samples, SceneCounts& counts) const;
  // The next part.
  void append(std::span<const std::byte> samples, const SceneCounts& counts);
  // When the output stands.
  void remove();

 private:
  struct Record {
    std::int64_t offset = 0;  // of the samples
    std::int64_t bytes = 0;
    SceneCounts counts;
  };

  void create(const std::string& header);
  void open_again(const std::string& header, const SceneIdentity& identity);
  void find_records(std::int64_t begin);
  Record append_record(std::uint64_t index, std::span<const std::byte> bytes, const SceneCounts& counts);
  void read_at(std::int64_t offset, void* data, std::int64_t bytes) const;
  [[noreturn]] void fail_errno(const char* doing) const;

  std::filesystem::path path_;
  int descriptor_ = -1;
  Record survey_;  // of no bytes: none
  std::vector<Record> records_;
  std::int64_t end_ = 0;
};

}  // namespace cf

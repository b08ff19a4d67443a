// A file that appears whole or not at all: written under another name in the same folder, synced, then renamed.
#pragma once

#include <filesystem>

namespace cf {

class StagedFile {
 public:
  // Chooses the temporary name beside `target`. Throws Error where the folder is missing or no folder.
  explicit StagedFile(std::filesystem::path target);
  // Removes the temporary file unless it was committed.
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  // Where to write; close it before commit().
  const std::filesystem::path& tmp() const { return temporary_; }
  const std::filesystem::path& target() const { return target_; }
  // Syncs the written file and gives it the target's name. Throws Error (a full disk shows here at the latest); what stood
  // under the target's name before is untouched then.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path temporary_;
  bool committed_ = false;
};

}  // namespace cf

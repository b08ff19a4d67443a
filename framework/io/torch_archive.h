// The inside of PyTorch's files: a pickle that describes tensors, and the storages that hold their values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "framework/io/pickle.h"
#include "framework/io/raw_values.h"

namespace cf {

// A file of either format, its pickle read.
class TorchArchive {
 public:
  virtual ~TorchArchive() = default;
  TorchArchive(const TorchArchive&) = delete;
  TorchArchive& operator=(const TorchArchive&) = delete;

  const std::string& file() const { return file_; }
  std::uint64_t file_size() const { return file_size_; }  // bytes
  const pickle::Document& document() const { return document_; }
  // Bytes of a storage's values; throws Error where there is no such storage.
  virtual std::uint64_t bytes_of(const std::string& key) const = 0;
  // Reads them all.
  virtual void read(const std::string& key, void* data) const = 0;

 protected:
  TorchArchive(std::string file, std::uint64_t file_size) : file_(std::move(file)), file_size_(file_size) {}

  pickle::Document document_;

 private:
  std::string file_;
  std::uint64_t file_size_;
};

// Throws Error as read_torch does.
std::unique_ptr<TorchArchive> open_torch(const std::filesystem::path& path);

// What a pickle says of a storage. numel is claimed, not checked.
struct TorchStorage {
  RawType type = RawType::f32;
  std::string key;
  std::int64_t numel = 0;
  std::int64_t offset = 0;  // elements in front of the part that is meant
};

// Throws Error where `value` does not stand for a storage.
TorchStorage describe_storage(const pickle::Document& document, const pickle::Value& value, const std::string& file);

// The functions that rebuild tensors, as pickles name them.
inline constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor";
inline constexpr std::string_view kRebuildTensorV2 = "torch._utils._rebuild_tensor_v2";
inline constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

}  // namespace cf

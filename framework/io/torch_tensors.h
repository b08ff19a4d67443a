// Tensors of PyTorch's files, made of what their pickles record.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "framework/io/torch_archive.h"

namespace cf {

// Each storage is read once; contiguous tensors share its memory.
class TorchTensors {
 public:
  explicit TorchTensors(const TorchArchive& archive) : archive_(archive) {}

  // `call` is a value of the archive's document; `name` is for messages. Throws Error where it does not describe a tensor
  // within its storage, the storage is not what it claims to be, or so many tensors repeat values that they take many times
  // the file's size.
  Tensor rebuild(const pickle::Value& call, const std::string& name);

 private:
  const Tensor& load(const TorchStorage& storage, const std::string& name);
  void account_copy(const Strided& array, DType dtype, const std::string& name);

  const TorchArchive& archive_;
  std::map<std::string, std::pair<RawType, Tensor>> loaded_;  // by key
  std::uint64_t copied_ = 0;                                  // bytes of tensors that are not contiguous
};

}  // namespace cf

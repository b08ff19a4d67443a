// Files as PyTorch writes them, byte by byte, so that tests can also write them wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/io/named_tensors.h"

namespace cf::test {

using ZipEntries = std::vector<std::pair<std::string, std::string>>;  // names and contents

// A zip archive of stored entries.
std::string zip_archive(const ZipEntries& entries);

// A pickle of protocol 2, opcode by opcode. Each call appends.
class PickleWriter {
 public:
  PickleWriter() { op("\x80\x02"); }

  PickleWriter& op(std::string_view bytes);
  PickleWriter& text(std::string_view value);
  PickleWriter& integer(std::int64_t value);  // of 32 bits, or 64
  PickleWriter& global(std::string_view module, std::string_view name);
  PickleWriter& integers(const std::vector<std::int64_t>& tuple);
  PickleWriter& dict() { return op("}("); }  // then keys and values
  PickleWriter& end_dict() { return op("u"); }
  const std::string& stop() { return op(".").bytes_; }

  // The call that rebuilds a tensor.
  struct TensorCall {
    std::string key = "0";  // of the storage
    std::int64_t numel = 0;
    std::vector<std::int64_t> shape = {};
    std::vector<std::int64_t> strides = {};  // empty: contiguous
    std::int64_t offset = 0;
    std::string storage = "FloatStorage";
    bool sequential = false;  // as the older format describes storages
  };
  PickleWriter& tensor(const TensorCall& call);

 private:
  std::string bytes_;
};

// The archive of a pickle and the bytes of storages "0", "1", ...
std::string torch_zip(const std::string& pickle, const std::vector<std::string>& storages);

// What torch.save writes of a state dict: f32 tensors as they are.
std::string torch_state_dict(const NamedTensors& tensors);

// The bytes of values.
template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace cf::test

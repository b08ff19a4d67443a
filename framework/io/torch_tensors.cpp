#include "framework/io/torch_tensors.h"

#include "framework/core/check.h"
#include "framework/io/named_tensors.h"

namespace cf {
namespace {

using pickle::Document;
using pickle::Kind;
using pickle::Value;

// Tensors that are not contiguous are copied, and several may copy the same storage: this many times the file's size in all.
constexpr std::uint64_t kMaxCopies = 8;
constexpr std::uint64_t kSmall = std::uint64_t{1} << 20U;  // bytes that tensors of any file may take

// None where the value is no tuple of integers.
std::optional<std::vector<std::int64_t>> integers(const Document& d, const Value& tuple) {
  if (tuple.kind != Kind::tuple) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const pickle::Id id : tuple.items) {
    if (d.at(id).kind != Kind::integer) return std::nullopt;
    numbers.push_back(d.at(id).integer);
  }
  return numbers;
}

}  // namespace

const Tensor& TorchTensors::load(const TorchStorage& storage, const std::string& name) {
  const auto known = loaded_.find(storage.key);
  if (known != loaded_.end()) {
    const auto& [type, values] = known->second;
    check(type == storage.type && values.numel() == storage.numel,
          "{}: damaged file: storage {} of tensor \"{}\" is described twice", archive_.file(), storage.key, name);
    return values;
  }
  const std::uint64_t bytes = archive_.bytes_of(storage.key);
  const std::size_t size = size_of(storage.type);
  const bool agrees = storage.numel >= 0 && bytes % size == 0 && bytes / size == static_cast<std::uint64_t>(storage.numel);
  check(agrees, "{}: damaged file: storage {} of tensor \"{}\" claims {} values of {} bytes, the file holds {} bytes of it",
        archive_.file(), storage.key, name, storage.numel, size, bytes);
  Tensor values = decode(storage.type, storage.numel, [&](void* data, std::size_t) { archive_.read(storage.key, data); });
  return loaded_.emplace(storage.key, std::pair(storage.type, std::move(values))).first->second.second;
}

void TorchTensors::account_copy(const Strided& array, DType dtype, const std::string& name) {
  const auto bytes = checked_bytes(array.shape, dtype);
  const std::uint64_t room = archive_.file_size() * kMaxCopies + kSmall - copied_;
  check(bytes && *bytes <= room,
        "{}: tensor \"{}\" repeats its values: the file's tensors would take more than {} times its size", archive_.file(), name,
        kMaxCopies);
  copied_ += *bytes;
}

// Arguments: (storage, offset, size, stride, ...) of a tensor, (tensor, ...) of a parameter.
Tensor TorchTensors::rebuild(const Value& call, const std::string& name) {
  const Document& d = archive_.document();
  const auto expect = [&](bool ok, const char* what) {
    check(ok, "{}: damaged file: tensor \"{}\" {}", archive_.file(), name, what);
  };
  const bool parameter = call.text == kRebuildParameter && !call.items.empty();
  const Value& tensor = parameter ? d.at(call.items[0]) : call;
  const bool described = tensor.kind == Kind::call && (tensor.text == kRebuildTensor || tensor.text == kRebuildTensorV2);
  expect(described && tensor.items.size() >= 4, "is not described");
  const auto item = [&](std::size_t i) -> const Value& { return d.at(tensor.items[i]); };

  const TorchStorage storage = describe_storage(d, item(0), archive_.file());
  const auto shape = integers(d, item(2));
  const auto strides = integers(d, item(3));
  expect(item(1).kind == Kind::integer && shape && strides, "has no shape");
  Strided array{item(1).integer, *shape, *strides};
  check(array.shape.size() <= Shape::kMaxRank, "{}: tensor \"{}\" has {} dimensions; at most {} are supported", archive_.file(),
        name, array.shape.size(), Shape::kMaxRank);
  const Tensor& flat = load(storage, name);
  const bool placed = !__builtin_add_overflow(array.offset, storage.offset, &array.offset);
  expect(placed && array.fits(storage.numel), "leaves its storage by its shape and strides");
  if (!array.contiguous()) account_copy(array, flat.dtype(), name);
  return take(flat, array);
}

}  // namespace cf

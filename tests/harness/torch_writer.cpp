#include "tests/harness/torch_writer.h"

#include <array>
#include <cstring>
#include <limits>

namespace cf::test {
namespace {

// The checksum of zip archives: the remainder of division by a polynomial, lowest bit first.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t rest = 0xffffffffU;
  for (const char c : bytes) {
    rest ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1U) ^ ((rest & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~rest;
}

template <class T>
void put(std::string& to, T value) {
  std::array<char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, sizeof value);
  to.append(bytes.data(), bytes.size());
}

void put16(std::string& to, std::size_t value) { put(to, static_cast<std::uint16_t>(value)); }
void put32(std::string& to, std::size_t value) { put(to, static_cast<std::uint32_t>(value)); }

// What an entry's own header and the directory at the end both say: version, flags, method, time, date, checksum, sizes.
std::string description(const std::string& name, const std::string& content) {
  std::string text;
  for (const std::size_t field : {20, 0, 0, 0, 0x21}) put16(text, field);
  put32(text, crc32(content));
  put32(text, content.size());
  put32(text, content.size());
  put16(text, name.size());
  put16(text, 0);
  return text;
}

}  // namespace

std::string zip_archive(const ZipEntries& entries) {
  std::string archive;
  std::string directory;
  for (const auto& [name, content] : entries) {
    directory += "PK\x01\x02";
    put16(directory, 20);
    directory += description(name, content);
    for (int field = 0; field < 3; ++field) put16(directory, 0);
    put32(directory, 0);
    put32(directory, archive.size());
    directory += name;
    archive += "PK\x03\x04" + description(name, content) + name + content;
  }
  const std::size_t start = archive.size();
  archive += directory + "PK\x05\x06";
  for (const std::size_t field : {std::size_t{0}, std::size_t{0}, entries.size(), entries.size()}) put16(archive, field);
  put32(archive, directory.size());
  put32(archive, start);
  put16(archive, 0);
  return archive;
}

PickleWriter& PickleWriter::op(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

PickleWriter& PickleWriter::text(std::string_view value) {
  bytes_ += 'X';
  put32(bytes_, value.size());
  return op(value);
}

PickleWriter& PickleWriter::integer(std::int64_t value) {
  if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
    bytes_ += 'J';
    put(bytes_, static_cast<std::int32_t>(value));
  } else {
    op("\x8a\x08");
    put(bytes_, value);
  }
  return *this;
}

PickleWriter& PickleWriter::global(std::string_view module, std::string_view name) {
  return op("c").op(module).op("\n").op(name).op("\n");
}

PickleWriter& PickleWriter::integers(const std::vector<std::int64_t>& tuple) {
  op("(");
  for (const std::int64_t value : tuple) integer(value);
  return op("t");
}

PickleWriter& PickleWriter::tensor(const TensorCall& call) {
  std::vector<std::int64_t> strides = call.strides;
  if (strides.empty()) {
    strides.resize(call.shape.size(), 1);
    for (std::size_t i = strides.size(); i-- > 1;) strides[i - 1] = strides[i] * call.shape[i];
  }
  global("torch._utils", "_rebuild_tensor_v2").op("(");
  op("(").text("storage").global("torch", call.storage).text(call.key).text("cuda:0").integer(call.numel);
  if (call.sequential) op("N");
  op("tQ").integer(call.offset).integers(call.shape).integers(strides);
  return op("\x89").global("collections", "OrderedDict").op(")RtR");
}

std::string torch_zip(const std::string& pickle, const std::vector<std::string>& storages) {
  ZipEntries entries = {{"archive/data.pkl", pickle}, {"archive/byteorder", "little"}};
  for (std::size_t i = 0; i < storages.size(); ++i) entries.emplace_back("archive/data/" + std::to_string(i), storages[i]);
  entries.emplace_back("archive/version", "3\n");
  return zip_archive(entries);
}

std::string torch_state_dict(const NamedTensors& tensors) {
  PickleWriter pickle;
  std::vector<std::string> storages;
  pickle.global("collections", "OrderedDict").op(")R(");
  for (const auto& [name, tensor] : tensors) {
    const auto dims = tensor.shape().dims();
    pickle.text(name).tensor(
        {.key = std::to_string(storages.size()), .numel = tensor.numel(), .shape = {dims.begin(), dims.end()}});
    storages.push_back(bytes_of(tensor.to_vector<float>()));
  }
  // Attributes of the dictionary, as torch.nn.Module sets them.
  pickle.end_dict().op("}(").text("_metadata").dict().end_dict().op("ub");
  return torch_zip(pickle.stop(), storages);
}

}  // namespace cf::test

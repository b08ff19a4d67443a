#include "framework/io/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>

#include "framework/io/files.h"
#include "framework/io/json.h"

namespace cf {
namespace {

static_assert(std::endian::native == std::endian::little, "values are stored little-endian, as they lie in memory");

constexpr std::uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr const char* kMetadata = "__metadata__";

struct TypeName {
  DType dtype;
  const char* name;
};
constexpr std::array kTypes = {TypeName{DType::f64, "F64"}, TypeName{DType::f32, "F32"}, TypeName{DType::bf16, "BF16"},
                               TypeName{DType::i64, "I64"}, TypeName{DType::u16, "U16"}, TypeName{DType::u8, "U8"}};

struct Entry {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> extents;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

bool is_index(const ordered_json& value) { return value.is_number_unsigned(); }

Entry parse_entry(const std::string& file, const std::string& name, const ordered_json& json) {
  const auto expect = [&](bool ok, const char* what) {
    check(ok, "{}: not a valid safetensors file: tensor \"{}\": {}", file, name, what);
  };
  expect(json.is_object(), "its description is not an object");
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    check(json.contains(key), "{}: not a valid safetensors file: tensor \"{}\" has no {}", file, name, key);
  }
  Entry entry;
  entry.name = name;
  expect(json["dtype"].is_string(), "dtype is not text");
  const auto& type = json["dtype"].get_ref<const std::string&>();
  const auto known = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& t) { return type == t.name; });
  check(known != kTypes.end(), "{}: tensor \"{}\" has dtype {}; F64, F32, BF16, I64, U16 and U8 are supported", file, name, type);
  entry.dtype = known->dtype;
  const auto& shape = json["shape"];
  expect(shape.is_array() && std::all_of(shape.begin(), shape.end(), is_index), "shape is not a list of extents");
  check(shape.size() <= Shape::kMaxRank, "{}: tensor \"{}\" has {} dimensions; at most {} are supported", file, name,
        shape.size(), Shape::kMaxRank);
  entry.extents = shape.get<std::vector<std::int64_t>>();
  const auto& offsets = json["data_offsets"];
  expect(offsets.is_array() && offsets.size() == 2 && is_index(offsets[0]) && is_index(offsets[1]),
         "data_offsets is not a pair of offsets");
  entry.begin = offsets[0].get<std::uint64_t>();
  entry.end = offsets[1].get<std::uint64_t>();
  const auto bytes = checked_bytes(entry.extents, entry.dtype);
  expect(bytes.has_value(), "its shape is too large");
  expect(entry.begin <= entry.end && entry.end - entry.begin == *bytes, "data_offsets do not agree with shape and dtype");
  return entry;
}

// The values must fill [0, size) with neither holes nor overlaps.
void check_layout(const std::string& file, const std::vector<Entry>& entries, std::uint64_t size) {
  std::vector<const Entry*> order;
  for (const Entry& e : entries) order.push_back(&e);
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return std::pair(a->begin, a->end) < std::pair(b->begin, b->end); });
  std::uint64_t at = 0;
  for (const Entry* e : order) {
    check(e->begin == at, "{}: not a valid safetensors file: tensor \"{}\" starts at byte {} of the values, expected {}", file,
          e->name, e->begin, at);
    at = e->end;
  }
  check(at == size, "{}: not a valid safetensors file: its header describes {} bytes of values, the file holds {}{}", file, at,
        size, at > size ? " (truncated?)" : "");
}

std::map<std::string, std::string> parse_metadata(const std::string& file, const ordered_json& json) {
  std::map<std::string, std::string> metadata;
  check(json.is_object(), "{}: not a valid safetensors file: {} is not an object", file, kMetadata);
  for (const auto& [key, value] : json.items()) {
    check(value.is_string(), "{}: not a valid safetensors file: {} \"{}\" is not text", file, kMetadata, key);
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

}  // namespace

SafeTensors read_safetensors(const std::filesystem::path& path) {
  const FileReader reader(path);
  const std::string file = path.string();
  std::uint64_t length = 0;
  check(reader.size() >= sizeof length, "{}: not a safetensors file: only {} bytes", file, reader.size());
  reader.read(0, &length, sizeof length);
  check(length <= kMaxHeader && length <= reader.size() - sizeof length,
        "{}: not a safetensors file, or truncated: a header of {} bytes in a file of {}", file, length, reader.size());
  std::string text(length, '\0');
  reader.read(sizeof length, text.data(), text.size());
  const ordered_json header = parse_json(text, file + " (safetensors header)");
  check(header.is_object(), "{}: not a valid safetensors file: its header is not an object", file);

  SafeTensors content;
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == kMetadata) {
      content.metadata = parse_metadata(file, json);
    } else {
      entries.push_back(parse_entry(file, name, json));
    }
  }
  const std::uint64_t start = sizeof length + length;
  check_layout(file, entries, reader.size() - start);
  for (const Entry& e : entries) {
    Tensor t = Tensor::empty(Shape(std::span<const std::int64_t>(e.extents)), e.dtype);
    reader.read(start + e.begin, t.view().data, e.end - e.begin);
    content.tensors.emplace_back(e.name, std::move(t));
  }
  return content;
}

void write_safetensors(const std::filesystem::path& path, const SafeTensors& content) {
  ordered_json header = ordered_json::object();
  if (!content.metadata.empty()) header[kMetadata] = content.metadata;
  std::vector<const std::pair<std::string, Tensor>*> order;
  std::set<std::string_view> names = {kMetadata};
  for (const auto& entry : content.tensors) {
    check(names.insert(entry.first).second, "write {}: a tensor cannot be named \"{}\" (taken)", path.string(), entry.first);
    order.push_back(&entry);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return size_of(a->second.dtype()) > size_of(b->second.dtype()); });
  std::uint64_t at = 0;
  for (const auto* entry : order) {
    const Tensor& t = entry->second;
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeName& k) { return k.dtype == t.dtype(); });
    const std::uint64_t bytes = static_cast<std::uint64_t>(t.numel()) * size_of(t.dtype());
    header[entry->first] = {{"dtype", type->name}, {"shape", t.shape().dims()}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t length = text.size();
  AtomicWriter out(path);
  out.write(&length, sizeof length);
  out.write(text);
  for (const auto* entry : order) {
    const ConstView v = entry->second.cview();
    out.write(v.data, static_cast<std::size_t>(v.numel()) * size_of(v.dtype));
  }
  out.commit();
}

}  // namespace cf

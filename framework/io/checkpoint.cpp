#include "framework/io/checkpoint.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <set>

#include "framework/io/files.h"

namespace cf {
namespace {

static_assert(std::endian::native == std::endian::little, "values are stored little-endian, as they lie in memory");

constexpr std::array<char, 8> kMagic = {'C', 'F', 'R', 'U', 'N', 'C', 'K', 'P'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kAlignment = 64;
constexpr std::uint64_t kMaxHeader = std::uint64_t{256} << 20U;

// The first 32 bytes.
struct Preamble {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t reserved = 0;
  std::uint64_t header_bytes = 0;
  std::uint64_t checksum = 0;
};
static_assert(sizeof(Preamble) == 32);

std::uint64_t aligned(std::uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

std::uint64_t bytes_of(const Shape& shape, DType dtype) { return static_cast<std::uint64_t>(shape.numel()) * size_of(dtype); }

std::uint64_t header_checksum(const Preamble& preamble, const std::string& header) {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(), XXH3_freeState);
  check(state != nullptr, "checkpoint: out of memory");
  XXH3_64bits_reset(state.get());
  XXH3_64bits_update(state.get(), &preamble, offsetof(Preamble, checksum));
  XXH3_64bits_update(state.get(), header.data(), header.size());
  return XXH3_64bits_digest(state.get());
}

std::optional<std::uint64_t> parse_hex(const ordered_json& json) {
  if (!json.is_string()) return std::nullopt;
  const auto& text = json.get_ref<const std::string&>();
  const bool digits = text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return digits ? std::optional<std::uint64_t>(std::stoull(text, nullptr, 16)) : std::nullopt;
}

// One tensor's description; `offset` is where its values must start, moved behind them.
CheckpointHeader::Entry parse_entry(const std::string& file, const ordered_json& json, std::uint64_t& offset,
                                    std::uint64_t limit) {
  CheckpointHeader::Entry entry;
  const bool named = json.is_object() && json.contains("name") && json["name"].is_string();
  check(named, "{}: damaged checkpoint: a tensor without a name", file);
  entry.name = json["name"].get<std::string>();
  const auto expect = [&](bool ok, const char* key) {
    check(ok, "{}: damaged checkpoint: tensor \"{}\" has no valid {}", file, entry.name, key);
  };
  expect(json.contains("dtype") && json["dtype"].is_string(), "dtype");
  const auto dtype = dtype_from_name(json["dtype"].get_ref<const std::string&>());
  expect(dtype.has_value(), "dtype");
  entry.dtype = *dtype;
  const auto is_extent = [](const ordered_json& extent) { return extent.is_number_unsigned(); };
  expect(json.contains("shape") && json["shape"].is_array(), "shape");
  expect(std::all_of(json["shape"].begin(), json["shape"].end(), is_extent), "shape");
  const auto extents = json["shape"].get<std::vector<std::int64_t>>();
  const auto bytes = checked_bytes(extents, entry.dtype);
  expect(bytes.has_value(), "shape");
  entry.shape = Shape(std::span<const std::int64_t>(extents));
  entry.offset = aligned(offset);
  expect(json.contains("offset") && json["offset"] == entry.offset, "offset");
  check(entry.offset <= limit && *bytes <= limit - entry.offset, "{}: truncated checkpoint: it ends within tensor \"{}\"", file,
        entry.name);
  offset = entry.offset + *bytes;
  const auto checksum = parse_hex(json.value("checksum", ordered_json()));
  expect(checksum.has_value(), "checksum");
  entry.checksum = *checksum;
  return entry;
}

void check_zeros(const FileReader& reader, std::uint64_t begin, std::uint64_t end) {
  std::array<char, kAlignment> gap{};
  reader.read(begin, gap.data(), static_cast<std::size_t>(end - begin));
  const bool zero = std::all_of(gap.begin(), gap.end(), [](char c) { return c == 0; });
  check(zero, "{}: damaged checkpoint: bytes {} to {} should be zero", reader.path().string(), begin, end);
}

Preamble read_preamble(const FileReader& reader) {
  const std::string file = reader.path().string();
  Preamble preamble;
  const std::size_t present = std::min<std::size_t>(reader.size(), sizeof preamble);
  reader.read(0, &preamble, present);
  check(present >= kMagic.size() && preamble.magic == kMagic, "{}: not a checkpoint (.cfk) of this program", file);
  check(present == sizeof preamble, "{}: truncated checkpoint: only {} bytes", file, reader.size());
  check(preamble.version <= kVersion, "{}: a checkpoint of version {}, this program reads up to version {}; use a newer one",
        file, preamble.version, kVersion);
  check(preamble.header_bytes <= kMaxHeader, "{}: damaged checkpoint: a header of {} bytes", file, preamble.header_bytes);
  check(preamble.header_bytes <= reader.size() - sizeof preamble, "{}: truncated checkpoint: it ends within its header", file);
  return preamble;
}

CheckpointHeader read_header(const FileReader& reader) {
  const std::string file = reader.path().string();
  const Preamble preamble = read_preamble(reader);
  std::string text(preamble.header_bytes, '\0');
  reader.read(sizeof preamble, text.data(), text.size());
  check(preamble.checksum == header_checksum(preamble, text), "{}: damaged checkpoint: its header's checksum does not agree",
        file);
  const ordered_json json = parse_json(text, file + " (header)");
  check(json.is_object() && json.contains("meta") && json.contains("tensors") && json["tensors"].is_array(),
        "{}: damaged checkpoint: its header lacks meta or tensors", file);

  CheckpointHeader header;
  header.meta = json["meta"];
  header.data_start = aligned(sizeof preamble + text.size());
  const std::uint64_t limit = reader.size() - std::min(reader.size(), header.data_start);
  std::uint64_t end = 0;
  std::set<std::string> names;
  for (const ordered_json& tensor : json["tensors"]) {
    header.tensors.push_back(parse_entry(file, tensor, end, limit));
    const std::string& name = header.tensors.back().name;
    check(names.insert(name).second, "{}: damaged checkpoint: two tensors named \"{}\"", file, name);
  }
  const std::uint64_t size = header.data_start + end;
  check(reader.size() >= size, "{}: truncated checkpoint: {} bytes, its header describes {}", file, reader.size(), size);
  check(reader.size() == size, "{}: damaged checkpoint: {} bytes, its header describes {}", file, reader.size(), size);
  check_zeros(reader, sizeof preamble + text.size(), header.data_start);
  return header;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  ordered_json tensors = ordered_json::array();
  std::set<std::string_view> names;
  std::uint64_t end = 0;
  std::vector<Tensor> values;  // on the host
  for (const auto& [name, tensor] : checkpoint.tensors) {
    check(names.insert(name).second, "write {}: two tensors named \"{}\"", path.string(), name);
    values.push_back(tensor.to(Device{}));
    const std::uint64_t bytes = bytes_of(tensor.shape(), tensor.dtype());
    const std::uint64_t checksum = XXH3_64bits(values.back().cview().data, bytes);
    tensors.push_back({{"name", name},
                       {"dtype", name_of(tensor.dtype())},
                       {"shape", tensor.shape().dims()},
                       {"offset", aligned(end)},
                       {"checksum", fmt::format("{:016x}", checksum)}});
    end = aligned(end) + bytes;
  }
  const ordered_json header = {{"meta", checkpoint.meta}, {"tensors", std::move(tensors)}};
  const std::string text = header.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  check(text.size() <= kMaxHeader, "write {}: a header of {} bytes; at most {} are supported", path.string(), text.size(),
        kMaxHeader);
  Preamble preamble;
  preamble.header_bytes = text.size();
  preamble.checksum = header_checksum(preamble, text);

  AtomicWriter out(path);
  std::uint64_t at = 0;
  const auto put = [&](const void* data, std::uint64_t bytes) {
    out.write(data, bytes);
    at += bytes;
  };
  const auto pad = [&] {
    constexpr std::array<char, kAlignment> kZeros{};
    put(kZeros.data(), aligned(at) - at);
  };
  put(&preamble, sizeof preamble);
  put(text.data(), text.size());
  pad();
  for (const Tensor& tensor : values) {
    pad();
    put(tensor.cview().data, bytes_of(tensor.shape(), tensor.dtype()));
  }
  out.commit();
}

CheckpointHeader read_checkpoint_header(const std::filesystem::path& path) { return read_header(FileReader(path)); }

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const FileReader reader(path);
  CheckpointHeader header = read_header(reader);
  Checkpoint checkpoint;
  checkpoint.meta = std::move(header.meta);
  std::uint64_t end = 0;
  for (const CheckpointHeader::Entry& entry : header.tensors) {
    check_zeros(reader, header.data_start + end, header.data_start + entry.offset);
    Tensor tensor = Tensor::empty(entry.shape, entry.dtype);
    const std::uint64_t bytes = bytes_of(entry.shape, entry.dtype);
    reader.read(header.data_start + entry.offset, tensor.view().data, bytes);
    check(XXH3_64bits(tensor.cview().data, bytes) == entry.checksum,
          "{}: damaged checkpoint: the checksum of tensor \"{}\" does not agree", path.string(), entry.name);
    checkpoint.tensors.emplace_back(entry.name, std::move(tensor));
    end = entry.offset + bytes;
  }
  return checkpoint;
}

}  // namespace cf

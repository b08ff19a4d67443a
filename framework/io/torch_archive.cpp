#include "framework/io/torch_archive.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "framework/core/check.h"
#include "framework/io/files.h"
#include "framework/io/zip_file.h"

namespace cf {
namespace {

using pickle::Document;
using pickle::Kind;
using pickle::Value;

constexpr std::uint64_t kMaxPickle = std::uint64_t{64} << 20U;  // bytes

struct StorageType {
  std::string_view name;
  RawType type;
};
constexpr std::array kStorageTypes = {
    StorageType{"torch.FloatStorage", RawType::f32}, StorageType{"torch.DoubleStorage", RawType::f64},
    StorageType{"torch.HalfStorage", RawType::f16},  StorageType{"torch.BFloat16Storage", RawType::bf16},
    StorageType{"torch.LongStorage", RawType::i64},  StorageType{"torch.IntStorage", RawType::i32},
    StorageType{"torch.ShortStorage", RawType::i16}, StorageType{"torch.CharStorage", RawType::i8},
    StorageType{"torch.ByteStorage", RawType::u8},   StorageType{"torch.BoolStorage", RawType::boolean},
};

// What a pickle may name.
std::span<const std::string_view> allowed_names() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names = {kRebuildTensor, kRebuildTensorV2, kRebuildParameter};
    for (const StorageType& t : kStorageTypes) names.push_back(t.name);
    return names;
  }();
  return kNames;
}

// <name>/data.pkl, <name>/data/<key> for each storage, <name>/byteorder, <name>/version.
class ZipArchive : public TorchArchive {
 public:
  explicit ZipArchive(const std::filesystem::path& path) : TorchArchive(path.string(), FileReader(path).size()), zip_(path) {
    constexpr std::string_view kPickle = "data.pkl";
    const auto is_pickle = [&](const std::string& name) { return name == kPickle || name.ends_with("/data.pkl"); };
    const auto found = std::find_if(zip_.names().begin(), zip_.names().end(), is_pickle);
    check(found != zip_.names().end(), "{}: a zip archive without data.pkl, so no file of PyTorch's", file());
    folder_ = found->substr(0, found->size() - kPickle.size());
    if (zip_.has(folder_ + "byteorder")) {
      const std::string order = zip_.read_text(folder_ + "byteorder");
      check(order == "little", "{}: its values are stored {}-endian; save it on a little-endian machine", file(), order);
    }
    check(zip_.size(*found) <= kMaxPickle, "{}: its pickle takes {} bytes; at most {} are read", file(), zip_.size(*found),
          kMaxPickle);
    const std::string bytes = zip_.read_text(*found);
    std::size_t at = 0;
    document_ = pickle::read(bytes, at, allowed_names(), file());
  }

  std::uint64_t bytes_of(const std::string& key) const override { return zip_.size(entry(key)); }
  void read(const std::string& key, void* data) const override { zip_.read(entry(key), data); }

 private:
  std::string entry(const std::string& key) const { return folder_ + "data/" + key; }

  ZipFile zip_;
  std::string folder_;  // "archive/"
};

// Five pickles in a row: a magic number, the protocol, properties of the machine, the object, the storages' keys; then for
// each key the number of elements (64 bits) and the values.
class SequentialArchive : public TorchArchive {
 public:
  explicit SequentialArchive(const std::filesystem::path& path)
      : TorchArchive(path.string(), FileReader(path).size()), reader_(path) {
    std::string bytes(std::min(reader_.size(), kMaxPickle), '\0');
    reader_.read(0, bytes.data(), bytes.size());
    std::size_t at = 0;
    const auto next = [&] { return pickle::read(bytes, at, allowed_names(), file()); };
    const Document magic = next();
    check(magic.top().kind == Kind::large && magic.top().text == kMagic, "{}: a pickle, but no file of PyTorch's", file());
    const Document protocol = next();
    check(protocol.top().kind == Kind::integer && protocol.top().integer == kProtocol, "{}: of an unknown protocol", file());
    const Document machine = next();
    const Value* little = machine.find(machine.top(), "little_endian");
    check(little == nullptr || little->integer == 1, "{}: its values are stored big-endian; save it on a little-endian machine",
          file());
    document_ = next();
    const Document keys = next();
    check(keys.top().kind == Kind::list, "{}: damaged file: it does not list its storages", file());
    find_storages(keys, at);
  }

  std::uint64_t bytes_of(const std::string& key) const override { return place(key).bytes; }
  void read(const std::string& key, void* data) const override {
    const Place& p = place(key);
    reader_.read(p.offset, data, p.bytes);
  }

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };

  static constexpr std::string_view kMagic{"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10};
  static constexpr std::int64_t kProtocol = 1001;

  const Place& place(const std::string& key) const {
    const auto found = places_.find(key);
    check(found != places_.end(), "{}: damaged file: it lacks storage {}", file(), key);
    return found->second;
  }

  // Bytes per element of every storage that the object names.
  std::map<std::string, std::size_t> element_sizes() const {
    std::map<std::string, std::size_t> sizes;
    for (const Value& value : document_.values) {
      if (value.kind != Kind::persistent) continue;
      const TorchStorage storage = describe_storage(document_, value, file());
      sizes[storage.key] = size_of(storage.type);
    }
    return sizes;
  }

  void find_storages(const Document& keys, std::uint64_t at) {
    const std::map<std::string, std::size_t> sizes = element_sizes();
    for (const pickle::Id id : keys.top().items) {
      const std::string key = pickle::printable(keys.at(id).text);
      std::uint64_t count = 0;
      const auto size = sizes.find(key);
      check(size != sizes.end(), "{}: damaged file: nothing uses its storage {}", file(), key);
      check(reader_.size() - at >= sizeof count, "{}: truncated: it ends in front of storage {}", file(), key);
      reader_.read(at, &count, sizeof count);
      at += sizeof count;
      check(count <= (reader_.size() - at) / size->second,
            "{}: truncated: storage {} claims {} values of {} bytes, {} bytes are left", file(), key, count, size->second,
            reader_.size() - at);
      places_[key] = {at, count * size->second};
      at += count * size->second;
    }
  }

  FileReader reader_;
  std::map<std::string, Place> places_;
};

}  // namespace

// Pickled as the tuple ("storage", type, key, device, number of elements), with None or (key, offset, number) behind them in
// the sequential format.
TorchStorage describe_storage(const Document& document, const Value& value, const std::string& file) {
  const auto expect = [&](bool ok) { check(ok, "{}: damaged file: the storage of a tensor is not described", file); };
  expect(value.kind == Kind::persistent);
  const Value& id = document.at(value.items[0]);
  expect(id.kind == Kind::tuple && id.items.size() >= 5);
  const auto item = [&](std::size_t i) -> const Value& { return document.at(id.items[i]); };
  expect(item(0).kind == Kind::text && item(0).text == "storage");
  expect(item(1).kind == Kind::global && item(2).kind == Kind::text && item(4).kind == Kind::integer);
  const auto type =
      std::find_if(kStorageTypes.begin(), kStorageTypes.end(), [&](const auto& t) { return t.name == item(1).text; });
  expect(type != kStorageTypes.end());
  TorchStorage storage{type->type, pickle::printable(item(2).text), item(4).integer, 0};
  if (id.items.size() > 5 && item(5).kind == Kind::tuple) {
    const std::vector<pickle::Id>& part = item(5).items;
    expect(part.size() == 3 && document.at(part[1]).kind == Kind::integer);
    storage.offset = document.at(part[1]).integer;
  }
  return storage;
}

std::unique_ptr<TorchArchive> open_torch(const std::filesystem::path& path) {
  const FileReader reader(path);
  std::array<char, 4> start{};
  reader.read(0, start.data(), std::min<std::uint64_t>(reader.size(), start.size()));
  if (std::string_view(start.data(), 2) == "PK") return std::make_unique<ZipArchive>(path);
  check(start[0] == '\x80', "{}: no file of PyTorch's: neither a zip archive nor a pickle", path.string());
  return std::make_unique<SequentialArchive>(path);
}

}  // namespace cf

#include "data/hdf5.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "data/hdf5_detail.h"

namespace cf::hdf5 {
namespace detail {
namespace {

std::recursive_mutex& library_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}

}  // namespace

Locked::Locked() : lock_(library_mutex()) {
  // What a full disk left unwritten, the library would try to write again at exit, and crash. We close what we open.
  static const int no_exit_handler = H5dont_atexit();
  static_cast<void>(no_exit_handler);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string last_error() {
  std::string text;
  const auto take = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    if (error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
    return 0;
  };
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, take, &text);  // downward: from the call to the cause, which is kept
  H5Eclear2(H5E_DEFAULT);
  return text.empty() ? "no reason given by the library" : text;
}

}  // namespace detail

namespace {

using namespace detail;

static_assert(std::is_same_v<hid_t, std::int64_t>, "HDF5 1.10 or newer");

// A chunk cache that holds several samples of the published sets: files whose chunks span samples are then not
// decompressed anew for every row.
constexpr std::size_t kChunkCacheBytes = std::size_t{64} << 20U;
constexpr std::size_t kChunkCacheSlots = 12421;  // a prime, as the library asks for

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += between;
    text += part;
  }
  return text;
}

std::string type_name(std::int64_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  const std::size_t bits = 8 * H5Tget_size(type);
  if (kind == H5T_FLOAT) return fmt::format("float{}", bits);
  if (kind == H5T_INTEGER) return fmt::format("{}int{}", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
  return "not numeric";
}

std::string filter_names(std::int64_t properties, const std::string& where) {
  const int count = checked(H5Pget_nfilters(properties), where, "reading the filters");
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    unsigned values[8] = {};
    std::size_t n = std::size(values);
    char name[32] = {};
    const auto filter = H5Pget_filter2(properties, static_cast<unsigned>(i), &flags, &n, values, sizeof name - 1, name, nullptr);
    if (filter == H5Z_FILTER_DEFLATE) {
      names.insert(names.begin(), fmt::format("gzip {}", values[0]));
    } else {
      names.emplace_back(filter == H5Z_FILTER_SHUFFLE ? "shuffle" : name);
    }
  }
  return joined(names, " + ");
}

std::vector<std::int64_t> extents_of(std::int64_t set, const std::string& where) {
  const Handle space = own(H5Dget_space(set), close_space, where, "reading the shape");
  hsize_t extent[H5S_MAX_RANK] = {};
  const int rank = checked(H5Sget_simple_extent_dims(space.get(), extent, nullptr), where, "reading the shape");
  return {extent, extent + rank};
}

// Whether a dataset of these extents can come out of the bytes that the file holds of it: what is allocated for a set follows its
// shape, and in a damaged file that is any number. Chunks that were never written read as zeros, so there is room for many of
// them.
bool is_plausible(const std::vector<std::int64_t>& shape, std::int64_t set) {
  constexpr std::uint64_t kMaxRatio = 1032;  // of deflate
  constexpr std::uint64_t kSmall = std::uint64_t{1} << 20U;
  std::uint64_t values = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(values, static_cast<std::uint64_t>(extent), &values)) return false;
  }
  const std::uint64_t stored = H5Dget_storage_size(set);
  std::uint64_t most = 0;
  if (__builtin_mul_overflow(stored, kMaxRatio, &most) || __builtin_add_overflow(most, kSmall, &most)) return true;
  return values <= most;
}

ArrayInfo describe(std::int64_t set, std::string name, const std::string& where) {
  ArrayInfo info;
  info.name = std::move(name);
  info.shape = extents_of(set, where);
  const Handle type = own(H5Dget_type(set), close_type, where, "reading the type");
  info.type = type_name(type.get());
  info.numeric = info.type != "not numeric";
  check(!info.numeric || is_plausible(info.shape, set), "{}: damaged: it claims more values than the file can hold", where);
  const Handle properties = own(H5Dget_create_plist(set), close_properties, where, "reading the layout");
  if (H5Pget_layout(properties.get()) == H5D_CHUNKED) {
    hsize_t chunk[H5S_MAX_RANK] = {};
    const int rank = checked(H5Pget_chunk(properties.get(), H5S_MAX_RANK, chunk), where, "reading the chunk size");
    info.chunk.assign(chunk, chunk + rank);
  }
  info.filters = filter_names(properties.get(), where);
  return info;
}

}  // namespace

Handle& Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    reset();
    id_ = other.release();
    closer_ = other.closer_;
  }
  return *this;
}

std::int64_t Handle::release() { return std::exchange(id_, -1); }

void Handle::reset() {
  if (id_ < 0) return;
  const Locked locked;
  closer_(release());
}

std::int64_t ArrayInfo::numel() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t ArrayInfo::row_numel() const {
  return shape.empty() ? 1 : std::accumulate(shape.begin() + 1, shape.end(), std::int64_t{1}, std::multiplies<>());
}

Array::Array(std::shared_ptr<const Handle> file, Handle set, ArrayInfo info, std::string where)
    : file_(std::move(file)), set_(std::move(set)), info_(std::move(info)), where_(std::move(where)) {}

template <class T>
void Array::read(std::span<T> out) const {
  const Locked locked;
  check(static_cast<std::int64_t>(out.size()) == info_.numel(), "{}: {} values read into room for {}", where_, info_.numel(),
        out.size());
  check(info_.numeric, "{}: holds no numbers", where_);
  if (out.empty()) return;
  checked(H5Dread(set_.get(), memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()), where_, "reading");
}

template <class T>
void Array::read_rows(std::int64_t first, std::int64_t count, std::span<T> out) const {
  const Locked locked;
  check(static_cast<std::int64_t>(out.size()) == count * info_.row_numel(), "{}: {} rows of {} values read into room for {}",
        where_, count, info_.row_numel(), out.size());
  check(info_.numeric, "{}: holds no numbers", where_);
  on_rows(set_.get(), first, count, where_, [&](hid_t memory, hid_t file) {
    checked(H5Dread(set_.get(), memory_type<T>(), memory, file, H5P_DEFAULT, out.data()), where_, "reading");
  });
}

template void Array::read(std::span<float>) const;
template void Array::read(std::span<double>) const;
template void Array::read_rows(std::int64_t, std::int64_t, std::span<float>) const;
template void Array::read_rows(std::int64_t, std::int64_t, std::span<double>) const;

bool is_hdf5(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  const Locked locked;
  return H5Fis_hdf5(path.c_str()) > 0;
}

File::File(const std::filesystem::path& path) : path_(path) {
  std::error_code ignored;
  check(std::filesystem::exists(path, ignored),
        "data: {} does not exist; docs/data.md says where data sets come from and where to put them", path.string());
  check(std::filesystem::is_regular_file(path, ignored), "data: {} is not a file", path.string());
  check(is_hdf5(path), "data: {} is not an HDF5 file", path.string());
  const Locked locked;
  const std::string where = "data: " + path.string();
  const Handle access = own(H5Pcreate(H5P_FILE_ACCESS), close_properties, where, "opening");
  checked(H5Pset_cache(access.get(), 0, kChunkCacheSlots, kChunkCacheBytes, 0.75), where, "opening");
  const hid_t id = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get());
  if (id < 0) fail("{}: cannot be read as HDF5; it is truncated or damaged ({})", where, last_error());
  file_ = std::make_shared<const Handle>(id, close_file);
}

bool File::has(std::string_view name) const {
  const Locked locked;
  const std::string text(name);
  if (H5Lexists(file_->get(), text.c_str(), H5P_DEFAULT) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    return false;
  }
  const hid_t object = H5Oopen(file_->get(), text.c_str(), H5P_DEFAULT);
  const Handle owned(object, close_object);
  return object >= 0 && H5Iget_type(object) == H5I_DATASET;
}

std::vector<ArrayInfo> File::list() const {
  const Locked locked;
  std::vector<std::string> names;
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
    static_cast<std::vector<std::string>*>(out)->emplace_back(name);
    return 0;
  };
  checked(H5Lvisit(file_->get(), H5_INDEX_NAME, H5_ITER_INC, collect, &names), path_.string(), "listing");
  std::vector<ArrayInfo> sets;
  for (const std::string& name : names) {
    if (has(name)) sets.push_back(open(name).info());
  }
  return sets;
}

Array File::open(std::string_view name) const {
  const Locked locked;
  if (!has(name)) {
    std::vector<std::string> held;
    for (const ArrayInfo& set : list()) held.push_back(set.name);
    fail("data: {} has no dataset '{}'; it holds: {}", path_.string(), name, held.empty() ? "none" : joined(held, ", "));
  }
  const std::string where = fmt::format("data: {}, dataset '{}'", path_.string(), name);
  Handle set = own(H5Dopen2(file_->get(), std::string(name).c_str(), H5P_DEFAULT), close_set, where, "opening");
  ArrayInfo info = describe(set.get(), std::string(name), where);
  return {file_, std::move(set), std::move(info), where};
}

}  // namespace cf::hdf5

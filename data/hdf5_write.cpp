#include "data/hdf5_detail.h"

namespace cf::hdf5 {
namespace {

using namespace detail;

template <class T>
hid_t file_type() {
  if constexpr (std::is_same_v<T, float>) return H5T_IEEE_F32LE;
  if constexpr (std::is_same_v<T, double>) return H5T_IEEE_F64LE;
  if constexpr (std::is_same_v<T, std::uint16_t>) return H5T_STD_U16LE;
}

std::string place(const StagedFile& file, std::string_view name) {
  return fmt::format("{}, dataset '{}'", file.target().string(), name);
}

}  // namespace

Writer::Writer(const std::filesystem::path& path) : target_(path) {
  const Locked locked;
  const hid_t id = H5Fcreate(target_.tmp().c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  file_ = own(id, close_file, path.string(), "creating the file");
}

Writer::~Writer() = default;

template <class T>
void Writer::create(std::string_view name, std::span<const std::int64_t> shape, WriteOptions options) {
  const Locked locked;
  const std::string where = place(target_, name);
  std::vector<hsize_t> extent(shape.begin(), shape.end());
  const Handle space =
      own(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr), close_space, where, "creating");
  const Handle properties = own(H5Pcreate(H5P_DATASET_CREATE), close_properties, where, "creating");
  // No time of writing, so that equal contents are equal files.
  checked(H5Pset_obj_track_times(properties.get(), false), where, "creating");
  const bool empty = std::find(extent.begin(), extent.end(), hsize_t{0}) != extent.end();
  if (options.gzip > 0 && !empty && !extent.empty()) {
    extent[0] = 1;
    checked(H5Pset_chunk(properties.get(), static_cast<int>(extent.size()), extent.data()), where, "creating");
    checked(H5Pset_shuffle(properties.get()), where, "creating");
    checked(H5Pset_deflate(properties.get(), static_cast<unsigned>(options.gzip)), where, "creating");
  }
  const hid_t set =
      H5Dcreate2(file_.get(), std::string(name).c_str(), file_type<T>(), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT);
  const Handle owned = own(set, close_set, where, "creating");
}

template <class T>
void Writer::write_rows(std::string_view name, std::int64_t first, std::int64_t count, std::span<const T> values) {
  const Locked locked;
  const std::string where = place(target_, name);
  const Handle set = own(H5Dopen2(file_.get(), std::string(name).c_str(), H5P_DEFAULT), close_set, where, "opening");
  on_rows(set.get(), first, count, where, [&](hid_t memory, hid_t file) {
    const auto room = static_cast<std::size_t>(checked(H5Sget_simple_extent_npoints(memory), where, "writing"));
    check(values.size() == room, "{}: {} values given for {} rows of {} in all", where, values.size(), count, room);
    checked(H5Dwrite(set.get(), memory_type<T>(), memory, file, H5P_DEFAULT, values.data()), where, "writing");
  });
}

template <class T>
void Writer::write(std::string_view name, std::span<const std::int64_t> shape, std::span<const T> values, WriteOptions options) {
  create<T>(name, shape, options);
  write_rows<T>(name, 0, shape[0], values);
}

void Writer::commit() {
  const Locked locked;
  checked(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), target_.target().string(), "writing out");
  checked(H5Fclose(file_.release()), target_.target().string(), "closing");
  target_.commit();
}

template void Writer::create<float>(std::string_view, std::span<const std::int64_t>, WriteOptions);
template void Writer::create<double>(std::string_view, std::span<const std::int64_t>, WriteOptions);
template void Writer::create<std::uint16_t>(std::string_view, std::span<const std::int64_t>, WriteOptions);
template void Writer::write_rows(std::string_view, std::int64_t, std::int64_t, std::span<const float>);
template void Writer::write_rows(std::string_view, std::int64_t, std::int64_t, std::span<const double>);
template void Writer::write_rows(std::string_view, std::int64_t, std::int64_t, std::span<const std::uint16_t>);
template void Writer::write(std::string_view, std::span<const std::int64_t>, std::span<const float>, WriteOptions);
template void Writer::write(std::string_view, std::span<const std::int64_t>, std::span<const double>, WriteOptions);
template void Writer::write(std::string_view, std::span<const std::int64_t>, std::span<const std::uint16_t>, WriteOptions);

}  // namespace cf::hdf5

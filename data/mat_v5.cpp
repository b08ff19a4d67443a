#include "data/mat_v5.h"

#include "framework/core/check.h"

#ifdef CF_HAVE_MATIO
#include <matio.h>

#include <memory>

#include "framework/core/staged_file.h"

namespace cf::mat::v5 {
namespace {

struct CloseFile {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using FilePtr = std::unique_ptr<mat_t, CloseFile>;
using VariablePtr = std::unique_ptr<matvar_t, FreeVariable>;

FilePtr open(const std::filesystem::path& path) {
  // matio prints its complaints; ours say more. (The text is char* or const char*, as the version likes.)
  Mat_LogInitFunc("cfrun", [](int, auto*) {});
  FilePtr file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  check(file != nullptr, "data: {} cannot be read as a MATLAB file; it is truncated or damaged", path.string());
  return file;
}

std::string type_name(const matvar_t& variable) {
  switch (variable.class_type) {
    case MAT_C_DOUBLE: return "float64";
    case MAT_C_SINGLE: return "float32";
    case MAT_C_INT8: return "int8";
    case MAT_C_UINT8: return "uint8";
    case MAT_C_INT16: return "int16";
    case MAT_C_UINT16: return "uint16";
    case MAT_C_INT32: return "int32";
    case MAT_C_UINT32: return "uint32";
    case MAT_C_INT64: return "int64";
    case MAT_C_UINT64: return "uint64";
    default: return "not numeric";
  }
}

template <class T>
void append(const matvar_t& variable, std::vector<double>& values) {
  const auto* data = static_cast<const T*>(variable.data);
  const std::size_t n = variable.nbytes / sizeof(T);
  values.reserve(n);
  for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<double>(data[i]));
}

std::vector<double> values_of(const matvar_t& variable) {
  std::vector<double> values;
  switch (variable.class_type) {
    case MAT_C_DOUBLE: append<double>(variable, values); break;
    case MAT_C_SINGLE: append<float>(variable, values); break;
    case MAT_C_INT8: append<std::int8_t>(variable, values); break;
    case MAT_C_UINT8: append<std::uint8_t>(variable, values); break;
    case MAT_C_INT16: append<std::int16_t>(variable, values); break;
    case MAT_C_UINT16: append<std::uint16_t>(variable, values); break;
    case MAT_C_INT32: append<std::int32_t>(variable, values); break;
    case MAT_C_UINT32: append<std::uint32_t>(variable, values); break;
    case MAT_C_INT64: append<std::int64_t>(variable, values); break;
    case MAT_C_UINT64: append<std::uint64_t>(variable, values); break;
    default: break;
  }
  return values;
}

Info info_of(const matvar_t& variable) {
  Info info{variable.name, {variable.dims, variable.dims + variable.rank}, type_name(variable)};
  info.numeric = info.type != "not numeric" && variable.isComplex == 0;
  return info;
}

}  // namespace

std::vector<Info> list(const std::filesystem::path& path) {
  const FilePtr file = open(path);
  std::vector<Info> variables;
  while (const VariablePtr variable{Mat_VarReadNextInfo(file.get())}) variables.push_back(info_of(*variable));
  return variables;
}

Array read(const std::filesystem::path& path, std::string_view name) {
  const FilePtr file = open(path);
  const VariablePtr variable(Mat_VarRead(file.get(), std::string(name).c_str()));
  check(variable != nullptr, "data: {} has no readable variable '{}'; it is missing or the file is truncated", path.string(),
        name);
  const Info info = info_of(*variable);
  check(info.numeric, "data: {}, variable '{}': holds no real numbers", path.string(), name);
  Array array{info.shape, values_of(*variable)};
  std::int64_t numel = 1;
  for (const std::int64_t extent : array.shape) numel *= extent;
  check(numel == static_cast<std::int64_t>(array.values.size()),
        "data: {}, variable '{}': {} of {} values; the file is truncated", path.string(), name, array.values.size(), numel);
  return array;
}

void write(const std::filesystem::path& path, std::string_view name, const Array& array) {
  StagedFile target(path);
  const std::string variable_name(name);
  std::vector<std::size_t> extents(array.shape.begin(), array.shape.end());
  std::vector<double> values = array.values;  // matio takes a pointer to non-const
  FilePtr file(Mat_CreateVer(target.tmp().c_str(), nullptr, MAT_FT_MAT5));
  check(file != nullptr, "{}: cannot be created", path.string());
  const VariablePtr variable(Mat_VarCreate(variable_name.c_str(), MAT_C_DOUBLE, MAT_T_DOUBLE, static_cast<int>(extents.size()),
                                           extents.data(), values.data(), MAT_F_DONT_COPY_DATA));
  check(variable != nullptr && Mat_VarWrite(file.get(), variable.get(), MAT_COMPRESSION_NONE) == 0,
        "{}: variable '{}' cannot be written", path.string(), name);
  file.reset();
  // matio does not look at what the system says of its writes: a full disk shows only when the file is read again.
  bool whole = false;
  try {
    whole = read(target.tmp(), name).values == array.values;
  } catch (const Error&) {
  }
  check(whole, "{}: writing failed; is the disk full?", path.string());
  target.commit();
}

}  // namespace cf::mat::v5

#else

namespace cf::mat::v5 {
namespace {
[[noreturn]] void absent() { fail("MATLAB files of version 5: this build has no matio"); }
}  // namespace

std::vector<Info> list(const std::filesystem::path&) { absent(); }
Array read(const std::filesystem::path&, std::string_view) { absent(); }
void write(const std::filesystem::path&, std::string_view, const Array&) { absent(); }

}  // namespace cf::mat::v5

#endif

#include "data/mat_v5.h"

#include "framework/core/check.h"

#ifdef CF_HAVE_MATIO
#include <matio.h>

#include <algorithm>
#include <array>
#include <fstream>
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

// True where the file is as long as its top-level elements say (a header of 128 bytes, then tags of type and length): matio
// itself gives uninitialised values for what a truncated file lacks.
bool is_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<unsigned char, 128> header{};
  file.read(reinterpret_cast<char*>(header.data()), header.size());
  const bool little = header[126] == 'I';
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  std::streamoff at = header.size();
  while (file && at < size) {
    std::array<unsigned char, 8> tag{};
    file.seekg(at);
    file.read(reinterpret_cast<char*>(tag.data()), tag.size());
    std::streamoff length = 0;
    for (const std::size_t i : {7U, 6U, 5U, 4U}) length = length * 256 + tag[little ? i : 11 - i];
    at += static_cast<std::streamoff>(tag.size()) + length;
  }
  return file && at == size;
}

FilePtr open(const std::filesystem::path& path) {
  // matio prints its complaints; ours say more. (The text is char* or const char*, as the version likes.)
  Mat_LogInitFunc("cfrun", [](int, auto*) {});
  FilePtr file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  check(file != nullptr && is_whole(path), "data: {} cannot be read as a MATLAB file; it is truncated or damaged", path.string());
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
  const std::size_t n = data == nullptr ? 0 : variable.nbytes / sizeof(T);
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
  // A damaged variable may lack its name or its extents.
  if (variable.name == nullptr || variable.dims == nullptr) return {"", {}, "not numeric"};
  Info info{variable.name, {variable.dims, variable.dims + variable.rank}, type_name(variable)};
  info.numeric = info.type != "not numeric" && variable.isComplex == 0;
  return info;
}

// Whether so many values can come out of a file of so many bytes. Of those that it lacks matio would hand out memory as it comes.
bool is_plausible(const matvar_t& variable, std::uint64_t file_bytes) {
  constexpr std::uint64_t kMaxRatio = 1032;  // of deflate
  std::uint64_t values = 1;
  for (int i = 0; i < variable.rank; ++i) {
    if (__builtin_mul_overflow(values, variable.dims[i], &values)) return false;
  }
  return values <= file_bytes * (variable.compression == MAT_COMPRESSION_NONE ? 1 : kMaxRatio);
}

// matio does not look at what the system says of its writes, and on a full disk it even notes the lengths that fitted: only the
// size and the values themselves show it.
bool reads_back(const std::filesystem::path& path, const std::vector<Variable>& variables) {
  std::size_t bytes = 0;
  for (const Variable& variable : variables) bytes += variable.array.values.size() * sizeof(double);
  if (std::filesystem::file_size(path) <= bytes) return false;
  return std::all_of(variables.begin(), variables.end(),
                     [&](const Variable& variable) { return read(path, variable.name).values == variable.array.values; });
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
  const VariablePtr described(Mat_VarReadInfo(file.get(), std::string(name).c_str()));
  check(described == nullptr || described->dims == nullptr || is_plausible(*described, std::filesystem::file_size(path)),
        "data: {}, variable '{}': it claims more values than the file can hold; the file is damaged", path.string(), name);
  const VariablePtr variable(Mat_VarRead(file.get(), std::string(name).c_str()));
  check(variable != nullptr, "data: {} has no readable variable '{}'; it is missing or damaged", path.string(), name);
  const Info info = info_of(*variable);
  check(info.numeric, "data: {}, variable '{}': holds no real numbers", path.string(), name);
  Array array{info.shape, values_of(*variable)};
  std::int64_t numel = 1;
  bool agrees = true;
  for (const std::int64_t extent : array.shape) agrees = agrees && !__builtin_mul_overflow(numel, extent, &numel);
  check(agrees && numel == static_cast<std::int64_t>(array.values.size()),
        "data: {}, variable '{}': its shape calls for other than its {} values; the file is damaged", path.string(), name,
        array.values.size());
  return array;
}

void write(const std::filesystem::path& path, const std::vector<Variable>& variables) {
  StagedFile target(path);
  FilePtr file(Mat_CreateVer(target.tmp().c_str(), nullptr, MAT_FT_MAT5));
  check(file != nullptr, "{}: cannot be created", path.string());
  for (const auto& [name, array] : variables) {
    std::vector<std::size_t> extents(array.shape.begin(), array.shape.end());
    std::vector<double> values = array.values;  // matio takes a pointer to non-const
    const VariablePtr variable(Mat_VarCreate(name.c_str(), MAT_C_DOUBLE, MAT_T_DOUBLE, static_cast<int>(extents.size()),
                                             extents.data(), values.data(), MAT_F_DONT_COPY_DATA));
    check(variable != nullptr && Mat_VarWrite(file.get(), variable.get(), MAT_COMPRESSION_NONE) == 0,
          "{}: variable '{}' cannot be written", path.string(), name);
  }
  file.reset();
  check(reads_back(target.tmp(), variables), "{}: writing failed; is the disk full?", path.string());
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
void write(const std::filesystem::path&, const std::vector<Variable>&) { absent(); }

}  // namespace cf::mat::v5

#endif

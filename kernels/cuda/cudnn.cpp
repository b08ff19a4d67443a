#include "kernels/cuda/cudnn.h"

#include <algorithm>
#include <array>

#include "kernels/cuda/context.h"
#include "kernels/cuda/shared_library.h"
#include "kernels/cuda/streams.h"

namespace cf::cuda {
namespace {

std::string library_file(const char* part) { return fmt::format("libcudnn{}.so.{}", part, CUDNN_MAJOR); }

std::string advice() {
  return fmt::format(
      "Install cuDNN {} for CUDA {} with all its parts, of one version (Debian and Ubuntu: cudnn{}-cuda-{}; pip: "
      "nvidia-cudnn-cu{}) where the loader finds it (ldconfig, LD_LIBRARY_PATH)",
      CUDNN_MAJOR, CUDART_VERSION / 1000, CUDNN_MAJOR, CUDART_VERSION / 1000, CUDART_VERSION / 1000);
}

CudnnApi load() {
  const SharedLibrary library(library_file(""), advice());
  // Without this part cuDNN ends the program at the first call; of the others it reports what is missing.
  const SharedLibrary graph(library_file("_graph"), advice());
  CudnnApi api{};
  library.find(api.version, "cudnnGetVersion");
  library.find(api.error_string, "cudnnGetErrorString");
  library.find(api.last_error_string, "cudnnGetLastErrorString");
  library.find(api.create, "cudnnCreate");
  library.find(api.set_stream, "cudnnSetStream");
  library.find(api.create_descriptor, "cudnnBackendCreateDescriptor");
  library.find(api.destroy_descriptor, "cudnnBackendDestroyDescriptor");
  library.find(api.set_attribute, "cudnnBackendSetAttribute");
  library.find(api.get_attribute, "cudnnBackendGetAttribute");
  library.find(api.finalize, "cudnnBackendFinalize");
  library.find(api.execute, "cudnnBackendExecute");
  return api;
}

// libcudnn.so itself is small and loads its parts when it needs them. The first that does not load, with the reason; or empty.
std::string missing_part() {
  for (const char* part : {"_graph", "_ops", "_cnn", "_heuristic", "_engines_precompiled", "_engines_runtime_compiled"}) {
    try {
      const SharedLibrary found(library_file(part), advice());
    } catch (const Error& e) {
      return e.what();
    }
  }
  return "";
}

bool concerns_parts(cudnnStatus_t status) {
  return status == CUDNN_STATUS_SUBLIBRARY_LOADING_FAILED || status == CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH ||
         status == CUDNN_STATUS_NOT_SUPPORTED_SUBLIBRARY_UNAVAILABLE;
}

}  // namespace

const CudnnApi& cudnn() {
  static const CudnnApi api = load();
  return api;
}

std::string StatusWords<cudnnStatus_t>::describe(cudnnStatus_t status) {
  std::array<char, 512> account{};
  cudnn().last_error_string(account.data(), account.size());
  std::string text = fmt::format("cuDNN {}: {}", cudnn().version(), cudnn().error_string(status));
  if (account[0] != '\0') text += fmt::format(" ({})", account.data());
  if (!concerns_parts(status)) return text;
  const std::string missing = missing_part();
  return text + ". " + (missing.empty() ? "Its parts are there, but of different versions. " + advice() : missing);
}

cudnnHandle_t cudnn_handle() {
  static std::array<cudnnHandle_t, kMostDevices> handles{};
  cudnnHandle_t& handle = handles.at(static_cast<std::size_t>(current_device()));
  if (handle == nullptr) {
    cudnnHandle_t fresh = nullptr;
    check_status(cudnn().create(&fresh), "starting cuDNN");
    check_status(cudnn().set_stream(fresh, stream()), "giving cuDNN its stream");
    handle = fresh;
  }
  return handle;
}

CudnnDescriptor::CudnnDescriptor(cudnnBackendDescriptorType_t type) {
  check_status(cudnn().create_descriptor(type, &raw_), "creating a cuDNN descriptor");
}

CudnnDescriptor::~CudnnDescriptor() {
  if (raw_ != nullptr) cudnn().destroy_descriptor(raw_);
}

CudnnDescriptor& CudnnDescriptor::set_raw(Name name, cudnnBackendAttributeType_t type, std::int64_t count, const void* values) {
  const cudnnStatus_t status = cudnn().set_attribute(raw_, name, type, count, values);
  if (!succeeded(status)) fail("describing to cuDNN, attribute {}: {}", static_cast<int>(name), describe(status));
  return *this;
}

CudnnDescriptor& CudnnDescriptor::set(Name name, const CudnnDescriptor& part) {
  return set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &part.raw_);
}

CudnnDescriptor& CudnnDescriptor::set(Name name, const std::vector<const CudnnDescriptor*>& parts) {
  std::vector<cudnnBackendDescriptor_t> all;
  for (const CudnnDescriptor* part : parts) all.push_back(part->raw_);
  return set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<std::int64_t>(all.size()), all.data());
}

CudnnDescriptor& CudnnDescriptor::finalize() {
  check_status(try_finalize(), "describing to cuDNN");
  return *this;
}

cudnnStatus_t CudnnDescriptor::try_finalize() { return cudnn().finalize(raw_); }

std::int64_t CudnnDescriptor::get_raw(Name name, cudnnBackendAttributeType_t type, std::int64_t most, void* values) const {
  std::int64_t count = 0;
  const cudnnStatus_t status = cudnn().get_attribute(raw_, name, type, most, &count, values);
  if (!succeeded(status)) fail("asking cuDNN, attribute {}: {}", static_cast<int>(name), describe(status));
  return std::min(count, most);
}

CudnnDescriptor CudnnDescriptor::get_part(Name name, cudnnBackendDescriptorType_t type) const {
  CudnnDescriptor part(type);
  get_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &part.raw_);
  return part;
}

std::vector<CudnnDescriptor> CudnnDescriptor::get_parts(Name name, cudnnBackendDescriptorType_t type) const {
  // Asked for none, cuDNN says how many there are; then it fills in descriptors that must be there already.
  std::int64_t count = 0;
  check_status(cudnn().get_attribute(raw_, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count, nullptr), "asking cuDNN");
  std::vector<CudnnDescriptor> parts;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (std::int64_t i = 0; i < count; ++i) raw.push_back(parts.emplace_back(type).raw_);
  const std::int64_t filled = count == 0 ? 0 : get_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, count, raw.data());
  while (static_cast<std::int64_t>(parts.size()) > filled) parts.pop_back();
  return parts;
}

}  // namespace cf::cuda

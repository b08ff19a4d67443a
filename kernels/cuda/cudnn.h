// cuDNN: its functions, loaded when the first convolution is asked for, its handles, and the descriptors of its graph interface.
#pragma once

#include <cudnn_graph.h>

#include <array>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kernels/cuda/status.h"

namespace cf::cuda {

struct CudnnApi {
  decltype(&::cudnnGetVersion) version;
  decltype(&::cudnnGetErrorString) error_string;
  decltype(&::cudnnGetLastErrorString) last_error_string;
  decltype(&::cudnnCreate) create;
  decltype(&::cudnnSetStream) set_stream;
  decltype(&::cudnnBackendCreateDescriptor) create_descriptor;
  decltype(&::cudnnBackendDestroyDescriptor) destroy_descriptor;
  decltype(&::cudnnBackendSetAttribute) set_attribute;
  decltype(&::cudnnBackendGetAttribute) get_attribute;
  decltype(&::cudnnBackendFinalize) finalize;
  decltype(&::cudnnBackendExecute) execute;
};

// Throws Error, saying what to install, where there is no cuDNN.
const CudnnApi& cudnn();

template <>
struct StatusWords<cudnnStatus_t> {
  static bool succeeded(cudnnStatus_t status) { return status == CUDNN_STATUS_SUCCESS; }
  // With cuDNN's own account of the last failure, and the part of cuDNN that is missing where one is.
  static std::string describe(cudnnStatus_t status);
};

// Of the current device, queueing on its stream.
cudnnHandle_t cudnn_handle();

// The name that cuDNN has for the type of an attribute.
template <class T>
constexpr cudnnBackendAttributeType_t cudnn_type() {
  if constexpr (std::is_same_v<T, std::int64_t>) return CUDNN_TYPE_INT64;
  if constexpr (std::is_same_v<T, bool>) return CUDNN_TYPE_BOOLEAN;
  if constexpr (std::is_same_v<T, float>) return CUDNN_TYPE_FLOAT;
  if constexpr (std::is_same_v<T, double>) return CUDNN_TYPE_DOUBLE;
  if constexpr (std::is_same_v<T, void*>) return CUDNN_TYPE_VOID_PTR;
  if constexpr (std::is_same_v<T, cudnnHandle_t>) return CUDNN_TYPE_HANDLE;
  if constexpr (std::is_same_v<T, cudnnDataType_t>) return CUDNN_TYPE_DATA_TYPE;
  if constexpr (std::is_same_v<T, cudnnConvolutionMode_t>) return CUDNN_TYPE_CONVOLUTION_MODE;
  if constexpr (std::is_same_v<T, cudnnPointwiseMode_t>) return CUDNN_TYPE_POINTWISE_MODE;
  if constexpr (std::is_same_v<T, cudnnNanPropagation_t>) return CUDNN_TYPE_NAN_PROPOGATION;
  if constexpr (std::is_same_v<T, cudnnBackendHeurMode_t>) return CUDNN_TYPE_HEUR_MODE;
  if constexpr (std::is_same_v<T, cudnnBackendNumericalNote_t>) return CUDNN_TYPE_NUMERICAL_NOTE;
}

// A piece of a graph: created, given its attributes, made final. The calls can be chained.
class CudnnDescriptor {
 public:
  using Name = cudnnBackendAttributeName_t;

  explicit CudnnDescriptor(cudnnBackendDescriptorType_t type);
  ~CudnnDescriptor();
  CudnnDescriptor(CudnnDescriptor&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
    std::swap(raw_, other.raw_);
    return *this;
  }

  template <class T>
  CudnnDescriptor& set(Name name, T value) {
    return set_raw(name, cudnn_type<T>(), 1, &value);
  }
  template <class T, std::size_t n>
  CudnnDescriptor& set(Name name, const std::array<T, n>& values) {
    return set_raw(name, cudnn_type<T>(), n, values.data());
  }
  template <class T>
  CudnnDescriptor& set(Name name, const std::vector<T>& values) {
    return set_raw(name, cudnn_type<T>(), static_cast<std::int64_t>(values.size()), values.data());
  }
  CudnnDescriptor& set(Name name, const CudnnDescriptor& part);
  CudnnDescriptor& set(Name name, const std::vector<const CudnnDescriptor*>& parts);

  CudnnDescriptor& finalize();
  // Not an Error where cuDNN refuses: it has its reasons.
  cudnnStatus_t try_finalize();

  template <class T>
  T get(Name name) const {
    T value{};
    get_raw(name, cudnn_type<T>(), 1, &value);
    return value;
  }
  // Up to `most` values.
  template <class T>
  std::vector<T> get_all(Name name, std::int64_t most) const {
    std::vector<T> values(static_cast<std::size_t>(most));
    values.resize(static_cast<std::size_t>(get_raw(name, cudnn_type<T>(), most, values.data())));
    return values;
  }
  CudnnDescriptor get_part(Name name, cudnnBackendDescriptorType_t type) const;
  std::vector<CudnnDescriptor> get_parts(Name name, cudnnBackendDescriptorType_t type) const;

  cudnnBackendDescriptor_t raw() const { return raw_; }

 private:
  CudnnDescriptor& set_raw(Name name, cudnnBackendAttributeType_t type, std::int64_t count, const void* values);
  // How many there are.
  std::int64_t get_raw(Name name, cudnnBackendAttributeType_t type, std::int64_t most, void* values) const;

  cudnnBackendDescriptor_t raw_ = nullptr;
};

}  // namespace cf::cuda

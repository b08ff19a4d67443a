// All the parameters of a network: names in order of registration, values in one flat buffer, gradients in another.
//
// A store is used in two phases. While a network is built, Scope adds parameters one by one, each in memory of its own. Then
// pack() moves them all into one buffer; tensors that layers already hold see the move. The optimizer, clipping, zeroing,
// all-reduce and checkpoints work on ranges of the flat buffers from there on.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/tensor/tensor.h"

namespace cf {

class ParamStore {
 public:
  // Dotted names, as "fscf0.fda.rb.in.weight", and values.
  using List = std::vector<std::pair<std::string, Tensor>>;

  // dtype: f32 to train, f64 to check gradients. device: where pack() puts everything; until then it is on the CPU.
  explicit ParamStore(DType dtype = DType::f32, Device device = {});
  ParamStore(const ParamStore&) = delete;
  ParamStore& operator=(const ParamStore&) = delete;

  DType dtype() const { return dtype_; }
  Device device() const { return device_; }

  // Registers a parameter (a leaf that collects a gradient) or a buffer (running statistics: no gradient), uninitialised.
  // Throws Error where the name is taken or the store is packed.
  Tensor add_param(const std::string& name, const Shape& shape);
  Tensor add_buffer(const std::string& name, const Shape& shape);

  // Moves every parameter into flat(), its gradient (zeros) into flat_grad() and every buffer into flat_buffers(). Each
  // tensor starts at a multiple of 64 bytes; the gaps between them are zeros in values and gradients alike, so that an
  // optimizer that runs over the whole range leaves them zero. Throws Error where it was called before.
  void pack();
  bool packed() const { return flat_.defined(); }
  const Tensor& flat() const;          // (padded total)
  const Tensor& flat_grad() const;     // (padded total), laid out like flat()
  const Tensor& flat_buffers() const;  // (padded total of the buffers)
  // Sets every gradient to zero.
  void zero_grad() const;

  // In order of registration. A value's storage_offset() is its place in the flat buffer, in elements.
  const List& params() const { return params_; }
  const List& buffers() const { return buffers_; }
  // Parameters, then buffers: what a checkpoint holds.
  List state() const;
  // The parameter or buffer of that name; undefined where there is none.
  Tensor find(std::string_view name) const;
  // As find; throws Error where there is none.
  Tensor at(std::string_view name) const;
  // Elements of all parameters, without padding and buffers.
  std::int64_t parameter_count() const;

 private:
  void check_new(const std::string& name) const;
  const Tensor& packed_tensor(const Tensor& t) const;

  DType dtype_;
  Device device_;
  List params_;
  List buffers_;
  std::map<std::string, Tensor, std::less<>> by_name_;
  Tensor flat_;
  Tensor flat_grad_;
  Tensor flat_buffers_;
};

}  // namespace cf

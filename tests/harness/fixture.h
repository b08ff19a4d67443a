// Numerical fixtures: files of tensors that another implementation computed in f64.
//
// Names: in.* inputs, w.* weights, out.* outputs, gout.* the gradient fed to the outputs, gin.* and gw.* the resulting
// gradients, before.* and after.* state around the call. Images are N,C,H,W there and convolution weights O,I,kH,kW
// (transposed convolution I,O,kH,kW); channels_last() brings both to this runtime's order.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/io/safetensors.h"

namespace cf::test {

// The values with dimension i taken from dimension order[i].
Tensor permuted(const Tensor& x, const std::vector<int>& order);
// (N, C, H, W) -> (N, H, W, C), (N, C, H, W, 2) -> (N, H, W, C, 2), (O, I, kH, kW) -> (O, kH, kW, I); others as they are.
Tensor channels_last(const Tensor& x);

class Fixture {
 public:
  // Throws Error where `folder` lacks the file `name`.safetensors.
  Fixture(const std::filesystem::path& folder, const std::string& name);

  const std::string& name() const { return name_; }
  const std::filesystem::path& folder() const { return folder_; }
  bool has(const std::string& tensor) const;
  // As stored; throws Error where there is none.
  const Tensor& raw(const std::string& tensor) const;
  // In this runtime's layout and the wanted dtype.
  Tensor get(const std::string& tensor, DType dtype = DType::f64) const;
  // The names that begin with `prefix`, without it, in the file's order.
  std::vector<std::string> names(const std::string& prefix) const;
  // An attribute from the header; throws Error where there is none.
  const std::string& text(const std::string& attribute) const;
  double number(const std::string& attribute) const { return std::stod(text(attribute)); }
  std::int64_t integer(const std::string& attribute) const { return std::stoll(text(attribute)); }
  std::vector<double> numbers(const std::string& attribute) const;  // separated by commas

 private:
  std::filesystem::path folder_;
  std::string name_;
  SafeTensors content_;
};

}  // namespace cf::test

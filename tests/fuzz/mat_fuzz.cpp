// MATLAB's files of version 5, by way of matio.
#include "data/dataset.h"
#include "data/mat.h"
#include "tests/fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile input("input.mat");
  const auto& path = input.put({reinterpret_cast<const char*>(data), size});
  cf::fuzz::read(size, [&] {
    for (const cf::mat::Info& variable : cf::mat::list(path)) {
      if (variable.numeric) cf::mat::read(path, variable.name);
    }
  });
  cf::DatasetOptions options;
  options.bands = 1;
  cf::fuzz::read(
      size, [&] { cf::Dataset::open(path, options); }, 1032 * 16);
  return 0;
}

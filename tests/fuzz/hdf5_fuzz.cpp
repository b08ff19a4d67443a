// Data sets in HDF5: what `cfrun info` lists and what a data set opens.
#include "data/dataset.h"
#include "data/hdf5.h"
#include "tests/fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cf::fuzz::InputFile input("input.h5");
  const auto& path = input.put({reinterpret_cast<const char*>(data), size});
  cf::fuzz::read(size, [&] { cf::hdf5::File(path).list(); });
  cf::DatasetOptions options;
  options.bands = 1;
  options.memory_limit = 1 << 20;
  // Sets within the limit are held, with an interpolated image beside them.
  cf::fuzz::read(
      std::size_t{1} << 20U, [&] { cf::Dataset::open(path, options); }, 16);
  return 0;
}

// What the fuzzers share: inputs become files in memory, and a reader may say no in one way only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace cf::fuzz {

// A file in memory (in the folder CF_FUZZ_MEMORY, or /dev/shm) of which readers see a new content with each input.
class InputFile {
 public:
  // `name` with the extension that the reader wants to see.
  explicit InputFile(const std::string& name);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& put(std::string_view bytes);

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
  int descriptor_ = -1;
};

// Calls the reader. It may throw cf::Error; whatever else it throws ends the fuzzer as a crash does. So does a reader that takes
// more memory for tensors than `times` the bytes it was given, and a little for what is small, and one that takes 5 seconds.
void read(std::size_t bytes, const std::function<void()>& reader, std::size_t times = 8);

// An input is a byte that says how the rest is meant, and the rest.
struct Input {
  std::uint8_t way = 0;
  std::string_view rest;
};
Input split(const std::uint8_t* data, std::size_t size);

// The text up to the first zero byte, and what stands behind that byte: a header and the values that it describes. Fuzzers that
// put lengths and checksums around the two themselves get past the first lines of a reader more often.
struct Parts {
  std::string_view header;
  std::string_view values;
};
Parts parts_of(std::string_view rest);

template <class T>
void put(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace cf::fuzz

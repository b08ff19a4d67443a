// Where memory lives and work runs.
#pragma once

#include <cstdint>
#include <string>

namespace cf {

struct Device {
  enum class Kind : std::uint8_t { cpu, cuda };
  Kind kind = Kind::cpu;
  int index = 0;
  bool operator==(const Device&) const = default;
  std::string str() const { return kind == Kind::cpu ? "cpu" : "cuda:" + std::to_string(index); }
};

// A queue of work on a device. On the CPU there is none: work is done when the call returns.
struct Stream {
  Device device;
  void* handle = nullptr;
};

}  // namespace cf

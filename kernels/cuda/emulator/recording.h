// Work of the emulated device that is kept instead of done, as a CUDA graph keeps it.
#pragma once

#include <functional>
#include <vector>

namespace cf::emulator {

bool recording_is_on();
void keep(std::function<void()> work);
// Throws Error where a recording is on already.
void recording_begin();
// What was kept since; no recording is on afterwards.
std::vector<std::function<void()>> recording_end();

}  // namespace cf::emulator

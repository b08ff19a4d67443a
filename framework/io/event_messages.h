// TensorBoard's messages, each as the bytes of one Event (events.proto).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cf::event_messages {

// False where the program was built without protobuf; the others then throw Error.
bool available();

struct Place {
  double wall_time = 0;  // seconds since 1970
  std::int64_t step = 0;
  std::string_view tag;
};

struct ImageSize {
  int height = 0;
  int width = 0;
  int channels = 0;
};

std::string file_version(double wall_time);
std::string scalar(const Place& place, double value);
std::string image(const Place& place, const ImageSize& size, std::string_view encoded);
std::string text(const Place& place, std::string_view text);  // Markdown

}  // namespace cf::event_messages

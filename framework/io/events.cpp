#include "framework/io/events.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "framework/core/check.h"
#include "framework/core/host_name.h"
#include "framework/core/log.h"
#include "framework/io/event_messages.h"
#include "framework/io/files.h"
#include "framework/io/record_file.h"

namespace cf {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

// TensorBoard finds files by "tfevents" and reads those of one folder in the order of their names; the time comes first.
std::string new_file_name() {
  static std::atomic<int> count = 0;
  return fmt::format("events.out.tfevents.{:010}.{}.{}.{}", static_cast<std::int64_t>(now()), host_name(), ::getpid(), count++);
}

// From the IHDR chunk, which stands first in every PNG file: width, height, bits, colour type, numbers big-endian.
event_messages::ImageSize size_of_png(std::string_view png) {
  constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";
  constexpr std::size_t kWidth = 16;
  constexpr std::size_t kHeight = 20;
  constexpr std::size_t kColour = 25;
  check(png.size() > kColour && png.starts_with(kSignature), "TensorBoard events: an image is not in PNG format");
  const auto byte = [&](std::size_t at) { return static_cast<int>(static_cast<std::uint8_t>(png[at])); };
  const auto number = [&](std::size_t at) { return byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3); };
  const int colour = byte(kColour);  // 2: RGB, or 3: palette of RGB; 4: with alpha
  return {number(kHeight), number(kWidth), ((colour & 2) != 0 ? 3 : 1) + ((colour & 4) != 0 ? 1 : 0)};
}

std::string indented(std::string_view text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out;
}

}  // namespace

bool EventWriter::available() { return event_messages::available(); }

std::unique_ptr<EventWriter> EventWriter::open(const std::filesystem::path& folder) {
  if (!available()) return nullptr;
  make_directories(folder);
  return std::unique_ptr<EventWriter>(new EventWriter(folder / new_file_name()));
}

EventWriter::EventWriter(std::filesystem::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  check(descriptor_ >= 0, "write {}: {}", path_.string(), std::generic_category().message(errno));
  append_record(pending_, event_messages::file_version(now()));
}

EventWriter::~EventWriter() {
  try {
    flush();
  } catch (const Error& e) {
    log::warning("{}", e.what());
  }
  ::close(descriptor_);
}

void EventWriter::scalar(std::string_view tag, std::int64_t step, double value) {
  append_record(pending_, event_messages::scalar({now(), step, tag}, value));
}

void EventWriter::image(std::string_view tag, std::int64_t step, std::string_view png) {
  append_record(pending_, event_messages::image({now(), step, tag}, size_of_png(png), png));
}

void EventWriter::text(std::string_view tag, std::int64_t step, std::string_view text) {
  append_record(pending_, event_messages::text({now(), step, tag}, indented(text)));
}

void EventWriter::flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      pending_.erase(0, pending_.size() - rest.size());
      fail("write {}: {}", path_.string(), std::generic_category().message(error));
    }
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  pending_.clear();
}

}  // namespace cf

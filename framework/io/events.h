// TensorBoard event files: curves, images and text of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace cf {

class EventWriter {
 public:
  // True where the program was built with protobuf.
  static bool available();
  // Makes the folder where it is missing, and a new event file in it. Null where not available(). Throws Error where the
  // file cannot be made.
  static std::unique_ptr<EventWriter> open(const std::filesystem::path& folder);
  // Writes what is pending; a failure here is only logged.
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  // "train/loss" puts the curve loss into the group train.
  void scalar(std::string_view tag, std::int64_t step, double value);
  // `png`: the content of a PNG file. Throws Error where it is none.
  void image(std::string_view tag, std::int64_t step, std::string_view png);
  // Shown as it is (TensorBoard takes text as Markdown, so each line is indented by four blanks).
  void text(std::string_view tag, std::int64_t step, std::string_view text);
  // Writes what is pending to the file. Throws Error where that fails, for example on a full disk.
  void flush();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit EventWriter(std::filesystem::path path);

  std::filesystem::path path_;
  int descriptor_ = -1;
  std::string pending_;
};

}  // namespace cf

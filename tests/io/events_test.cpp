#include "framework/io/events.h"

#include <bit>
#include <cstring>

#include "framework/io/files.h"
#include "framework/io/json.h"
#include "framework/io/record_file.h"
#include "tests/io/support.h"
#ifdef CF_HAVE_PROTOBUF
#include "framework/io/events.pb.h"
#endif

namespace cf {
namespace {

using test::contains;
using test::error_of;

TEST_CASE("events: CRC-32C of known answers") {
  // RFC 3720, B.4.
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43U);
  CHECK(crc32c("123456789") == 0xe3069283U);
  CHECK(crc32c("") == 0);
}

#ifdef CF_HAVE_PROTOBUF

// The first bytes of a PNG file of 3 x 2 RGB pixels, as far as its size is read.
const std::string kPng("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\3\0\0\0\2\x08\x02", 26);
constexpr const char* kConfig = "{\n  \"lr\": 0.001\n}";

std::uint32_t masked(const std::string& bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8U; }

template <class T>
T number_at(const std::string& file, std::size_t at) {
  REQUIRE(at + sizeof(T) <= file.size());
  T value{};
  std::memcpy(&value, &file[at], sizeof value);
  return value;
}

std::vector<events::Event> read_events(const std::filesystem::path& path) {
  const std::string file = read_text(path);
  std::vector<events::Event> all;
  for (std::size_t at = 0; at < file.size();) {
    const auto length = number_at<std::uint64_t>(file, at);
    CHECK(number_at<std::uint32_t>(file, at + 8) == masked(file.substr(at, 8)));
    const std::string bytes = file.substr(at + 12, length);
    CHECK(number_at<std::uint32_t>(file, at + 12 + length) == masked(bytes));
    events::Event event;
    REQUIRE(event.ParseFromString(bytes));
    all.push_back(event);
    at += 16 + length;
  }
  return all;
}

// Keeps its folder, which tools/check_events.py reads with TensorBoard's own package.
TEST_CASE("events: records read back") {
  REQUIRE(EventWriter::available());
  const std::filesystem::path folder = std::filesystem::path(CF_BINARY_DIR) / "events_sample";
  std::filesystem::remove_all(folder);
  const auto writer = EventWriter::open(folder);
  REQUIRE(writer != nullptr);
  writer->scalar("train/loss", 1, 0.5);
  writer->scalar("train/loss", 20000000000, 0.25);
  writer->image("fused", 3, kPng);
  writer->text("config", 0, kConfig);
  CHECK(read_text(writer->path()).empty());
  writer->flush();
  const auto all = read_events(writer->path());
  REQUIRE(all.size() == 5);
  CHECK(all[0].file_version() == "brain.Event:2");
  CHECK(all[0].wall_time() > 1.7e9);
  CHECK(all[1].step() == 1);
  CHECK(all[1].summary().value(0).tag() == "train/loss");
  CHECK(all[1].summary().value(0).simple_value() == 0.5F);
  CHECK(all[2].step() == 20000000000);
  const events::Image& image = all[3].summary().value(0).image();
  CHECK(image.width() == 3);
  CHECK(image.height() == 2);
  CHECK(image.colorspace() == 3);
  CHECK(image.encoded_image_string() == kPng);
  const events::Value& text = all[4].summary().value(0);
  CHECK(text.metadata().plugin_data().plugin_name() == "text");
  CHECK(text.tensor().string_val(0) == "    {\n      \"lr\": 0.001\n    }");

  const ordered_json expected = {{"scalars", {{"train/loss", {{1, 0.5}, {20000000000, 0.25}}}}},
                                 {"images", {{"fused", {{{"step", 3}, {"width", 3}, {"height", 2}}}}}},
                                 {"texts", {{"config", parse_json(kConfig, "")}}}};
  write_json(folder / "expected.json", expected);
}

TEST_CASE("events: two writers of one folder do not meet; what is pending is written at the end") {
  const test::TempFolder folder;
  const auto first = EventWriter::open(folder / "run");
  auto second = EventWriter::open(folder / "run");
  CHECK(first->path() != second->path());
  second->scalar("a", 1, 1);
  const std::filesystem::path path = second->path();
  second.reset();
  CHECK(read_events(path).size() == 2);
}

TEST_CASE("events: errors") {
  const test::TempFolder folder;
  const auto writer = EventWriter::open(folder.path());
  CHECK(contains(error_of([&] { writer->image("a", 1, "GIF89a"); }), "PNG"));
  test::put_file(folder / "file", "");
  CHECK(contains(error_of([&] { EventWriter::open(folder / "file"); }), "file is a file"));
}

#else

TEST_CASE("events: without protobuf there is no writer") {
  const test::TempFolder folder;
  CHECK(!EventWriter::available());
  CHECK(EventWriter::open(folder.path()) == nullptr);
}

#endif

}  // namespace
}  // namespace cf

#include "data/scene/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <sstream>

#include "framework/core/check.h"

namespace cf {
namespace {

constexpr std::string_view kMagic = "CFRUNPRT";
constexpr std::uint64_t kSurvey = ~std::uint64_t{0};  // index of the survey's record
constexpr std::int64_t kLargestHeader = std::int64_t{1} << 20;

struct RecordHead {
  std::uint64_t index = 0;
  std::uint64_t bytes = 0;
  std::array<std::int64_t, 4> counts{};
  std::uint64_t checksum = 0;
};

std::uint64_t checksum(RecordHead head, const void* samples) {
  head.checksum = 0;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_64bits_reset(state.get());
  XXH3_64bits_update(state.get(), &head, sizeof(head));
  XXH3_64bits_update(state.get(), samples, head.bytes);
  return XXH3_64bits_digest(state.get());
}

std::string to_text(const SceneIdentity& identity) {
  std::string text;
  for (const auto& [key, value] : identity) {
    text += key + "=";
    std::replace_copy(value.begin(), value.end(), std::back_inserter(text), '\n', ' ');
    text += "\n";
  }
  return text;
}

std::map<std::string, std::string> from_text(const std::string& text) {
  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find('=');
    if (at != std::string::npos) values[line.substr(0, at)] = line.substr(at + 1);
  }
  return values;
}

// Which keys have other values, for a message.
std::string difference(const std::string& stored, const SceneIdentity& identity) {
  const auto before = from_text(stored);
  const auto now = from_text(to_text(identity));
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    const std::string was = found == before.end() ? "nothing" : found->second;
    if (was != value) return key + " was " + was + ", is " + value;
  }
  return "it says more than this run";
}

}  // namespace

std::filesystem::path PartFile::beside(const std::filesystem::path& output) {
  std::filesystem::path path = output;
  path += ".part";
  return path;
}

PartFile::PartFile(std::filesystem::path path, const SceneIdentity& identity, bool resume) : path_(std::move(path)) {
  const std::string text = to_text(identity);
  const std::uint64_t length = text.size();
  std::string header(kMagic);
  header.append(reinterpret_cast<const char*>(&length), sizeof(length));  // NOLINT: bytes of a number
  header += text;
  std::error_code ignored;
  const bool there = std::filesystem::exists(path_, ignored);
  check(!there || resume, "{}: parts of a run that was interrupted; --resume goes on from there, or remove the file",
        path_.string());
  if (there) {
    open_again(header, identity);
  } else {
    create(header);
  }
}

PartFile::~PartFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  std::error_code ignored;
  if (records_.empty()) std::filesystem::remove(path_, ignored);
}

void PartFile::fail_errno(const char* doing) const { fail("{}: cannot be {}: {}", path_.string(), doing, std::strerror(errno)); }

void PartFile::create(const std::string& header) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);  // NOLINT: open is variadic in POSIX
  if (descriptor_ < 0) fail_errno("created");
  const auto written = ::pwrite(descriptor_, header.data(), header.size(), 0);
  if (written != static_cast<ssize_t>(header.size())) fail_errno("written");
  end_ = static_cast<std::int64_t>(header.size());
}

void PartFile::open_again(const std::string& header, const SceneIdentity& identity) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);  // NOLINT: open is variadic in POSIX
  if (descriptor_ < 0) fail_errno("opened");
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail_errno("read");
  std::string stored(static_cast<std::size_t>(std::min<std::int64_t>(status.st_size, kLargestHeader)), '\0');
  read_at(0, stored.data(), std::ssize(stored));
  const std::size_t before_text = kMagic.size() + sizeof(std::uint64_t);
  check(stored.size() >= before_text && stored.starts_with(kMagic), "{}: holds no parts of a scene; remove it", path_.string());
  std::uint64_t length = 0;
  std::memcpy(&length, stored.data() + kMagic.size(), sizeof(length));
  check(length <= stored.size() - before_text, "{}: its beginning is damaged; remove it and start anew", path_.string());
  const std::string text = stored.substr(before_text, length);
  if (before_text + length != header.size() || !stored.starts_with(header)) {
    fail("{}: parts of another run: {}. Repeat that run with --resume, or remove the file and start anew", path_.string(),
         difference(text, identity));
  }
  end_ = static_cast<std::int64_t>(header.size());
  find_records(status.st_size);
}

// Up to the first record that is cut off or damaged.
void PartFile::find_records(std::int64_t size) {
  std::vector<std::byte> samples;
  const auto head_bytes = static_cast<std::int64_t>(sizeof(RecordHead));
  while (end_ + head_bytes <= size) {
    RecordHead head;
    read_at(end_, &head, head_bytes);
    const std::int64_t left = size - end_ - head_bytes;
    const bool survey = head.index == kSurvey && records_.empty() && survey_.bytes == 0;
    if ((!survey && head.index != records_.size()) || head.bytes > static_cast<std::uint64_t>(left)) break;
    samples.resize(head.bytes);
    const auto bytes = static_cast<std::int64_t>(head.bytes);
    read_at(end_ + head_bytes, samples.data(), bytes);
    if (checksum(head, samples.data()) != head.checksum) break;
    const Record record{end_ + head_bytes, bytes, {head.counts[0], head.counts[1], head.counts[2], head.counts[3]}};
    if (survey) {
      survey_ = record;
    } else {
      records_.push_back(record);
    }
    end_ += head_bytes + bytes;
  }
  if (::ftruncate(descriptor_, end_) != 0) fail_errno("cut");
}

void PartFile::read_at(std::int64_t offset, void* data, std::int64_t bytes) const {
  auto* to = static_cast<char*>(data);
  while (bytes > 0) {
    const auto got = ::pread(descriptor_, to, static_cast<std::size_t>(bytes), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_errno("read");
    check(got > 0, "{}: ends early", path_.string());
    to += got;
    offset += got;
    bytes -= got;
  }
}

void PartFile::read(std::int64_t index, std::span<std::byte> samples, SceneCounts& counts) const {
  const Record& record = records_.at(static_cast<std::size_t>(index));
  check(record.bytes == std::ssize(samples), "{}: part {} has {} bytes, not {}; remove the file and start anew", path_.string(),
        index, record.bytes, samples.size());
  read_at(record.offset, samples.data(), record.bytes);
  counts += record.counts;
}

std::string PartFile::survey() const {
  std::string found(static_cast<std::size_t>(survey_.bytes), '\0');
  read_at(survey_.offset, found.data(), survey_.bytes);
  return found;
}

void PartFile::keep_survey(std::string_view found) {
  check(records_.empty() && survey_.bytes == 0, "{}: the survey is kept before the parts, once", path_.string());
  survey_ = append_record(kSurvey, std::as_bytes(std::span(found)), {});
}

void PartFile::append(std::span<const std::byte> samples, const SceneCounts& counts) {
  records_.push_back(append_record(records_.size(), samples, counts));
}

PartFile::Record PartFile::append_record(std::uint64_t index, std::span<const std::byte> bytes, const SceneCounts& counts) {
  RecordHead head{index, bytes.size(), {counts.nodata, counts.above, counts.clamped, counts.moved}, 0};
  head.checksum = checksum(head, bytes.data());
  const auto put = [&](const void* data, std::size_t count) {
    const char* from = static_cast<const char*>(data);
    std::size_t done = 0;
    while (done < count) {
      const auto n = ::pwrite(descriptor_, from + done, count - done, end_ + static_cast<std::int64_t>(done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail_errno("written");
      done += static_cast<std::size_t>(n);
    }
    end_ += static_cast<std::int64_t>(count);
  };
  const std::int64_t begin = end_;
  put(&head, sizeof(head));
  put(bytes.data(), bytes.size());
  return {begin + static_cast<std::int64_t>(sizeof(head)), std::ssize(bytes), counts};
}

void PartFile::remove() {
  ::close(descriptor_);
  descriptor_ = -1;
  std::error_code error;
  std::filesystem::remove(path_, error);
}

}  // namespace cf

#include "tests/fuzz/harness.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "framework/core/allocator.h"
#include "framework/core/check.h"

namespace cf::fuzz {
namespace {

constexpr int kSeconds = 5;
constexpr std::size_t kSmall = std::size_t{1} << 20U;

[[noreturn]] void stop(const std::string& why) {
  fmt::print(stderr, "fuzz: {}\n", why);
  std::abort();
}

// Processor time, so that a busy machine makes nothing look hung; what waits forever is caught by libFuzzer's own -timeout.
void limit_time(int seconds) {
  static const bool ready = [] {
    std::signal(SIGPROF, [](int) {
      constexpr std::string_view kWhy = "fuzz: an input that takes more than 5 seconds\n";
      static_cast<void>(::write(STDERR_FILENO, kWhy.data(), kWhy.size()));
      std::abort();
    });
    return true;
  }();
  static_cast<void>(ready);
  itimerval limit{};
  limit.it_value.tv_sec = seconds;
  ::setitimer(ITIMER_PROF, &limit, nullptr);
}

}  // namespace

InputFile::InputFile(const std::string& name) {
  const char* memory = std::getenv("CF_FUZZ_MEMORY");
  std::string folder = std::string(memory == nullptr ? "/dev/shm" : memory) + "/cf_fuzz_XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) stop("no folder in /dev/shm");
  folder_ = folder;
  path_ = folder_ / name;
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) stop("no file in /dev/shm");
}

InputFile::~InputFile() {
  ::close(descriptor_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

const std::filesystem::path& InputFile::put(std::string_view bytes) {
  const auto size = static_cast<ssize_t>(bytes.size());
  const bool done = ::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == size && ::ftruncate(descriptor_, size) == 0;
  if (!done) stop("/dev/shm is full");
  return path_;
}

void read(std::size_t bytes, const std::function<void()>& reader, std::size_t times) {
  CachingAllocator& allocator = cpu_allocator();
  allocator.reset_peak();
  limit_time(kSeconds);
  const std::size_t before = allocator.stats().live_bytes;
  try {
    reader();
  } catch (const Error&) {
    // What a reader says to bad bytes.
  }
  limit_time(0);
  const AllocatorStats stats = allocator.stats();
  if (stats.live_bytes != before) stop(fmt::format("{} bytes of tensors left behind", stats.live_bytes - before));
  const std::size_t taken = stats.peak_bytes - before;
  if (taken > times * bytes + kSmall) stop(fmt::format("{} bytes of tensors for an input of {}", taken, bytes));
}

Input split(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return {};
  return {data[0], {reinterpret_cast<const char*>(data) + 1, size - 1}};
}

Parts parts_of(std::string_view rest) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return {rest, {}};
  return {rest.substr(0, end), rest.substr(end + 1)};
}

}  // namespace cf::fuzz

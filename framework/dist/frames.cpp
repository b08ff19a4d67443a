#include "framework/dist/frames.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace cf {
namespace {

constexpr std::size_t kLengthBytes = sizeof(std::uint64_t);
constexpr std::size_t kReadBytes = std::size_t{1} << 16U;

bool try_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

FrameSocket::FrameSocket(Descriptor connected) : socket_(std::move(connected)) {
  ::fcntl(socket_.number(), F_SETFL, ::fcntl(socket_.number(), F_GETFL) | O_NONBLOCK);
}

void FrameSocket::put(std::string_view message) {
  const std::uint64_t length = message.size();
  std::array<char, kLengthBytes> head{};
  std::memcpy(head.data(), &length, kLengthBytes);
  out_.append(head.data(), kLengthBytes).append(message);
  flush();
}

bool FrameSocket::flush() {
  while (!broken_ && sent_ < out_.size()) {
    const ssize_t done = ::send(socket_.number(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (done > 0) {
      sent_ += static_cast<std::size_t>(done);
    } else if (try_later()) {
      return false;
    } else {
      broken_ = true;
    }
  }
  out_.clear();
  sent_ = 0;
  return true;
}

void FrameSocket::read_what_came() {
  std::array<char, kReadBytes> buffer;  // NOLINT: filled by recv
  while (!broken_) {
    const ssize_t done = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
    if (done > 0) {
      in_.append(buffer.data(), static_cast<std::size_t>(done));
    } else if (done < 0 && try_later()) {
      return;
    } else {
      broken_ = true;
    }
  }
}

std::optional<std::string> FrameSocket::get() {
  read_what_came();
  std::uint64_t length = 0;
  if (in_.size() < kLengthBytes) return std::nullopt;
  std::memcpy(&length, in_.data(), kLengthBytes);
  if (in_.size() - kLengthBytes < length) return std::nullopt;
  std::string message = in_.substr(kLengthBytes, length);
  in_.erase(0, kLengthBytes + length);
  return message;
}

}  // namespace cf

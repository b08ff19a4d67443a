// Messages between processes over a connected socket: a length of 8 bytes in the machine's order, then as many bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cf {

// An open file, closed at its end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

// One end of a connection. Nothing waits: put() and get() do what can be done at once, flush() the rest of what was put.
class FrameSocket {
 public:
  FrameSocket() = default;
  explicit FrameSocket(Descriptor connected);

  // Queues a message and sends what the connection takes.
  void put(std::string_view message);
  // True where nothing of what was put is left.
  bool flush();
  // The next message, where it has come whole.
  std::optional<std::string> get();
  // The other end is gone. Messages that came before can still be had.
  bool broken() const { return broken_; }
  int descriptor() const { return socket_.number(); }
  explicit operator bool() const { return static_cast<bool>(socket_); }
  void close() { socket_.close(); }

 private:
  void read_what_came();

  Descriptor socket_;
  std::string out_;
  std::size_t sent_ = 0;  // of out_
  std::string in_;
  bool broken_ = false;
};

}  // namespace cf

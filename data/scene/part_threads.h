// The threads beside the one that computes a scene: one reads parts ahead of it, one writes them behind it.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "data/scene/queue.h"
#include "data/scene/source.h"
#include "framework/core/check.h"

namespace cf {

// Adds the seconds that it lives.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds), begin_(Clock::now()) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(Clock::now() - begin_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  Clock::time_point begin_;
};

// Reads parts ahead of whoever computes.
class PartReader {
 public:
  PartReader(SceneSource& source, std::vector<PartRequest> requests)
      : thread_([this, &source, todo = std::move(requests)] {
          try {
            for (const PartRequest& request : todo) {
              std::optional<RawPart> part;
              {
                const Stopwatch watch(seconds_);
                part = source.read(request);
              }
              if (!queue_.push(std::move(*part))) return;
            }
          } catch (...) {
            error_ = std::current_exception();
          }
          queue_.close();
        }) {}
  ~PartReader() { queue_.abandon(); }
  PartReader(const PartReader&) = delete;
  PartReader& operator=(const PartReader&) = delete;

  RawPart next() {
    std::optional<RawPart> part = queue_.pop();
    if (part) return std::move(*part);
    thread_.join();
    if (error_) std::rethrow_exception(error_);
    fail("scene: a part was asked for behind the last one");
  }
  // Once all parts were taken.
  double seconds() {
    queue_.abandon();
    if (thread_.joinable()) thread_.join();
    return seconds_;
  }

 private:
  BoundedQueue<RawPart> queue_{1};
  double seconds_ = 0;
  std::exception_ptr error_;
  std::jthread thread_;  // the last member: it uses the others
};

// Writes parts behind whoever computes.
class PartWriter {
 public:
  explicit PartWriter(RasterWriter& writer)
      : thread_([this, &writer] {
          try {
            while (const std::optional<Part> part = queue_.pop()) {
              const Stopwatch watch(seconds_);
              writer.write_stored(part->window, std::as_bytes(part->samples.span<std::uint8_t>()));
            }
          } catch (...) {
            error_ = std::current_exception();
            queue_.abandon();
          }
        }) {}
  ~PartWriter() { queue_.abandon(); }
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  void put(const Window& window, Tensor samples) {
    if (!queue_.push({window, std::move(samples)})) end();
  }
  // Waits until all is written; the seconds that it took.
  double end() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
    if (error_) std::rethrow_exception(error_);
    return seconds_;
  }

 private:
  struct Part {
    Window window;
    Tensor samples;
  };
  BoundedQueue<Part> queue_{1};
  double seconds_ = 0;
  std::exception_ptr error_;
  std::jthread thread_;
};

}  // namespace cf

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "framework/core/check.h"
#include "framework/dist/frames.h"
#include "framework/dist/groups.h"
#include "framework/dist/host_sums.h"
#include "framework/dist/watch.h"

namespace cf {
namespace {

class Done final : public PendingSum {
 public:
  void wait() override {}
};

// One frame of several texts: the length of each in front of it.
std::string packed(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    const std::uint64_t length = text.size();
    all.append(reinterpret_cast<const char*>(&length), sizeof(length)).append(text);
  }
  return all;
}

std::vector<std::string> unpacked(const std::string& all) {
  std::vector<std::string> texts;
  std::uint64_t length = 0;
  for (std::size_t at = 0; at + sizeof(length) <= all.size(); at += length) {
    std::memcpy(&length, all.data() + at, sizeof(length));
    at += sizeof(length);
    texts.push_back(all.substr(at, length));
  }
  return texts;
}

// Everything is one exchange: each rank's bytes to rank 0, all of them from there to each.
class SocketGroup final : public OpenGroup {
 public:
  SocketGroup(int rank, int size, std::vector<FrameSocket> sockets) : rank_(rank), size_(size), sockets_(std::move(sockets)) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  std::string backend() const override { return "socket"; }

  void sum(const Tensor& values) override;
  std::unique_ptr<PendingSum> begin_sum(const Tensor& values) override {
    sum(values);
    return std::make_unique<Done>();
  }
  void tree_sum(const Tensor& values) override;
  void broadcast(const Tensor& values, int root) override {
    check_summed(values);
    const std::string sent = broadcast_text(rank_ == root ? bytes(values) : "", root);
    if (rank_ != root) copy_in(values, sent);
  }
  std::string broadcast_text(const std::string& text, int root) override {
    check(root >= 0 && root < size_, "ranks: there is no rank {} among {}", root, size_);
    return exchange(rank_ == root ? text : "")[static_cast<std::size_t>(root)];
  }
  std::vector<std::string> all_gather_text(const std::string& text) override { return exchange(text); }
  std::vector<std::string> gather_text(const std::string& text) override;
  void barrier() override { exchange(""); }
  void finish() override { sockets_.clear(); }

 private:
  static std::string bytes(const Tensor& values) {
    return {static_cast<const char*>(values.cview().data), static_cast<std::size_t>(bytes_of(values))};
  }
  static void copy_in(const Tensor& values, const std::string& from) {
    check(from.size() == static_cast<std::size_t>(bytes_of(values)), "ranks: a tensor of {} bytes met one of {}",
          bytes_of(values), from.size());
    std::memcpy(values.view().data, from.data(), from.size());
  }
  std::vector<std::string> gathered(const Tensor& values) {
    check_summed(values);
    std::vector<std::string> all = exchange(bytes(values));
    for (const std::string& one : all) {
      check(one.size() == all.front().size(), "ranks: a tensor of {} bytes met one of {}", all.front().size(), one.size());
    }
    return all;
  }

  // What all have sent, on rank 0; nothing elsewhere.
  std::vector<std::string> collect(const std::string& mine);
  std::vector<std::string> exchange(const std::string& mine);
  std::string receive(FrameSocket& socket, int rank);
  void send(FrameSocket& socket, const std::string& message, int rank);

  int rank_;
  int size_;
  std::vector<FrameSocket> sockets_;  // rank 0: to 1, 2, ...; others: to 0
};

std::string SocketGroup::receive(FrameSocket& socket, int rank) {
  std::optional<std::string> message;
  watch::wait_until([&] {
    message = socket.get();
    return message || socket.broken();
  });
  if (!message) watch::lost(rank);
  return std::move(*message);
}

void SocketGroup::send(FrameSocket& socket, const std::string& message, int rank) {
  socket.put(message);
  watch::wait_until([&] { return socket.flush(); });
  if (socket.broken()) watch::lost(rank);
}

std::vector<std::string> SocketGroup::collect(const std::string& mine) {
  if (rank_ > 0) {
    send(sockets_.front(), mine, 0);
    return {};
  }
  std::vector<std::string> all = {mine};
  for (int rank = 1; rank < size_; ++rank) all.push_back(receive(sockets_[static_cast<std::size_t>(rank - 1)], rank));
  return all;
}

// Rank 0 answers, so that a rank that is ahead does not fill its memory.
std::vector<std::string> SocketGroup::gather_text(const std::string& text) {
  const std::vector<std::string> all = collect(text);
  broadcast_text("", 0);
  return all;
}

std::vector<std::string> SocketGroup::exchange(const std::string& mine) {
  const std::vector<std::string> all = collect(mine);
  if (rank_ > 0) return unpacked(receive(sockets_.front(), 0));
  const std::string answer = packed(all);
  for (int rank = 1; rank < size_; ++rank) send(sockets_[static_cast<std::size_t>(rank - 1)], answer, rank);
  return all;
}

// All add up the same values in the same order.
void SocketGroup::sum(const Tensor& values) {
  const std::vector<std::string> all = gathered(values);
  copy_in(values, all.front());
  for (std::size_t rank = 1; rank < all.size(); ++rank) add_values(values, all[rank].data());
}

void SocketGroup::tree_sum(const Tensor& values) {
  check_tree(size_);
  std::vector<Tensor> terms;
  for (const std::string& one : gathered(values)) {
    terms.push_back(Tensor::empty(values.shape(), values.dtype()));
    copy_in(terms.back(), one);
  }
  for (std::size_t step = 1; step < terms.size(); step *= 2) {
    for (std::size_t rank = 0; rank < terms.size(); rank += 2 * step) add_values(terms[rank], terms[rank + step].cview().data);
  }
  values.copy_from(terms.front());
}

}  // namespace

std::unique_ptr<OpenGroup> socket_group(const RankPlace& place) {
  std::vector<FrameSocket> sockets;
  const char* at = place.sockets.data();
  const char* const end = at + place.sockets.size();
  while (at < end) {
    int number = -1;
    const auto [next, error] = std::from_chars(at, end, number);
    check(error == std::errc() && number > 2, "{}: not of cfrun", place.variable);
    sockets.emplace_back(Descriptor(number));
    at = next == end ? end : next + 1;
  }
  const std::size_t expected = place.rank > 0 ? 1 : static_cast<std::size_t>(place.size) - 1;
  check(sockets.size() == expected, "{}: {} connections, expected {}", place.variable, sockets.size(), expected);
  return std::make_unique<SocketGroup>(place.rank, place.size, std::move(sockets));
}

}  // namespace cf

#include "framework/dist/watch_connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>

#include "framework/core/check.h"
#include "framework/core/host_name.h"

namespace cf::watch {
namespace {

constexpr int kConnectMilliseconds = 5000;
constexpr auto kAcceptTime = std::chrono::seconds(20);
constexpr const char* kLoopback = "127.0.0.1";

std::string words_of(int error) { return std::strerror(error); }

// Two machines may have one name; a kernel that was started is told apart.
std::string machine() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  return host_name() + " " + boot;
}

std::string secret() {
  std::array<unsigned char, 16> bytes{};
  check(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()), "ranks: no random numbers: {}",
        words_of(errno));
  std::string text;
  for (const unsigned char b : bytes) text += fmt::format("{:02x}", b);
  return text;
}

// This machine's IPv4 addresses, by which others may reach it.
std::vector<std::string> addresses() {
  std::vector<std::string> found;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return found;
  for (const ifaddrs* a = all; a != nullptr; a = a->ifa_next) {
    if (a->ifa_addr == nullptr || a->ifa_addr->sa_family != AF_INET) continue;
    if ((a->ifa_flags & IFF_UP) == 0 || (a->ifa_flags & IFF_LOOPBACK) != 0) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(a->ifa_addr);
    if (::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()) != nullptr) found.emplace_back(text.data());
  }
  ::freeifaddrs(all);
  return found;
}

sockaddr_in endpoint(const std::string& address, std::uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  check(::inet_pton(AF_INET, address.c_str(), &to.sin_addr) == 1, "ranks: '{}' is no address", address);
  return to;
}

struct Listener {
  Descriptor socket;
  std::uint16_t port = 0;
};

Listener listen_on(const std::string& address, int ranks) {
  Listener made{Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), 0};
  sockaddr_in to = endpoint(address, 0);
  socklen_t length = sizeof(to);
  auto* raw = reinterpret_cast<sockaddr*>(&to);
  const bool ok = made.socket && ::bind(made.socket.number(), raw, length) == 0 && ::listen(made.socket.number(), ranks) == 0 &&
                  ::getsockname(made.socket.number(), raw, &length) == 0;
  check(ok, "ranks: rank 0 on {} cannot listen for the other ranks: {}", host_name(), words_of(errno));
  made.port = ntohs(to.sin_port);
  return made;
}

// Small messages shall leave at once.
FrameSocket frames_over(Descriptor socket) {
  const int on = 1;
  ::setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return FrameSocket(std::move(socket));
}

// Empty where it worked, else why not.
std::string try_connect(const std::string& address, std::uint16_t port, Descriptor& connected) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_in to = endpoint(address, port);
  if (::connect(socket.number(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 && errno != EINPROGRESS)
    return words_of(errno);
  pollfd wait{socket.number(), POLLOUT, 0};
  if (::poll(&wait, 1, kConnectMilliseconds) <= 0) return "no answer";
  int error = 0;
  socklen_t length = sizeof(error);
  ::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return words_of(error);
  connected = std::move(socket);
  return {};
}

// What rank 0 tells the others: a secret, a port, addresses.
struct Invitation {
  std::string secret;
  std::uint16_t port = 0;
  std::vector<std::string> addresses;

  std::string text() const {
    std::string all = fmt::format("{} {}", secret, port);
    for (const std::string& address : addresses) all += " " + address;
    return all;
  }
  static Invitation of(const std::string& text) {
    Invitation invitation;
    std::istringstream in(text);
    in >> invitation.secret >> invitation.port;
    for (std::string address; in >> address;) invitation.addresses.push_back(address);
    return invitation;
  }
};

// Takes in all ranks; whoever does not know the secret is turned away.
std::vector<FrameSocket> accept_ranks(const Listener& listener, int size, const std::string& secret) {
  std::vector<FrameSocket> ranks(static_cast<std::size_t>(size));
  std::vector<FrameSocket> unknown;
  const auto deadline = std::chrono::steady_clock::now() + kAcceptTime;
  int missing = size - 1;
  while (missing > 0) {
    check(std::chrono::steady_clock::now() < deadline, "ranks: {} of {} ranks did not come to be watched", missing, size);
    Descriptor next(::accept4(listener.socket.number(), nullptr, nullptr, SOCK_CLOEXEC));
    if (next) unknown.push_back(frames_over(std::move(next)));
    for (FrameSocket& socket : unknown) {
      const auto hello = socket.get();
      if (!hello) continue;
      std::istringstream in(*hello);
      std::string word;
      std::size_t rank = 0;
      if (!(in >> word >> rank) || word != secret || rank == 0 || rank >= ranks.size() || ranks[rank]) continue;
      ranks[rank] = std::move(socket);
      --missing;
    }
    std::erase_if(unknown, [](const FrameSocket& socket) { return !socket || socket.broken(); });
    pollfd wait{listener.socket.number(), POLLIN, 0};
    if (missing > 0) ::poll(&wait, 1, 10);
  }
  return ranks;
}

// The connection to rank 0; `why` where there is none.
FrameSocket join(const Invitation& invitation, int rank, std::string& why) {
  for (const std::string& address : invitation.addresses) {
    Descriptor connected;
    const std::string failure = try_connect(address, invitation.port, connected);
    if (failure.empty()) {
      FrameSocket socket = frames_over(std::move(connected));
      socket.put(fmt::format("{} {}", invitation.secret, rank));
      why.clear();
      return socket;
    }
    why += fmt::format("{}{}:{}: {}", why.empty() ? "" : ", ", address, invitation.port, failure);
  }
  if (why.empty()) why = "it has no address";
  return {};
}

}  // namespace

std::vector<FrameSocket> connect(ProcessGroup& group) {
  const std::vector<std::string> machines = group.all_gather_text(machine());
  const auto here = [&](const std::string& name) { return name == machines.front(); };
  Listener listener;
  Invitation invitation;
  if (group.rank() == 0) {
    const bool one_machine = std::all_of(machines.begin(), machines.end(), here);
    listener = listen_on(one_machine ? kLoopback : "0.0.0.0", group.size());
    invitation = {secret(), listener.port, addresses()};
  }
  invitation = Invitation::of(group.broadcast_text(invitation.text(), 0));
  if (here(machine())) invitation.addresses = {kLoopback};

  std::vector<FrameSocket> made;
  std::string why;
  if (group.rank() > 0) made.push_back(join(invitation, group.rank(), why));
  const std::vector<std::string> failures = group.all_gather_text(why);
  for (std::size_t rank = 0; rank < failures.size(); ++rank) {
    check(failures[rank].empty(),
          "ranks: rank {} on {} cannot reach rank 0 on {} to be watched ({}). Let their machines connect to each other's ports",
          rank, machines[rank].substr(0, machines[rank].find(' ')), machines[0].substr(0, machines[0].find(' ')), failures[rank]);
  }
  return group.rank() == 0 ? accept_ranks(listener, group.size(), invitation.secret) : std::move(made);
}

}  // namespace cf::watch

// The two roles of the watch's thread. Messages: "beat ..." (Report), "fail code reason" and "left" to rank 0; "beat",
// "verdict rank code host reason" and "end" from it.
#include <algorithm>
#include <memory>
#include <sstream>

#include "framework/core/check.h"
#include "framework/dist/watch_posts.h"

namespace cf::watch {
namespace {

// A rank that left while another waits for it made fewer calls than that; messages under way are given this time.
constexpr double kLeftSeconds = 3;
constexpr const char* kDied = "died: its connection to the other ranks closed";

std::string silent(double seconds) {
  return fmt::format("gave no sign of life for {:.0f} s: its machine is gone or its process is stopped", seconds);
}

std::string rest_of(std::istringstream& in) {
  std::string rest;
  std::getline(in >> std::ws, rest, '\0');
  return rest;
}

// Rank 0: judges by what the others report.
class Chair final : public Post {
 public:
  Chair(std::vector<std::string> hosts, std::vector<FrameSocket> sockets, Options options, const Life& life)
      : Post(0, std::move(sockets), std::move(options), life),
        hosts_(std::move(hosts)),
        reports_(hosts_.size()),
        silence_(hosts_.size()) {}
  ~Chair() override { stop(); }

 protected:
  void report_failure(const Verdict& own) override { decide(own); }
  void report_leaving() override {}

  void look(double seconds) override {
    reports_[0] = own();
    for (std::size_t rank = 1; rank < sockets_.size() && !judged(); ++rank) listen(rank, seconds);
    if (!judged()) judge_hanging();
    if (judged()) return;
    for (FrameSocket& socket : sockets_) {
      if (beat_due() && socket && !socket.broken()) socket.put("beat");
    }
    if (!std::all_of(reports_.begin(), reports_.end(), [](const Report& r) { return r.left; })) return;
    send("end");
    all_left();
  }

 private:
  void send(const std::string& message) {
    for (FrameSocket& socket : sockets_) {
      if (socket) socket.put(message);
    }
  }

  // Announced and sent before this rank's own threads hear of it and end the process.
  void decide(const Verdict& verdict) {
    if (options().announce) options().announce(verdict);
    send(fmt::format("verdict {} {} {} {}", verdict.rank, verdict.code, verdict.host, verdict.reason));
    judge(verdict);
  }
  void decide(std::size_t rank, const std::string& reason, int code = 1) {
    decide(Verdict{static_cast<int>(rank), hosts_[rank], reason, code});
  }

  void listen(std::size_t rank, double seconds) {
    silence_[rank] += seconds;
    while (const auto message = sockets_[rank].get()) {
      silence_[rank] = 0;
      std::istringstream in(*message);
      std::string word;
      in >> word;
      if (word == "beat") reports_[rank] = Report::of(*message);
      if (word == "left") reports_[rank].left = true;
      if (word != "fail") continue;
      int code = 1;
      in >> code;
      return decide(rank, rest_of(in), code);
    }
    if (sockets_[rank].broken()) return decide(rank, kDied);
    if (silence_[rank] > options().silence_seconds) decide(rank, silent(options().silence_seconds));
  }

  // Of those that hang the one that did least is why the others do.
  template <class F>
  std::size_t least(F&& counts) const {
    std::size_t found = reports_.size();
    for (std::size_t rank = 0; rank < reports_.size(); ++rank) {
      const bool fewer = found == reports_.size() || reports_[rank].steps < reports_[found].steps ||
                         (reports_[rank].steps == reports_[found].steps && reports_[rank].idle > reports_[found].idle);
      if (counts(reports_[rank]) && fewer) found = rank;
    }
    return found;
  }

  void judge_hanging() {
    const bool waited_for = std::any_of(reports_.begin(), reports_.end(), [](const Report& r) { return r.stuck > kLeftSeconds; });
    const std::size_t left = least([](const Report& r) { return r.left; });
    if (waited_for && left < reports_.size()) return decide(left, "ended its work while other ranks wait for it");
    const double limit = hang_seconds();
    if (limit <= 0) return;
    const std::size_t idle = least([&](const Report& r) { return !r.left && r.idle > limit; });
    if (idle < reports_.size()) return decide(idle, fmt::format("hangs: it made no progress for {} s", limit));
    const bool all = std::all_of(reports_.begin(), reports_.end(), [&](const Report& r) { return r.stuck > limit; });
    if (all)
      decide(least([](const Report&) { return true; }), fmt::format("waits for the others, and they for it, for {} s", limit));
  }

  std::vector<std::string> hosts_;
  std::vector<Report> reports_;
  std::vector<double> silence_;
};

// The others: report, and hear the verdict.
class Member final : public Post {
 public:
  Member(int rank, std::string chair, std::vector<FrameSocket> sockets, Options options, const Life& life)
      : Post(rank, std::move(sockets), std::move(options), life), chair_(std::move(chair)) {}
  ~Member() override { stop(); }

 protected:
  void report_failure(const Verdict& own) override { socket().put(fmt::format("fail {} {}", own.code, own.reason)); }
  void report_leaving() override { socket().put("left"); }

  void look(double seconds) override {
    silence_ += seconds;
    while (const auto message = socket().get()) {
      silence_ = 0;
      std::istringstream in(*message);
      std::string word;
      in >> word;
      if (word == "end") return all_left();
      if (word != "verdict") continue;
      Verdict verdict;
      in >> verdict.rank >> verdict.code >> verdict.host;
      verdict.reason = rest_of(in);
      return judge(verdict);
    }
    if (socket().broken()) return chair_lost(kDied);
    if (silence_ > options().silence_seconds) return chair_lost(silent(options().silence_seconds));
    if (beat_due()) socket().put(own().text());
  }

 private:
  FrameSocket& socket() { return sockets_.front(); }

  void chair_lost(const std::string& reason) {
    const Verdict verdict{0, chair_, reason, 1};
    if (rank() == 1 && options().announce) options().announce(verdict);
    judge(verdict);
  }

  std::string chair_;  // rank 0's host
  double silence_ = 0;
};

}  // namespace

std::unique_ptr<Post> make_post(int rank, std::vector<std::string> hosts, std::vector<FrameSocket> sockets, Options options,
                                const Life& life) {
  if (rank == 0) return std::make_unique<Chair>(std::move(hosts), std::move(sockets), std::move(options), life);
  return std::make_unique<Member>(rank, hosts.front(), std::move(sockets), std::move(options), life);
}

}  // namespace cf::watch

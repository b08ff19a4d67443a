// One rank of the tests: dist_ranks SCENARIO, started by mpirun, by cfrun's launcher or by itself. Exit code 0 where all was as
// it should be, 2 with a message where not; scenarios of failing ranks end as their names say.
#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <thread>

#include "framework/core/check.h"
#include "framework/core/rng.h"
#include "framework/dist/groups.h"
#include "framework/dist/watch.h"

namespace cf {
namespace {

// Sizes about the places where MPI changes its ways, and an odd one.
constexpr std::int64_t kSizes[] = {1, 3, 1000, 40'001, 300'024};

// Values of many magnitudes, whose sum depends on the order. Different on each rank.
template <class T>
Tensor wild(std::int64_t size, int rank) {
  const Philox rng = make_rng(7, RngStream::test, static_cast<std::uint64_t>(rank));
  Tensor t = Tensor::empty({size}, DTypeOf<T>::value);
  std::uint64_t i = 0;
  for (T& v : t.span<T>()) {
    const double magnitude = rng.uniform(i++) * 12 - 6;
    v = static_cast<T>((rng.uniform(i++) - 0.5) * std::pow(10.0, magnitude));
  }
  return t;
}

template <class T>
std::string bits(const Tensor& t) {
  return {reinterpret_cast<const char*>(t.span<T>().data()), t.span<T>().size_bytes()};
}

// The sum over all ranks to double precision, and of the absolute values, which bounds the error.
template <class T>
void check_near_sum(const Tensor& sum, std::int64_t size, int ranks) {
  std::vector<Tensor> all;
  for (int rank = 0; rank < ranks; ++rank) all.push_back(wild<T>(size, rank));
  for (std::int64_t i = 0; i < size; ++i) {
    double exact = 0;
    double largest = 0;
    for (const Tensor& t : all) {
      exact += static_cast<double>(t.span<T>()[static_cast<std::size_t>(i)]);
      largest += std::abs(static_cast<double>(t.span<T>()[static_cast<std::size_t>(i)]));
    }
    const double error = std::abs(static_cast<double>(sum.span<T>()[static_cast<std::size_t>(i)]) - exact);
    check(error <= static_cast<double>(std::numeric_limits<T>::epsilon()) * ranks * largest, "value {} of {}: off by {}", i, size,
          error);
  }
}

template <class T>
void check_equal_bits(ProcessGroup& group, const Tensor& t, const char* what) {
  const std::string mine = bits<T>(t);
  check(group.broadcast_text(mine, 0) == mine, "{} of {} values differs between rank 0 and {}", what, t.numel(), group.rank());
}

// What tree_sum() promises, added up by one rank alone.
template <class T>
Tensor tree_of(std::int64_t size, int ranks) {
  std::vector<Tensor> terms;
  for (int rank = 0; rank < ranks; ++rank) terms.push_back(wild<T>(size, rank));
  for (std::size_t step = 1; step < terms.size(); step *= 2) {
    for (std::size_t rank = 0; rank + step < terms.size(); rank += 2 * step) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i)
        terms[rank].span<T>()[i] += terms[rank + step].span<T>()[i];
    }
  }
  return terms.front();
}

template <class T>
void check_sums(ProcessGroup& group) {
  for (const std::int64_t size : kSizes) {
    const Tensor sum = wild<T>(size, group.rank());
    group.sum(sum);
    check_near_sum<T>(sum, size, group.size());
    check_equal_bits<T>(group, sum, "the sum");

    // Several under way, with work between.
    std::vector<Tensor> begun;
    std::vector<std::unique_ptr<PendingSum>> pending;
    for (int i = 0; i < 3; ++i) {
      begun.push_back(wild<T>(size, group.rank()));
      pending.push_back(group.begin_sum(begun.back()));
    }
    for (const auto& one : pending) one->wait();
    for (const Tensor& t : begun) {
      check_near_sum<T>(t, size, group.size());
      check_equal_bits<T>(group, t, "the sum that was begun");
    }

    const Tensor sent = wild<T>(size, group.rank());
    group.broadcast(sent, group.size() - 1);
    check(bits<T>(sent) == bits<T>(wild<T>(size, group.size() - 1)), "a broadcast of {} values came changed", size);

    if ((group.size() & (group.size() - 1)) != 0) continue;
    const Tensor tree = wild<T>(size, group.rank());
    group.tree_sum(tree);
    check(bits<T>(tree) == bits<T>(tree_of<T>(size, group.size())), "a tree sum of {} values has other bits", size);
  }
}

void check_texts(ProcessGroup& group) {
  const auto text_of = [](int rank) {
    return std::string(static_cast<std::size_t>(rank) * 70'000, static_cast<char>('a' + rank));
  };
  for (int root = 0; root < group.size(); ++root) {
    check(group.broadcast_text(text_of(group.rank()), root) == text_of(root), "the text of rank {} came changed", root);
  }
  const std::vector<std::string> all = group.all_gather_text(text_of(group.rank()));
  check(all.size() == static_cast<std::size_t>(group.size()), "{} texts of {} ranks", all.size(), group.size());
  for (int rank = 0; rank < group.size(); ++rank) {
    check(all[static_cast<std::size_t>(rank)] == text_of(rank), "the text of rank {} came changed", rank);
  }
  const std::vector<std::string> first = group.gather_text(text_of(group.rank()));
  check(first == (group.rank() == 0 ? all : std::vector<std::string>()), "texts on the first rank came changed");
  check(group.all_gather_text("").back().empty(), "an empty text came changed");
  group.barrier();
}

void check_refusals(ProcessGroup& group) {
  const auto refused = [](const char* what, const std::function<void()>& fn) {
    try {
      fn();
    } catch (const Error&) {
      return;
    }
    fail("{} was not refused", what);
  };
  refused("a rank that is not there", [&] { group.broadcast_text("", group.size()); });
  if (group.size() == 1) return;
  refused("a tensor of integers", [&] { group.sum(Tensor::zeros({2}, DType::i64)); });
  refused("no tensor", [&] { group.sum(Tensor()); });
  if ((group.size() & (group.size() - 1)) == 0) return;
  refused("a tree of ranks that are no power of two", [&] { group.tree_sum(Tensor::zeros({2})); });
}

void everything(ProcessGroup& group) {
  check_sums<float>(group);
  check_sums<double>(group);
  check_texts(group);
  check_refusals(group);
}

// Steps until the run ends; `last` is what rank `who` does after some of them.
void steps(ProcessGroup& group, int who, const std::function<void()>& last) {
  const Tensor values = Tensor::zeros({1000});
  for (int step = 0;; ++step) {
    watch::progress();
    if (step == 20 && group.rank() == who) last();
    group.sum(values);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void sleep_for_ever() {
  while (true) std::this_thread::sleep_for(std::chrono::seconds(1));
}

using Scenario = std::function<void(ProcessGroup&)>;

const std::map<std::string, Scenario>& scenarios() {
  static const std::map<std::string, Scenario> all = {
      {"everything", everything},
      {"dies", [](ProcessGroup& g) { steps(g, 1, [] { ::kill(::getpid(), SIGKILL); }); }},
      {"chair_dies", [](ProcessGroup& g) { steps(g, 0, [] { ::kill(::getpid(), SIGKILL); }); }},
      {"is_stopped", [](ProcessGroup& g) { steps(g, 1, [] { ::kill(::getpid(), SIGSTOP); }); }},
      {"exits", [](ProcessGroup& g) { steps(g, 1, [] { std::exit(0); }); }},
      {"fails", [](ProcessGroup& g) { steps(g, 1, [] { fail("the loss is nan at step {}", 21); }); }},
      {"hangs",
       [](ProcessGroup& g) {
         watch::set_hang_seconds(2);
         steps(g, 1, sleep_for_ever);
       }},
      {"all_wait",
       [](ProcessGroup&) {
         watch::set_hang_seconds(2);
         watch::wait_until([] { return false; });
       }},
      {"leaves",
       [](ProcessGroup& g) {
         if (g.rank() != 1) g.barrier();
       }},
      {"all_hang",
       [](ProcessGroup&) {
         watch::set_hang_seconds(2);
         sleep_for_ever();
       }},
      {"slow",
       [](ProcessGroup& g) {
         // Slow, but within the time; the others wait for it longer than that in all.
         watch::set_hang_seconds(1.5);
         for (int step = 0; step < 5; ++step) {
           if (g.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(700));
           watch::progress();
           g.barrier();
         }
       }},
  };
  return all;
}

int run(const std::string& name) {
  const auto found = scenarios().find(name);
  check(found != scenarios().end(), "'{}' is no scenario", name);
  const RankPlace place = rank_place();
  if (place.starter == RankPlace::Starter::none) {
    found->second(*single_group());
    return 0;
  }
  const std::unique_ptr<OpenGroup> group = place.starter == RankPlace::Starter::mpi ? mpi_group(place) : socket_group(place);
  watch::Options options;
  options.announce = [](const Verdict& verdict) { fmt::print(stderr, "announced: {}\n", verdict.text()); };
  watch::open(*group, std::move(options));
  try {
    found->second(*group);
    watch::leave();
  } catch (const Error& e) {
    std::_Exit(watch::report_failure(e.what(), 2).code);
  }
  group->finish();
  return 0;
}

}  // namespace
}  // namespace cf

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  try {
    // dist_ranks --sockets N SCENARIO starts N ranks of itself.
    if (words.size() == 4 && words[1] == "--sockets") return cf::run_connected({words[0], words[3]}, std::stoi(words[2]));
    return cf::run(words.size() > 1 ? words[1] : "");
  } catch (const std::exception& e) {
    fmt::print(stderr, "dist_ranks: {}\n", e.what());
    return 2;
  }
}

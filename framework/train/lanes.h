// Computations side by side that take turns: one works while the others stand still, and they meet where each needs something
// of all.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cf {

// Each lane is a thread, because a computation that stands still keeps its place in code that knows nothing of lanes: the graph
// of a micro-batch waits inside of batch normalisation for the sums of the others.
class Lanes {
 public:
  using Work = std::function<void(std::int64_t lane)>;

  // `on_turn(lane)` is called whenever a lane begins or goes on.
  Lanes(std::int64_t count, Work on_turn);
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  std::int64_t count() const { return static_cast<std::int64_t>(meetings_.size()); }
  // Does work(0), work(1), ... up to each other's meetings, in this order, and returns when all are done. Throws what a lane
  // threw; the others are then given up at their next meeting.
  void run(const Work& work);
  // Called by a lane's work: stands still until every lane came here, then `together` is called once and all go on. Every lane
  // meets the others equally often.
  void meet(std::int64_t lane, const std::function<void()>& together);

 private:
  struct GivenUp {};  // thrown in lanes that stand still when another fails

  void live(std::int64_t lane, int threads);
  bool await_round(std::int64_t lane, std::int64_t round);
  void await_turn(std::int64_t lane);
  void note_failure();
  void end_of_lane(std::int64_t lane);

  Work on_turn_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  const Work* work_ = nullptr;
  std::int64_t round_ = 0;  // runs so far
  std::int64_t turn_ = -1;  // the lane that works
  std::int64_t done_ = 0;   // lanes that ended this round
  std::vector<std::int64_t> meetings_;
  std::exception_ptr failure_;
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace cf

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "framework/core/check.h"
#include "framework/dist/groups.h"
#include "framework/dist/host_sums.h"
#include "framework/dist/mpi_module.h"
#include "framework/dist/watch.h"

namespace cf {
namespace {

// Between two looks at sums that are under way beside the computation.
constexpr auto kTendPause = std::chrono::microseconds(200);

// Operations that end together. Holds the tensor, so that its memory stays where MPI writes.
struct Operation {
  std::vector<MpiChannel::Request> parts;
  Tensor values;

  bool done() const {
    return std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part->done(); });
  }
};

using OperationPtr = std::shared_ptr<Operation>;

// MPI, called by one thread at a time. It moves messages on only inside its calls, so a thread makes some while sums are under
// way beside the computation.
class Conductor {
 public:
  explicit Conductor(std::unique_ptr<MpiChannel> channel) : channel_(std::move(channel)) {
    if (channel_->threads() && channel_->size() > 1) thread_ = std::thread([this] { tend(); });
  }
  ~Conductor() { stop(); }
  Conductor(const Conductor&) = delete;
  Conductor& operator=(const Conductor&) = delete;

  int rank() const { return channel_->rank(); }
  int size() const { return channel_->size(); }

  // Begins what `begin(channel)` returns.
  template <class F>
  MpiChannel::Request begin(F&& fn) {
    const std::scoped_lock lock(mutex_);
    return fn(*channel_);
  }
  // Looks after it until it is done.
  void tend(const OperationPtr& operation) {
    {
      const std::scoped_lock lock(mutex_);
      under_way_.push_back(operation);
    }
    more_.notify_one();
  }
  void await(const Operation& operation) {
    watch::wait_until([&] {
      const std::scoped_lock lock(mutex_);
      return operation.done();
    });
  }
  void finish() {
    stop();
    channel_->finish();
  }

 private:
  void stop() {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    more_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void tend() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      more_.wait(lock, [&] { return stop_ || !under_way_.empty(); });
      try {
        std::erase_if(under_way_, [](const OperationPtr& operation) { return operation->done(); });
      } catch (const Error&) {
        under_way_.clear();  // who waits for it meets the same
      }
      lock.unlock();
      std::this_thread::sleep_for(kTendPause);
      lock.lock();
    }
  }

  std::unique_ptr<MpiChannel> channel_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::vector<OperationPtr> under_way_;
  bool stop_ = false;
  std::thread thread_;
};

class MpiSum final : public PendingSum {
 public:
  MpiSum(Conductor& conductor, OperationPtr operation) : conductor_(conductor), operation_(std::move(operation)) {}
  void wait() override { conductor_.await(*operation_); }

 private:
  Conductor& conductor_;
  OperationPtr operation_;
};

class MpiGroup final : public OpenGroup {
 public:
  explicit MpiGroup(std::unique_ptr<MpiChannel> channel) : mpi_(std::move(channel)) {}

  int rank() const override { return mpi_.rank(); }
  int size() const override { return mpi_.size(); }
  std::string backend() const override { return "mpi"; }

  void sum(const Tensor& values) override { mpi_.await(*start_sum(values)); }
  std::unique_ptr<PendingSum> begin_sum(const Tensor& values) override {
    OperationPtr operation = start_sum(values);
    mpi_.tend(operation);
    return std::make_unique<MpiSum>(mpi_, std::move(operation));
  }
  void tree_sum(const Tensor& values) override;
  void broadcast(const Tensor& values, int root) override {
    check_summed(values);
    broadcast_bytes(values.view().data, bytes_of(values), root);
  }
  std::string broadcast_text(const std::string& text, int root) override;
  std::vector<std::string> all_gather_text(const std::string& text) override;
  std::vector<std::string> gather_text(const std::string& text) override;
  void barrier() override {
    run([](MpiChannel& channel) { return channel.barrier(); });
  }
  void finish() override { mpi_.finish(); }

 private:
  OperationPtr start_sum(const Tensor& values);
  // Begins one operation and waits for it.
  template <class F>
  void run(F&& fn) {
    Operation operation;
    operation.parts.push_back(mpi_.begin(fn));
    mpi_.await(operation);
  }
  void broadcast_bytes(void* data, std::int64_t bytes, int root);
  void send(const void* data, std::int64_t bytes, int to);
  void receive(void* data, std::int64_t bytes, int from);
  void gather(const void* mine, std::int64_t bytes, void* all) {
    run([&](MpiChannel& channel) { return channel.gather(mine, bytes, all); });
  }

  Conductor mpi_;
};

// Calls fn(begin, count) for pieces of [0, n) that MPI can count.
template <class F>
void in_pieces(std::int64_t n, F&& fn) {
  for (std::int64_t begin = 0; begin < n; begin += kMpiMost) fn(begin, std::min(kMpiMost, n - begin));
}

OperationPtr MpiGroup::start_sum(const Tensor& values) {
  check_summed(values);
  auto operation = std::make_shared<Operation>();
  operation->values = values;
  const bool doubles = values.dtype() == DType::f64;
  auto* data = static_cast<std::byte*>(values.view().data);
  const std::int64_t width = doubles ? sizeof(double) : sizeof(float);
  in_pieces(values.numel(), [&](std::int64_t begin, std::int64_t count) {
    operation->parts.push_back(
        mpi_.begin([&](MpiChannel& channel) { return channel.sum(data + begin * width, count, doubles); }));
  });
  return operation;
}

void MpiGroup::tree_sum(const Tensor& values) {
  check_summed(values);
  check_tree(size());
  auto* data = static_cast<std::byte*>(values.view().data);
  const std::int64_t bytes = bytes_of(values);
  std::vector<std::byte> other;
  for (int step = 1; step < size(); step *= 2) {
    if (rank() % (2 * step) != 0) {
      send(data, bytes, rank() - step);
      break;
    }
    other.resize(static_cast<std::size_t>(bytes));
    receive(other.data(), bytes, rank() + step);
    add_values(values, other.data());
  }
  broadcast_bytes(data, bytes, 0);
}

void MpiGroup::broadcast_bytes(void* data, std::int64_t bytes, int root) {
  check(root >= 0 && root < size(), "ranks: there is no rank {} among {}", root, size());
  in_pieces(bytes, [&](std::int64_t begin, std::int64_t count) {
    run([&](MpiChannel& channel) { return channel.broadcast(static_cast<std::byte*>(data) + begin, count, root); });
  });
}

void MpiGroup::send(const void* data, std::int64_t bytes, int to) {
  in_pieces(bytes, [&](std::int64_t begin, std::int64_t count) {
    run([&](MpiChannel& channel) { return channel.send(static_cast<const std::byte*>(data) + begin, count, to); });
  });
}

void MpiGroup::receive(void* data, std::int64_t bytes, int from) {
  in_pieces(bytes, [&](std::int64_t begin, std::int64_t count) {
    run([&](MpiChannel& channel) { return channel.receive(static_cast<std::byte*>(data) + begin, count, from); });
  });
}

std::string MpiGroup::broadcast_text(const std::string& text, int root) {
  auto length = static_cast<std::int64_t>(text.size());
  broadcast_bytes(&length, sizeof(length), root);
  std::string sent = rank() == root ? text : std::string(static_cast<std::size_t>(length), '\0');
  broadcast_bytes(sent.data(), length, root);
  return sent;
}

// All texts are sent as long as the longest.
std::vector<std::string> MpiGroup::all_gather_text(const std::string& text) {
  const auto ranks = static_cast<std::size_t>(size());
  const auto length = static_cast<std::int64_t>(text.size());
  std::vector<std::int64_t> lengths(ranks);
  gather(&length, sizeof(length), lengths.data());
  const auto longest = static_cast<std::size_t>(*std::max_element(lengths.begin(), lengths.end()));
  std::string mine = text;
  mine.resize(longest);
  std::string all(longest * ranks, '\0');
  if (longest > 0) gather(mine.data(), static_cast<std::int64_t>(longest), all.data());
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < ranks; ++rank)
    texts.push_back(all.substr(rank * longest, static_cast<std::size_t>(lengths[rank])));
  return texts;
}

std::vector<std::string> MpiGroup::gather_text(const std::string& text) {
  const auto length = static_cast<std::int64_t>(text.size());
  std::vector<std::int64_t> lengths(static_cast<std::size_t>(size()));
  gather(&length, sizeof(length), lengths.data());
  if (rank() > 0) {
    send(text.data(), length, 0);
    return {};
  }
  std::vector<std::string> texts = {text};
  for (int from = 1; from < size(); ++from) {
    const std::int64_t bytes = lengths[static_cast<std::size_t>(from)];
    texts.emplace_back(static_cast<std::size_t>(bytes), '\0');
    receive(texts.back().data(), bytes, from);
  }
  return texts;
}

}  // namespace

std::unique_ptr<OpenGroup> mpi_group(const RankPlace& place) {
  const MpiModule& module = mpi_module();
  std::unique_ptr<MpiChannel> channel = module.open();
  check(channel->size() == place.size,
        "ranks: this process was started as one of {} ({}), but {} finds {}: another MPI started it. Use the mpirun of Open MPI "
        "4, or "
        "srun --mpi=pmix",
        place.size, place.variable, module.library(), channel->size());
  return std::make_unique<MpiGroup>(std::move(channel));
}

}  // namespace cf

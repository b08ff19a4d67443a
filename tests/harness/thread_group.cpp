#include "tests/harness/thread_group.h"

#include <bit>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "framework/core/check.h"

namespace cf::test {
namespace {

// Where the ranks lay down what they bring, and wait for each other.
class Table {
 public:
  explicit Table(int ranks) : tensors_(static_cast<std::size_t>(ranks)), texts_(tensors_.size()), calls_(tensors_.size()) {}

  std::size_t ranks() const { return tensors_.size(); }

  // Returns when all are here.
  void meet() {
    std::unique_lock lock(mutex_);
    check(!broken_, "another rank failed");
    const long round = round_;
    if (++here_ == ranks()) {
      here_ = 0;
      ++round_;
      changed_.notify_all();
      return;
    }
    changed_.wait(lock, [&] { return round_ != round || broken_; });
    check(round_ != round, "another rank failed");
  }

  // All ranks lay down what they bring to `call`; then `read` sees all of it, and nobody takes anything away before all have
  // read.
  void share(std::size_t rank, const std::string& call, const Tensor& tensor, const std::string& text,
             const std::function<void(const std::vector<Tensor>&, const std::vector<std::string>&)>& read) {
    calls_[rank] = call;
    tensors_[rank] = tensor;
    texts_[rank] = text;
    meet();
    for (const std::string& other : calls_) check(other == call, "a rank calls {}, another {}", call, other);
    read(tensors_, texts_);
    meet();
  }

  void fail(std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    if (error_ == nullptr) error_ = std::move(error);
    broken_ = true;
    changed_.notify_all();
  }
  std::exception_ptr error() const { return error_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t here_ = 0;
  long round_ = 0;
  bool broken_ = false;
  std::exception_ptr error_;  // the first
  std::vector<Tensor> tensors_;
  std::vector<std::string> texts_;
  std::vector<std::string> calls_;
};

template <class T>
void add(std::vector<T>& sum, const std::vector<T>& term) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += term[i];
}

class ThreadGroup final : public ProcessGroup {
 public:
  ThreadGroup(Table& table, int rank) : table_(table), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(table_.ranks()); }
  std::string backend() const override { return "threads"; }

  void sum(const Tensor& values) override { add_up(values, "sum", false); }
  std::unique_ptr<PendingSum> begin_sum(const Tensor& values) override {
    return std::make_unique<Pending>(*this, values, begun_++);
  }
  void tree_sum(const Tensor& values) override {
    check(std::has_single_bit(table_.ranks()), "a tree over {} ranks", table_.ranks());
    add_up(values, "tree_sum", true);
  }
  void broadcast(const Tensor& values, int root) override {
    table_.share(at(), call("broadcast", values), values, "", [&](const std::vector<Tensor>& all, const auto&) {
      if (root != rank_) values.copy_from(all[static_cast<std::size_t>(root)]);
    });
  }
  std::string broadcast_text(const std::string& text, int root) override {
    std::string result;
    table_.share(at(), "broadcast_text", {}, text,
                 [&](const auto&, const std::vector<std::string>& all) { result = all[static_cast<std::size_t>(root)]; });
    return result;
  }
  std::vector<std::string> all_gather_text(const std::string& text) override {
    std::vector<std::string> result;
    table_.share(at(), "all_gather_text", {}, text, [&](const auto&, const std::vector<std::string>& all) { result = all; });
    return result;
  }
  void barrier() override { table_.meet(); }

 private:
  // Travels when it is waited for.
  class Pending final : public PendingSum {
   public:
    Pending(ThreadGroup& group, const Tensor& values, long number) : group_(group), values_(values), number_(number) {}
    void wait() override {
      check(number_ == group_.waited_++, "sum {} is waited for out of its order, or again", number_);
      group_.add_up(values_, "begun sum " + std::to_string(number_), false);
    }

   private:
    ThreadGroup& group_;
    Tensor values_;
    long number_;
  };

  std::size_t at() const { return static_cast<std::size_t>(rank_); }
  static std::string call(const std::string& kind, const Tensor& t) {
    return kind + " of " + std::string(name_of(t.dtype())) + " " + t.shape().str();
  }

  void add_up(const Tensor& values, const std::string& kind, bool tree) {
    dispatch_float(values.dtype(), "thread group", [&](auto zero) {
      using T = decltype(zero);
      std::vector<std::vector<T>> all;
      table_.share(at(), call(kind, values), values, "", [&](const std::vector<Tensor>& tensors, const auto&) {
        for (const Tensor& t : tensors) all.push_back(t.to_vector<T>());
      });
      for (std::size_t step = 1; tree && step < all.size(); step *= 2) {
        for (std::size_t r = 0; r < all.size(); r += 2 * step) add(all[r], all[r + step]);
      }
      for (std::size_t r = 1; !tree && r < all.size(); ++r) add(all[0], all[r]);
      values.copy_from(Tensor::from(values.shape(), all[0]));
    });
  }

  Table& table_;
  int rank_;
  long begun_ = 0;
  long waited_ = 0;
};

}  // namespace

void run_ranks(int ranks, const std::function<void(ProcessGroup&)>& work) {
  Table table(ranks);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        ThreadGroup group(table, rank);
        work(group);
      } catch (...) {
        table.fail(std::current_exception());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (table.error() != nullptr) std::rethrow_exception(table.error());
}

}  // namespace cf::test

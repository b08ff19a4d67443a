// Gradients over ranks: buckets that are sent during the backward pass, and the mean that comes of them.
#include <doctest/doctest.h>

#include <cmath>

#include "framework/autograd/engine.h"
#include "framework/ops/activation.h"
#include "framework/ops/loss.h"
#include "framework/ops/matmul.h"
#include "framework/train/batch_gradient.h"
#include "framework/train/gradient_buckets.h"
#include "tests/harness/temp_folder.h"
#include "tests/harness/thread_group.h"

namespace cf::test {
namespace {

constexpr std::int64_t kWidth = 20;  // weights are (20, 20): 1600 bytes each
constexpr std::int64_t kLayers = 5;

Tensor wave(const Shape& shape, double phase) {
  const Tensor t = Tensor::empty(shape, DType::f32);
  double i = 0;
  for (float& v : t.span<float>()) v = static_cast<float>(std::sin(phase + 0.7 * i++));
  return t;
}

// A chain of layers of which the last registered comes last, so that its gradient is final first.
struct Chain {
  Chain() {
    for (std::int64_t i = 0; i < kLayers; ++i) {
      const Tensor w = params.add_param("w" + std::to_string(i), {kWidth, kWidth});
      w.copy_from(wave(w.shape(), static_cast<double>(i)));
      weights.push_back(w);
    }
    params.pack();
  }

  // The mean over samples first ... first + count - 1. `skip`: a layer that is left out.
  Tensor loss(std::int64_t first, std::int64_t count, std::int64_t skip = -1) const {
    std::vector<float> samples;
    for (std::int64_t i = first; i < first + count; ++i) {
      const auto row = wave({kWidth}, 0.3 + 1.1 * static_cast<double>(i)).to_vector<float>();
      samples.insert(samples.end(), row.begin(), row.end());
    }
    Tensor x = Tensor::from({count, kWidth}, samples);
    for (std::int64_t i = 0; i < kLayers; ++i) {
      if (i != skip) x = ops::tanh(ops::linear(x, weights[static_cast<std::size_t>(i)], {}));
    }
    return ops::mse_loss(x, Tensor::full(x.shape(), 0.25));
  }

  std::vector<float> gradient() const { return params.flat_grad().to_vector<float>(); }

  ParamStore params;
  std::vector<Tensor> weights;
};

// Of the mean over eight samples, on one rank.
std::vector<float> whole_gradient(std::int64_t skip = -1) {
  const Chain chain;
  const auto group = single_group();
  const auto gradient = make_batch_gradient(chain.params, *group, {});
  gradient->compute([&](std::int64_t) { return chain.loss(0, 8, skip); });
  gradient->reduce();
  return chain.gradient();
}

void check_near(const std::vector<float>& a, const std::vector<float>& b, double tolerance) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  double difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
    difference = std::max(difference, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  CHECK(difference <= tolerance * largest);
}

// The gradients of all ranks, each with its share of eight samples in `parts` parts.
std::vector<std::vector<float>> gradients_of_ranks(int ranks, BatchGradientOptions options, std::int64_t skip = -1) {
  std::vector<std::vector<float>> all(static_cast<std::size_t>(ranks));
  run_ranks(ranks, [&](ProcessGroup& group) {
    const Chain chain;
    const std::int64_t samples = 8 / (ranks * options.parts);
    const auto gradient = make_batch_gradient(chain.params, group, options);
    for (int again = 0; again < 2; ++again) {
      const Tensor losses = gradient->compute(
          [&](std::int64_t part) { return chain.loss((group.rank() * options.parts + part) * samples, samples, skip); });
      CHECK(losses.shape() == Shape{options.parts});
      gradient->reduce();
    }
    double own = 0;
    for (const double square : gradient->own_squares().to_vector<double>()) own += square;
    if (ranks > 1) CHECK(own > 0);
    all[static_cast<std::size_t>(group.rank())] = chain.gradient();
  });
  return all;
}

TEST_CASE("buckets: ranges of the flat buffer, the last registered first") {
  const Chain chain;
  const auto group = single_group();
  const std::int64_t layer = chain.weights[1].storage_offset();
  const std::int64_t all = chain.params.flat().numel();
  const auto ranges = [&](std::int64_t bytes) {
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    for (const FlatRange& r : GradientBuckets(chain.params, *group, bytes).ranges()) found.emplace_back(r.begin, r.end);
    return found;
  };
  using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;
  CHECK(ranges(1).size() == kLayers);
  CHECK(ranges(1).front() == std::pair{4 * layer, all});
  CHECK(ranges(2000) == Ranges{{3 * layer, all}, {layer, 3 * layer}, {0, layer}});
  CHECK(ranges(1 << 20) == Ranges{{0, all}});
  CHECK(contains(error_of([&] { ranges(0); }), "0 bytes"));
}

// A group that notes when sums of how many numbers begin, beside what the backward pass does.
class NotingGroup final : public ProcessGroup {
 public:
  explicit NotingGroup(std::vector<std::string>& notes) : notes_(notes), inner_(single_group()) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::string backend() const override { return "notes"; }
  void sum(const Tensor&) override { notes_.emplace_back("sum"); }
  std::unique_ptr<PendingSum> begin_sum(const Tensor& values) override {
    notes_.push_back("begin " + std::to_string(values.storage_offset()));
    return inner_->begin_sum(values);
  }
  void tree_sum(const Tensor&) override { notes_.emplace_back("tree"); }
  void broadcast(const Tensor&, int) override {}
  std::string broadcast_text(const std::string& text, int) override { return text; }
  std::vector<std::string> all_gather_text(const std::string& text) override { return {text, text}; }
  void barrier() override {}

 private:
  std::vector<std::string>& notes_;
  std::unique_ptr<ProcessGroup> inner_;
};

std::vector<std::string>* backward_notes = nullptr;

// What happens in which order: backward passes of the layers' products, and sums that begin.
std::vector<std::string> notes_of(bool overlap, std::int64_t skip) {
  const Chain chain;
  std::vector<std::string> notes;
  NotingGroup group(notes);
  const auto gradient = make_batch_gradient(chain.params, group, {.overlap = overlap, .bucket_bytes = 1});
  backward_notes = &notes;
  set_backward_observer([](const char* name) {
    if (std::string(name) == "linear") backward_notes->emplace_back("layer");
  });
  gradient->compute([&](std::int64_t) { return chain.loss(0, 8, skip); });
  notes.emplace_back("end of backward");
  gradient->reduce();
  set_backward_observer(nullptr);
  const std::int64_t size = chain.weights[1].storage_offset();
  for (std::string& note : notes) {
    if (note.starts_with("begin ")) note = "begin w" + std::to_string(std::stol(note.substr(6)) / size);
  }
  return notes;
}

TEST_CASE("buckets: a sum begins when its gradients are final, in one order on all ranks") {
  using Notes = std::vector<std::string>;
  CHECK(notes_of(true, -1) == Notes{"layer", "begin w4", "layer", "begin w3", "layer", "begin w2", "layer", "begin w1", "layer",
                                    "begin w0", "end of backward"});
  CHECK(notes_of(false, -1) == Notes{"layer", "layer", "layer", "layer", "layer", "end of backward", "begin w4", "begin w3",
                                     "begin w2", "begin w1", "begin w0"});
  // A layer that no gradient reaches holds up those behind it, to the end of the pass and no longer.
  CHECK(notes_of(true, 3) ==
        Notes{"layer", "begin w4", "layer", "layer", "layer", "end of backward", "begin w3", "begin w2", "begin w1", "begin w0"});
}

TEST_CASE("buckets: the gradient of all ranks is that of the whole batch") {
  for (const std::int64_t skip : {-1, 2}) {
    CAPTURE(skip);
    const auto whole = whole_gradient(skip);
    for (const int ranks : {1, 2, 4}) {
      CAPTURE(ranks);
      const auto plain = gradients_of_ranks(ranks, {.overlap = false, .bucket_bytes = 2000}, skip);
      for (const auto& of_rank : plain) {
        CHECK(of_rank == plain.front());
        check_near(of_rank, whole, 1e-6);
      }
      CHECK(gradients_of_ranks(ranks, {.overlap = true, .bucket_bytes = 2000}, skip) == plain);
      CHECK(gradients_of_ranks(ranks, {.overlap = true, .bucket_bytes = 1 << 20}, skip) == plain);
    }
  }
}

TEST_CASE("buckets: micro-batches add up before they are sent") {
  const auto whole = whole_gradient();
  for (const bool overlap : {true, false}) {
    const auto all = gradients_of_ranks(2, {.parts = 2, .overlap = overlap, .bucket_bytes = 2000});
    check_near(all[0], whole, 1e-6);
    CHECK(all[0] == all[1]);
  }
}

TEST_CASE("tree: the gradient has the same bits whatever the number of ranks") {
  for (const std::int64_t parts : {8, 4}) {  // of all ranks
    const auto alone = gradients_of_ranks(1, {.parts = parts, .fixed_order = true});
    check_near(alone[0], whole_gradient(), 1e-6);
    for (const int ranks : {2, 4}) {
      CAPTURE(ranks);
      for (const auto& of_rank : gradients_of_ranks(ranks, {.parts = parts / ranks, .fixed_order = true})) {
        CHECK(of_rank == alone[0]);
      }
    }
  }
  CHECK(contains(error_of([] { gradients_of_ranks(3, {.parts = 1, .fixed_order = true}); }), "3 ranks; sums in a fixed order"));
}

}  // namespace
}  // namespace cf::test

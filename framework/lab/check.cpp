#include "framework/lab/check.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "framework/core/allocator.h"
#include "framework/gradcheck/dice.h"
#include "framework/gradcheck/problem.h"
#include "framework/lab/kernel_cases.h"

namespace cf::lab {
namespace {

// f32 rounds at 6e-8; short sums in any order stay two decades below this, a fault of 0.1 % two above.
constexpr double kTolerance32 = 1e-5;
// bf16 rounds at 4e-3; operators of several steps round several times, and what cancels between two shows it enlarged.
constexpr double kTolerance16 = 3e-2;

// How far inputs are moved, relative to themselves, to see how much of a result cancels, and how many times what that changes is
// forgiven. In bf16 less than half a place, so that equal values stay equal and others in their order: maxima stay where they
// are.
struct Forgiveness {
  double move;
  double times;
};
constexpr std::uint64_t kMoves = 3;  // one alone may change nothing by chance
Forgiveness forgiveness(DType dtype) { return dtype == DType::bf16 ? Forgiveness{0.4 * 0x1p-8, 3} : Forgiveness{0x1p-23, 10}; }

using Values = std::vector<std::vector<double>>;

// While alive, new memory is full of NaN.
class Poisoned {
 public:
  explicit Poisoned(Device device) {
    cpu_allocator().poison(true);
    if (device.is_cpu()) return;
    constexpr std::int64_t kElements = 1 << 22;
    Tensor::full({kElements}, std::numeric_limits<double>::quiet_NaN(), DType::f32, device);
  }
  ~Poisoned() { cpu_allocator().poison(false); }
  Poisoned(const Poisoned&) = delete;
  Poisoned& operator=(const Poisoned&) = delete;
};

// What a case computes: outputs, then gradients of the variables.
struct Computed {
  Values outputs;
  Values gradients;
};

Computed compute(const Problem& p, const std::vector<Tensor>& weights) {
  Computed c;
  for (const Tensor& y : evaluate(p)) c.outputs.push_back(y.to(Device{}).to(DType::f64).to_vector<double>());
  if (!p.variables.empty()) c.gradients = gradients(p, weights);
  return c;
}

// Everything that one check compares.
struct Comparison {
  Computed got, want;
  std::vector<Computed> moved;  // the reference in f32 at points nearby
  std::vector<Shape> output_shapes;
  std::vector<std::pair<std::string, Shape>> variables;
};

struct Worst {
  double error = -1;
  std::size_t tensor = 0;
  std::size_t element = 0;
};

double difference(double a, double b) {
  const double d = std::abs(a - b);
  return std::isnan(d) ? HUGE_VAL : d;
}

// Moves f32 inputs up or down, equal values alike. A result that cancels moves by as much as its rounding may.
void move_inputs(const Problem& p, double by, std::uint64_t seed) {
  const Philox rng = make_rng(seed, RngStream::test, 1);
  for (const Tensor& t : p.inputs) {
    if (t.dtype() != DType::f32) continue;
    for (float& v : t.span<float>()) {
      const bool up = rng.word(std::bit_cast<std::uint32_t>(v)) % 2 == 0;
      v = static_cast<float>(static_cast<double>(v) * (up ? 1 + by : 1 - by));
    }
  }
}

// `part`: the outputs or the gradients.
Worst worst_element(const Comparison& all, Values Computed::*part, double tolerance, double times) {
  const Values& got = all.got.*part;
  const Values& want = all.want.*part;
  Worst worst;
  for (std::size_t t = 0; t < want.size(); ++t) {
    double squares = 0;
    double forgiven = 0;
    for (std::size_t i = 0; i < want[t].size(); ++i) {
      squares += want[t][i] * want[t][i];
      for (const Computed& m : all.moved) forgiven = std::max(forgiven, difference((m.*part)[t][i], want[t][i]));
    }
    const double rms = std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, want[t].size())));
    const double scale = rms + times * forgiven / tolerance;
    for (std::size_t i = 0; i < want[t].size(); ++i) {
      const double against = std::max(scale, std::abs(want[t][i]));
      const double error = difference(got[t][i], want[t][i]) / (against == 0 ? 1 : against);
      if (error > worst.error) worst = {error, t, i};
    }
  }
  return worst;
}

std::string position(const Shape& shape, std::size_t element) {
  auto rest = static_cast<std::int64_t>(element);
  Shape index = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    index[d] = rest % shape[d];
    rest /= shape[d];
  }
  return index.str();
}

Comparison compare(const Variant& variant, const GradCase& c, DType dtype, const CheckOptions& options) {
  Draw draw(c.name, options.seed);
  // Rounded to the dtype first, so that all compute at one point.
  Problem drawn = make_problem(c, draw);
  const DType memory = variant.factors == DType::f32 ? dtype : DType::f32;
  if (memory != dtype) drawn = convert_problem(c, drawn, dtype);
  const Problem tested = convert_problem(c, drawn, memory, options.device);
  const Problem exact = convert_problem(c, tested, DType::f64);
  const Poisoned poisoned(options.device);
  Comparison all;
  std::vector<Tensor> weights;
  {
    const UseKernels reference(Backend::reference);
    for (const Tensor& y : evaluate(exact)) {
      all.output_shapes.push_back(y.shape());
      weights.push_back(draw.normal(y.shape()).to(dtype).to(DType::f64));
    }
    all.want = compute(exact, weights);
    for (std::uint64_t i = 0; i < kMoves; ++i) {
      const Problem moved = convert_problem(c, tested, DType::f32);
      move_inputs(moved, forgiveness(dtype).move, options.seed + i);
      all.moved.push_back(compute(moved, weights));
    }
  }
  const KernelTable table = table_with(variant);
  const UseKernels use(options.device.kind, table);
  all.got = compute(tested, weights);
  for (const auto& v : exact.variables) all.variables.emplace_back(v.name, v.value.shape());
  return all;
}

std::string describe(const char* what, const Shape& shape, const Worst& w, const Values& got, const Values& want) {
  return fmt::format("{} {} at {}: {:.9g}, the reference has {:.9g}", what, shape.str(), position(shape, w.element),
                     got[w.tensor][w.element], want[w.tensor][w.element]);
}

std::string shapes_text(const GradCase& c) {
  std::string text;
  for (const CaseInput& input : c.inputs) text += (text.empty() ? "" : ", ") + input.shape.str();
  return text;
}

// "conv2d" of "conv2d.random_3"
std::string operator_of(const std::string& name) { return name.substr(0, name.find('.')); }

double size(const CaseCheck& c) { return std::max(c.forward, c.backward) / c.tolerance; }

}  // namespace

std::vector<DType> checked_dtypes(const Variant& variant) {
  if (variant.factors != DType::f32) return {variant.factors};
  if (variant.backend != Backend::cuda) return {DType::f32};
  const std::string_view family = variant.family;
  if (family == "fft" || family == "optim") return {DType::f32};
  return {DType::f32, DType::bf16};
}

GradCases family_cases(const std::string& family, std::uint64_t seed, int shapes) {
  GradCases all;
  const auto add = [&](const CaseFamily& f) {
    if (f.family == nullptr || family != f.family) return;
    for (GradCase& c : f.declared()) all.push_back(std::move(c));
    Dice dice(seed);
    for (int i = 0; i < shapes; ++i) {
      for (GradCase& c : f.random(dice)) {
        c.name += fmt::format("_{}", i);
        all.push_back(std::move(c));
      }
    }
  };
  for (const CaseFamily& f : case_families()) add(f);
  for (const CaseFamily& f : kernel_case_families()) add(f);
  return all;
}

CaseCheck check_case(const Variant& variant, const GradCase& c, DType dtype, const CheckOptions& options) {
  CaseCheck result;
  result.name = c.name;
  result.shapes = shapes_text(c);
  result.dtype = dtype;
  result.tolerance = dtype == DType::bf16 ? kTolerance16 : kTolerance32;
  try {
    const Comparison all = compare(variant, c, dtype, options);
    const double times = forgiveness(dtype).times;
    const Worst forward = worst_element(all, &Computed::outputs, result.tolerance, times);
    const Worst backward = worst_element(all, &Computed::gradients, result.tolerance, times);
    result.forward = std::max(0.0, forward.error);
    result.backward = std::max(0.0, backward.error);
    if (result.forward > result.tolerance) {
      result.message = describe(fmt::format("output {}", forward.tensor).c_str(), all.output_shapes[forward.tensor], forward,
                                all.got.outputs, all.want.outputs);
    } else if (result.backward > result.tolerance) {
      const auto& [name, shape] = all.variables[backward.tensor];
      result.message = describe(("gradient of " + name).c_str(), shape, backward, all.got.gradients, all.want.gradients);
    }
  } catch (const std::exception& e) {
    result.forward = HUGE_VAL;
    result.message = e.what();
  }
  result.passed = result.message.empty();
  return result;
}

std::vector<CaseCheck> check_variant(const Variant& variant, const CheckOptions& options) {
  std::vector<CaseCheck> results;
  for (const DType dtype : checked_dtypes(variant)) {
    for (const GradCase& c : family_cases(variant.family, options.seed, options.shapes)) {
      results.push_back(check_case(variant, c, dtype, options));
    }
  }
  return results;
}

std::string check_table(const std::vector<CaseCheck>& checks, bool every_case) {
  struct Line {
    CaseCheck worst;
    int cases = 0;
    int failed = 0;
  };
  std::vector<Line> lines;
  std::map<std::pair<std::string, DType>, std::size_t> line_of;
  for (const CaseCheck& c : checks) {
    const auto [it, first] = line_of.try_emplace({every_case ? c.name : operator_of(c.name), c.dtype}, lines.size());
    if (first) lines.push_back({c});
    Line& line = lines[it->second];
    ++line.cases;
    line.failed += c.passed ? 0 : 1;
    if (size(c) > size(line.worst)) line.worst = c;
  }
  std::string text = fmt::format("  {:<18} {:<5} {:>5}  {:>8}  {:>8}  {:>9}  {:<7} {}\n", every_case ? "case" : "operator",
                                 "dtype", "cases", "forward", "backward", "tolerance", "result", "worst at");
  std::string messages;
  for (const Line& l : lines) {
    const CaseCheck& w = l.worst;
    text += fmt::format("  {:<18} {:<5} {:>5}  {:>8.1e}  {:>8.1e}  {:>9.0e}  {:<7} {} {}\n",
                        every_case ? w.name : operator_of(w.name), name_of(w.dtype), l.cases, w.forward, w.backward, w.tolerance,
                        l.failed == 0 ? "ok" : "FAILED", w.name, w.shapes);
  }
  for (const CaseCheck& c : checks) {
    if (!c.passed) messages += fmt::format("  {} in {}, inputs {}: {}\n", c.name, name_of(c.dtype), c.shapes, c.message);
  }
  return text + messages;
}

}  // namespace cf::lab

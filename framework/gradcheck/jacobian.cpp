#include "framework/gradcheck/jacobian.h"

#include <algorithm>
#include <cmath>

namespace cf {
namespace {

constexpr std::int64_t kMaxRows = 1024;
constexpr std::int64_t kMaxColumns = 1024;
constexpr std::size_t kExcerpt = 8;
constexpr double kStep = 1e-6;

// At most `limit` numbers of [0, n), evenly spaced.
std::vector<std::int64_t> choose(std::int64_t n, std::int64_t limit) {
  std::vector<std::int64_t> chosen;
  const std::int64_t count = std::min(n, limit);
  for (std::int64_t i = 0; i < count; ++i) chosen.push_back(n * i / count);
  return chosen;
}

// "(1, 0, 3)", the position of element `i` in `shape`.
std::string position(const Shape& shape, std::int64_t i) {
  Shape index = shape;
  for (int d = shape.rank() - 1; d >= 0; --d) {
    index[d] = i % shape[d];
    i /= shape[d];
  }
  return index.str();
}

struct OutputElement {
  std::size_t output = 0;
  std::int64_t element = 0;
};

std::vector<OutputElement> output_elements(const std::vector<Tensor>& ys) {
  std::vector<OutputElement> all;
  for (std::size_t k = 0; k < ys.size(); ++k) {
    for (std::int64_t i = 0; i < ys[k].numel(); ++i) all.push_back({k, i});
  }
  return all;
}

struct Difference {
  std::size_t row = 0;
  std::size_t column = 0;
  double analytic = 0;
  double numeric = 0;
  // A NaN is the largest difference of all.
  double size() const { return std::isnan(analytic - numeric) ? HUGE_VAL : std::abs(analytic - numeric); }
};

}  // namespace

std::string compare_jacobian(const Problem& exact, const Problem& checked, std::size_t variable, double tolerance) {
  const Backend backend = checked.dtype == DType::f64 ? Backend::reference : Backend::cpu;
  const Tensor& x = exact.variables[variable].value;
  const std::vector<Tensor> ys = evaluate(exact, Backend::reference);
  const std::vector<OutputElement> outputs = output_elements(ys);
  const auto rows = choose(static_cast<std::int64_t>(outputs.size()), kMaxRows);
  const auto columns = choose(x.numel(), kMaxColumns);
  const auto output_of = [&](std::size_t row) { return outputs[static_cast<std::size_t>(rows[row])]; };

  std::vector<Difference> entries(rows.size() * columns.size());
  for (std::size_t c = 0; c < columns.size(); ++c) {
    double& element = x.span<double>()[static_cast<std::size_t>(columns[c])];
    const double base = element;
    element = base + kStep;
    const std::vector<Tensor> above = evaluate(exact, Backend::reference);
    element = base - kStep;
    const std::vector<Tensor> below = evaluate(exact, Backend::reference);
    element = base;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const auto [k, i] = output_of(r);
      const auto at = static_cast<std::size_t>(i);
      entries[r * columns.size() + c] = {r, c, 0, (above[k].span<double>()[at] - below[k].span<double>()[at]) / (2 * kStep)};
    }
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::vector<Tensor> weights;
    for (const Tensor& y : ys) weights.push_back(Tensor::zeros(y.shape(), DType::f64));
    const auto [k, i] = output_of(r);
    weights[k].span<double>()[static_cast<std::size_t>(i)] = 1;
    const std::vector<double> row = gradients(checked, weights, backend)[variable];
    for (std::size_t c = 0; c < columns.size(); ++c) {
      entries[r * columns.size() + c].analytic = row[static_cast<std::size_t>(columns[c])];
    }
  }

  double largest = 0;
  for (const Difference& e : entries) largest = std::max({largest, std::abs(e.analytic), std::abs(e.numeric)});
  const auto wrong =
      std::count_if(entries.begin(), entries.end(), [&](const Difference& e) { return e.size() > tolerance * largest; });
  const auto shown = entries.begin() + static_cast<std::ptrdiff_t>(std::min(kExcerpt, entries.size()));
  std::partial_sort(entries.begin(), shown, entries.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });

  std::string text =
      fmt::format("gradient by {} {}: {} of {} elements of the Jacobian are wrong; the worst:", exact.variables[variable].name,
                  x.shape().str(), wrong, entries.size());
  for (auto e = entries.begin(); e != shown; ++e) {
    const auto [k, i] = output_of(e->row);
    text += fmt::format("\n  d output {} {} / d {} {}: backward {:.9g}, differences {:.9g}", k, position(ys[k].shape(), i),
                        exact.variables[variable].name, position(x.shape(), columns[e->column]), e->analytic, e->numeric);
  }
  return text;
}

}  // namespace cf

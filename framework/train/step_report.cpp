#include "framework/train/step_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cf {
namespace {

// One row per step and rank after rank in it: losses of its parts, then the norm of its own gradient; behind all rows the signal
// of each rank. A rank fills in its own places and zeros elsewhere, so that the sum over ranks is everybody's table.
struct Table {
  std::size_t ranks;
  std::size_t steps;
  std::size_t parts;  // of a rank

  std::size_t loss(std::size_t step, std::size_t rank, std::size_t part) const {
    return (step * ranks + rank) * (parts + 1) + part;
  }
  std::size_t norm(std::size_t step, std::size_t rank) const { return loss(step, rank, parts); }
  std::size_t signal(std::size_t rank) const { return loss(steps, 0, 0) + rank; }
  std::size_t size() const { return signal(ranks); }
};

StepReport report_of(const Table& table, const std::vector<double>& all, std::size_t step, double norm) {
  StepReport report{.loss = 0, .norm = norm};
  std::vector<int> by_loss;
  std::vector<int> by_gradient;
  for (std::size_t rank = 0; rank < table.ranks; ++rank) {
    double own = 0;
    for (std::size_t part = 0; part < table.parts; ++part) {
      own += all[table.loss(step, rank, part)];
      report.loss += all[table.loss(step, rank, part)];
    }
    if (!std::isfinite(own)) by_loss.push_back(static_cast<int>(rank));
    if (!std::isfinite(all[table.norm(step, rank)])) by_gradient.push_back(static_cast<int>(rank));
  }
  report.loss /= static_cast<double>(table.ranks * table.parts);
  if (std::isfinite(report.loss) && std::isfinite(norm)) return report;
  report.broken = !by_loss.empty() ? by_loss : by_gradient;
  if (report.broken.empty()) {
    report.broken.resize(table.ranks);
    std::iota(report.broken.begin(), report.broken.end(), 0);
  }
  return report;
}

}  // namespace

RankReports exchange(ProcessGroup& group, Device device, const std::vector<StepLog::Values>& own, int signal) {
  const Table table{static_cast<std::size_t>(group.size()), own.size(), own.empty() ? 0 : own.front().losses.size()};
  const auto rank = static_cast<std::size_t>(group.rank());
  std::vector<double> all(table.size());
  for (std::size_t step = 0; step < own.size(); ++step) {
    const StepLog::Values& values = own[step];
    std::copy(values.losses.begin(), values.losses.end(), all.begin() + static_cast<std::ptrdiff_t>(table.loss(step, rank, 0)));
    all[table.norm(step, rank)] = values.own_norm;
  }
  all[table.signal(rank)] = signal;
  if (group.size() > 1) {
    const Tensor sum = Tensor::from({static_cast<std::int64_t>(all.size())}, all).to(device);
    group.sum(sum);
    all = sum.to_vector<double>();
  }
  RankReports reports;
  for (std::size_t step = 0; step < own.size(); ++step) reports.steps.push_back(report_of(table, all, step, own[step].norm));
  for (std::size_t r = 0; r < table.ranks; ++r) reports.signal = std::max(reports.signal, static_cast<int>(all[table.signal(r)]));
  return reports;
}

}  // namespace cf

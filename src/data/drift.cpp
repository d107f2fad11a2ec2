// SPDX-License-Identifier: Apache-2.0
// Measures how far columns have moved since training.
#include <slalom/drift.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "data/class_names.hpp"
#include "data/column_index.hpp"
#include "data/column_statistics.hpp"
#include "data/row_list.hpp"

namespace slalom {
namespace {

constexpr double kStandardErrors = 4.0;
constexpr double kCertain = 10.0;  ///< score of a change that no threshold is needed for

std::string percent(double share) { return fmt::format("{:.3g} %", 100.0 * share); }

/// Keeps the worst measure of a column.
void consider(ColumnDrift& column, double score, const std::string& finding) {
  if (score <= column.score) return;
  column.score = score;
  column.finding = finding;
}

void compare_numbers(ColumnDrift& c, double n, const DriftThresholds& limits) {
  const ColumnStatistics &before = c.before, &now = c.now;
  if (now.missing >= 1.0) return;  // the missing cells say it all
  if (before.missing >= 1.0) {
    consider(c, kCertain, "had no values in training");
    return;
  }
  if (!(before.deviation > 0.0)) {
    c.shift = now.mean == before.mean ? 0.0 : kCertain;
    if (now.deviation > 0.0 || now.mean != before.mean) {
      consider(c, kCertain, fmt::format("was constant ({}) in training", data::number_text(before.mean)));
    }
    return;
  }
  c.shift = std::fabs(now.mean - before.mean) / before.deviation;
  c.spread = now.deviation / before.deviation;
  const double error = kStandardErrors / std::sqrt(n);
  consider(c, c.shift / std::max(limits.shift, error),
           fmt::format("mean {} by {:.3g} standard deviations", now.mean > before.mean ? "up" : "down", c.shift));
  if (now.deviation == 0.0) {
    consider(c, n > kStandardErrors * kStandardErrors ? kCertain : 0.0, "is constant now");
  } else {
    consider(c, std::fabs(std::log(c.spread)) / std::max(std::log(limits.spread), error / std::sqrt(2.0)),
             fmt::format("spread {:.3g} times that of training", c.spread));
  }
}

void compare_levels(ColumnDrift& c, double n, const DriftThresholds& limits) {
  const ColumnStatistics &before = c.before, &now = c.now;
  for (std::size_t level = 0; level < before.shares.size(); ++level) {
    c.distance += std::fabs(now.shares[level] - before.shares[level]) / 2.0;
  }
  c.distance += now.unseen / 2.0;
  if (now.missing >= 1.0) return;
  consider(c, now.unseen / limits.unseen, fmt::format("{} unseen categories", percent(now.unseen)));
  const double by_chance =
      std::sqrt(static_cast<double>(before.shares.size()) / n);  // more than twice what is expected
  consider(c, c.distance / std::max(limits.distance, by_chance),
           fmt::format("shares of categories moved by {}", percent(c.distance)));
}

ColumnDrift compare(std::string name, bool is_target, const ColumnStatistics& before, const ColumnStatistics& now,
                    double n_rows, const DriftThresholds& limits) {
  ColumnDrift c{.name = std::move(name), .is_target = is_target, .categorical = !before.shares.empty()};
  c.before = before;
  c.now = now;
  const double n = std::max(1.0, n_rows * (1.0 - now.missing));
  if (c.categorical) {
    compare_levels(c, n, limits);
  } else {
    compare_numbers(c, n, limits);
  }
  const double more_missing = now.missing - before.missing;
  consider(c, more_missing / std::max(limits.missing, kStandardErrors / 2.0 / std::sqrt(n_rows)),
           fmt::format("{} missing, {} in training", percent(now.missing), percent(before.missing)));
  return c;
}

}  // namespace

std::int64_t DriftReport::n_beyond() const noexcept {
  return std::count_if(columns.begin(), columns.end(), [](const ColumnDrift& c) { return c.score > 1.0; });
}

DriftReport measure_drift(const Preprocessing& preprocessing, const Table& table, std::span<const std::uint32_t> rows,
                          const DriftThresholds& limits) {
  const data::RowList list(rows, table.n_rows);
  const data::ColumnIndex columns(table);
  DriftReport report;
  report.rows = static_cast<std::int64_t>(list.size());
  const auto n = static_cast<double>(list.size());
  for (const InputColumn& input : preprocessing.inputs) {
    if (!input.statistics || input.width() == 0) continue;
    const ColumnStatistics now = data::input_statistics(input, columns.trained(input.name, !input.categorical), list);
    report.columns.push_back(compare(input.name, false, *input.statistics, now, n, limits));
  }
  for (std::size_t t = 0; t < preprocessing.target_statistics.size(); ++t) {
    const std::string& name = preprocessing.targets[t];
    const ColumnStatistics now =
        data::target_statistics(preprocessing, columns.trained(name, preprocessing.classes.empty()), list);
    report.columns.push_back(compare(name, true, preprocessing.target_statistics[t], now, n, limits));
  }
  std::stable_sort(report.columns.begin(), report.columns.end(),
                   [](const ColumnDrift& a, const ColumnDrift& b) { return a.score > b.score; });
  return report;
}

}  // namespace slalom

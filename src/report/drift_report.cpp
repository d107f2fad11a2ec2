// SPDX-License-Identifier: Apache-2.0
// Formats drift reports.
#include "report/drift_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/json_number.hpp"
#include "text/table.hpp"

namespace slalom::report {
namespace {

constexpr std::size_t kShownColumns = 5;
constexpr std::size_t kListedColumns = 100;

/// "3.1 +- 0.2" or, of categories, how many there are.
std::string place(const ColumnDrift& column, const ColumnStatistics& s) {
  if (column.categorical) {
    const auto n = std::count_if(s.shares.begin(), s.shares.end(), [](double share) { return share > 0.0; });
    return fmt::format("{} {}", n, column.is_target ? "classes" : "levels");
  }
  return s.missing >= 1.0 ? "no values" : fmt::format("{:.4g} +- {:.3g}", s.mean, s.deviation);
}

std::string title(const ColumnDrift& column) { return (column.is_target ? "target " : "") + column.name; }

}  // namespace

std::string drift_table(const DriftReport& drift, const text::Style& style) {
  if (drift.columns.empty()) return "drift: unknown, the model has no statistics of its training data\n\n";
  using text::ColumnKind;
  text::TextTable table({ColumnKind::kName, ColumnKind::kNumber, ColumnKind::kNumber, ColumnKind::kNote});
  table.heading({"column", "model", "now", "largest change"});
  for (std::size_t i = 0; i < std::min(drift.columns.size(), kShownColumns); ++i) {
    const ColumnDrift& column = drift.columns[i];
    const bool matters = column.score > 1.0;
    table.add({title(column),
               place(column, column.before),
               place(column, column.now),
               {(column.finding.empty() ? "none" : column.finding) + (matters ? " *" : ""),
                matters ? text::Tone::kCaution : text::Tone::kPlain}});
  }
  return fmt::format("drift: {} of {} columns differ from those of the model beyond the thresholds\n{}\n",
                     drift.n_beyond(), drift.columns.size(), table.text(style));
}

nlohmann::ordered_json drift_json(const DriftReport& drift) {
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < std::min(drift.columns.size(), kListedColumns); ++i) {
    const ColumnDrift& c = drift.columns[i];
    nlohmann::ordered_json entry = {{"name", c.name}, {"target", c.is_target}, {"score", json_number(c.score)}};
    if (c.categorical) {
      entry["distance"] = json_number(c.distance);
      entry["unseen"] = json_number(c.now.unseen);
    } else {
      entry["shift"] = json_number(c.shift);
      entry["spread"] = json_number(c.spread);
    }
    entry["missing"] = json_number(c.now.missing);
    entry["missing_before"] = json_number(c.before.missing);
    entry["finding"] = c.finding;
    list.push_back(entry);
  }
  return {{"rows", drift.rows}, {"columns", drift.columns.size()}, {"beyond", drift.n_beyond()}, {"worst", list}};
}

}  // namespace slalom::report

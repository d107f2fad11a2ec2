// SPDX-License-Identifier: Apache-2.0
// The coefficients of a model, the data it was trained on, and the run's settings.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "report/html/charts.hpp"
#include "report/html/sections.hpp"
#include "report/json_fields.hpp"

namespace slalom::report::html {
namespace {

constexpr std::size_t kMostBars = 20, kMostDrift = 50;

std::string percent(double share) { return std::isfinite(share) ? fmt::format("{:.3g} %", 100.0 * share) : ""; }

/// "red 40 %, blue 35 %"
std::string levels_text(const Json& column) {
  std::string text;
  for (const Json& level : items_of(column, "levels")) {
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : ", ", text_of(level, "name"), percent(number_of(level, "share")));
  }
  const double n = number_of(column, "n_levels");
  if (n > static_cast<double>(items_of(column, "levels").size()) && !text.empty()) text += ", ...";
  return text;
}

std::string kind_text(const Json& column) {
  const double levels = number_of(column, "n_levels");
  const std::string kind = text_of(column, "kind");
  return std::isfinite(levels) ? fmt::format("{}, {:.0f} levels", kind, levels) : kind;
}

TextTable drift_table(const Json& drift) {
  TextTable table{.caption = "How the data differ from those of the model that was gone on from",
                  .columns = {{"column"}, {"matters"}, {"what"}}};
  for (const Json& column : items_of(drift, "columns")) {
    if (table.rows.size() == kMostDrift) break;
    const double score = number_of(column, "score");
    table.rows.push_back({text_of(column, "name"), score > 1.0 ? "yes" : "no", text_of(column, "finding")});
  }
  return table;
}

}  // namespace

std::optional<Section> coefficients_section(const RunRecord& record) {
  const Json& coefficients = field(record.result, "coefficients");
  const Json& outputs = items_of(coefficients, "outputs");
  if (outputs.empty()) return std::nullopt;
  std::vector<BarGroup> groups;
  std::vector<std::string> names;
  TextTable table{.caption = "Coefficients in original units",
                  .columns = {{"output"}, {"feature"}, {"coefficient", true}, {"effect of a standard deviation", true}},
                  .row_headers = false};
  bool has_effects = false;
  std::size_t listed = 0;
  for (const Json& output : outputs) {
    BarGroup group{text_of(output, "name"), {}};
    table.rows.push_back({group.name, "(intercept)", number_text(number_of(output, "intercept")), ""});
    for (const Json& row : items_of(output, "rows")) {
      const double coefficient = number_of(row, "coefficient"), effect = number_of(row, "effect");
      has_effects = has_effects || std::isfinite(effect);
      table.rows.push_back({group.name, text_of(row, "feature"), number_text(coefficient), number_text(effect)});
      if (group.bars.size() < kMostBars) group.bars.push_back({text_of(row, "feature"), coefficient, effect});
    }
    listed = std::max(listed, items_of(output, "rows").size());
    names.push_back(group.name);
    groups.push_back(std::move(group));
  }
  Chart chart{.id = "coefficients",
              .title = "Coefficients by feature",
              .description =
                  "How much the prediction (for classes: the logit) changes with each feature, in original units; or "
                  "with a standard deviation of it, which makes features comparable.",
              .spec = bar_spec(groups, "coefficient, original units", "effect of a standard deviation"),
              .controls = group_controls("Output", names),
              .table = std::move(table)};
  if (has_effects) {
    chart.controls.push_back(
        {.kind = Control::Kind::kChoice,
         .signal = "measure",
         .label = "Show",
         .choices = {{"a", "coefficients in original units"}, {"b", "effects of a standard deviation"}}});
  }
  const double n = number_of(coefficients, "n_features"), zeros = number_of(coefficients, "n_zero");
  if (n > static_cast<double>(kMostBars)) {
    chart.notes.push_back(fmt::format("Of {:.0f} features the {} with the largest {} are drawn; the table lists {}.", n,
                                      kMostBars, has_effects ? "effects" : "coefficients", listed));
  }
  if (zeros > 0.0) chart.notes.push_back(fmt::format("{:.0f} coefficients are exactly 0.", zeros));
  if (number_of(coefficients, "n_outputs") > static_cast<double>(outputs.size())) {
    chart.notes.push_back(fmt::format("The first {} outputs are shown.", outputs.size()));
  }
  Section section{"weights", "Coefficients"};
  section.blocks.push_back(std::move(chart));
  return section;
}

std::optional<Section> data_section(const RunRecord& record) {
  const Json& data = field(record.result, "data");
  const Json& columns = items_of(data, "columns");
  if (columns.empty()) return std::nullopt;
  TextTable table{.caption = "Columns, with statistics of the training rows",
                  .columns = {{"column"},
                              {"role"},
                              {"kind"},
                              {"missing", true},
                              {"mean", true},
                              {"standard deviation", true},
                              {"most frequent"}}};
  for (const Json& column : columns) {
    table.rows.push_back({text_of(column, "name"), text_of(column, "role"), kind_text(column),
                          percent(number_of(column, "missing")), number_text(number_of(column, "mean")),
                          number_text(number_of(column, "std")), levels_text(column)});
  }
  const double n = number_of(data, "n_columns");
  if (n > static_cast<double>(columns.size())) {
    table.note = fmt::format("The first {} of {:.0f} columns.", columns.size(), n);
  }
  Section section{"data", "Data"};
  section.blocks.push_back(Facts{.items = {{"training rows", number_text(number_of(record.result, "train_rows"))},
                                           {"validation rows", number_text(number_of(record.result, "valid_rows"))},
                                           {"columns", number_text(n)},
                                           {"features after encoding", number_text(number_of(data, "n_features"))}}});
  section.blocks.push_back(std::move(table));
  const Json& drift = field(field(record.result, "summary"), "drift");
  if (TextTable drifts = drift_table(drift); !drifts.rows.empty()) section.blocks.push_back(std::move(drifts));
  return section;
}

Section run_section(const RunRecord& record) {
  Section section{"run", "Configuration and machine"};
  if (record.run.is_null()) {
    section.blocks.push_back(
        Paragraph{"The log does not say how the run was called: an older slalom wrote it, or its first line is gone."});
    return section;
  }
  section.blocks.push_back(Preformatted{text_of(record.run, "command_line")});
  Facts facts{.items = {{"slalom", text_of(record.run, "slalom")}, {"started", text_of(record.run, "started")}}};
  const Json& machine = items_of(record.run, "machine");
  if (machine.is_object()) {
    for (const auto& [name, value] : machine.items()) {
      if (value.is_string()) facts.items.emplace_back(name, value.get<std::string>());
    }
  }
  section.blocks.push_back(std::move(facts));
  TextTable table{.caption = "Every setting", .columns = {{"flag"}, {"value"}, {"from"}, {"group"}}};
  for (const Json& setting : items_of(record.run, "settings")) {
    table.rows.push_back({"--" + text_of(setting, "name"), text_of(setting, "value"),
                          flag_of(setting, "given") ? "command line or file" : "default", text_of(setting, "group")});
  }
  section.blocks.push_back(std::move(table));
  return section;
}

}  // namespace slalom::report::html

// SPDX-License-Identifier: Apache-2.0
// How a model's predictions compare with what was true.
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "report/html/charts.hpp"
#include "report/html/sections.hpp"
#include "report/html/series_chart.hpp"
#include "report/json_fields.hpp"

namespace slalom::report::html {
namespace {

/// "of the 400 validation rows"
std::string rows_text(const Json& predictions) {
  const double rows = number_of(predictions, "rows"), judged = number_of(predictions, "judged_rows");
  const char* of = flag_of(predictions, "validation") ? "validation" : "training";
  if (judged < rows) return fmt::format("{:.0f} of the {:.0f} {} rows, evenly spaced", judged, rows, of);
  return fmt::format("the {:.0f} {} rows", rows, of);
}

double at(const Json& list, std::size_t i) { return i < list.size() ? to_number(list[i]) : RunRecord::kNone; }

Chart scatter_chart(const Json& predictions, const Json& targets, const std::vector<std::string>& names) {
  std::vector<ScatterGroup> groups;
  TextTable table{.caption = "Actual and predicted values",
                  .columns = {{"target"}, {"actual", true}, {"predicted", true}, {"residual", true}},
                  .note = "",
                  .row_headers = false};
  std::size_t drawn = 0;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    ScatterGroup group{names[t], {}};
    for (const Json& row : items_of(targets[t], "sample")) {
      const double actual = at(row, 0), predicted = at(row, 1);
      group.points.emplace_back(actual, predicted);
      if (table.rows.size() < kMostRows) {
        table.rows.push_back({names[t], number_text(actual), number_text(predicted), number_text(predicted - actual)});
      }
    }
    drawn = std::max(drawn, group.points.size());
    groups.push_back(std::move(group));
  }
  const std::string of = names.size() == 1 ? " " + names[0] : "";
  Chart chart{.id = "predicted",
              .title = "Predicted against actual",
              .description = "On the dashed line the prediction is right; above it, too high. From " +
                             rows_text(predictions) + ".",
              .spec = scatter_spec(groups, "actual" + of, "predicted" + of),
              .controls = group_controls("Target", names),
              .table = std::move(table),
              .half = true};
  if (static_cast<double>(drawn) < number_of(predictions, "judged_rows")) {
    chart.notes.push_back(fmt::format("{} rows are drawn, evenly spaced.", drawn));
  }
  if (chart.table.rows.size() == kMostRows) chart.table.note = fmt::format("The first {} drawn rows.", kMostRows);
  return chart;
}

Chart residual_chart(const Json& predictions, const Json& targets, const std::vector<std::string>& names) {
  std::vector<HistogramGroup> groups;
  TextTable table{.caption = "Residuals, predicted less actual",
                  .columns = {{"target"}, {"from", true}, {"to", true}, {"rows", true}},
                  .row_headers = false};
  std::vector<std::string> notes;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    const Json& residuals = field(targets[t], "residuals");
    HistogramGroup group{names[t], number_of(residuals, "low"), number_of(residuals, "width"), {}};
    for (const Json& count : items_of(residuals, "counts")) {
      const double low = group.low + group.width * static_cast<double>(group.counts.size());
      group.counts.push_back(to_number(count));
      if (table.rows.size() >= kMostRows) continue;
      table.rows.push_back(
          {names[t], number_text(low, 4), number_text(low + group.width, 4), number_text(group.counts.back())});
    }
    notes.push_back(
        fmt::format("{}: mean {}, standard deviation {}, from {} to {}.", names[t],
                    number_text(number_of(residuals, "mean"), 4), number_text(number_of(residuals, "std"), 4),
                    number_text(number_of(residuals, "lowest"), 4), number_text(number_of(residuals, "highest"), 4)));
    groups.push_back(std::move(group));
  }
  return {.id = "residuals",
          .title = "Residuals",
          .description = "Predicted less actual, in the target's own units, of " + rows_text(predictions) +
                         ". The dashed line is at 0.",
          .spec = histogram_spec(groups, "predicted - actual", "rows"),
          .controls = group_controls("Target", names),
          .notes = std::move(notes),
          .table = std::move(table),
          .half = true};
}

/// ROC (x: false positives, y: recall) or precision over recall.
Chart threshold_chart(const Json& predictions, const Json& classes, bool roc) {
  SeriesChart curves{.axes = {{.field = "x", .title = roc ? "false positive rate" : "recall", .low = 0.0, .high = 1.0}},
                     .panels = {{.title = roc ? "true positive rate (recall)" : "precision",
                                 .series = {},
                                 .height = 300,
                                 .from_zero = true}}};
  const bool scores = flag_of(predictions, "thresholds_are_scores");
  TextTable table{.caption = roc ? "ROC curve" : "Precision and recall",
                  .columns = {{"class"},
                              {scores ? "score at least" : "probability at least", true},
                              {roc ? "false positive rate" : "recall", true},
                              {roc ? "true positive rate" : "precision", true}},
                  .row_headers = false};
  std::vector<std::string> notes;
  for (const Json& of : classes) {
    if (curves.panels[0].series.size() == kMostCurves) break;
    Series series{.name = text_of(of, "name"), .points = {}, .dashed = curves.panels[0].series.size() % 2 == 1};
    if (roc) series.points.push_back({{0.0}, 0.0});
    for (const Json& point : items_of(of, "curve")) {
      const double recall = at(point, 1), alarms = at(point, 2), precision = at(point, 3);
      series.points.push_back(roc ? SeriesPoint{{alarms}, recall} : SeriesPoint{{recall}, precision});
      if (table.rows.size() >= kMostRows) continue;
      table.rows.push_back({series.name, number_text(at(point, 0), 4), number_text(roc ? alarms : recall, 4),
                            number_text(roc ? recall : precision, 4)});
    }
    const double positives = number_of(of, "positives"), negatives = number_of(of, "negatives");
    notes.push_back(
        roc ? fmt::format("{}: area under the curve {}.", series.name, number_text(number_of(of, "area"), 4))
            : fmt::format("{}: average precision {}; chance is {}.", series.name,
                          number_text(number_of(of, "average_precision"), 4),
                          number_text(positives / (positives + negatives), 3)));
    curves.panels[0].series.push_back(std::move(series));
  }
  if (roc)
    curves.panels[0].series.push_back({.name = "chance", .points = {{{0.0}, 0.0}, {{1.0}, 1.0}}, .dashed = true});
  if (classes.size() > kMostCurves) {
    notes.push_back(fmt::format("The first {} classes are drawn.", kMostCurves));
  }
  return series_chart(
      {.id = roc ? "roc" : "precision-recall",
       .title = roc ? "ROC curve" : "Precision and recall",
       .description = (roc ? "How many of a class are found for how many false alarms, at every threshold; of "
                           : "How many of the rows called a class are of it, for how many of it are found; of ") +
                      rows_text(predictions) + ". Curves are thinned, areas are not.",
       .notes = std::move(notes),
       .table = std::move(table),
       .half = true},
      curves);
}

std::optional<Chart> confusion_chart(const Json& result) {
  const Json& summary = field(result, "summary");
  const bool has_valid = field(summary, "valid").is_object();
  const Json& confusion = items_of(field(summary, has_valid ? "valid" : "train"), "confusion");
  const Json& names = items_of(field(result, "data"), "classes");
  if (confusion.empty() || names.size() != confusion.size()) return std::nullopt;
  Matrix matrix;
  TextTable table{.caption = "Confusion matrix: actual classes in rows, predicted ones in columns",
                  .columns = {{"actual"}}};
  for (const Json& name : names) {
    matrix.classes.push_back(name.is_string() ? name.get<std::string>() : "");
    table.columns.push_back({matrix.classes.back(), true});
  }
  for (const Json& row : confusion) {
    matrix.counts.emplace_back();
    table.rows.push_back({matrix.classes[matrix.counts.size() - 1]});
    for (std::size_t j = 0; j < names.size(); ++j) {
      matrix.counts.back().push_back(row.is_array() ? at(row, j) : RunRecord::kNone);
      table.rows.back().push_back(number_text(matrix.counts.back().back()));
    }
  }
  return Chart{.id = "confusion",
               .title = "Confusion matrix",
               .description = fmt::format("Rows of each class and what they were taken for, of the {} rows. Colour is "
                                          "the share of the actual class.",
                                          has_valid ? "validation" : "training"),
               .spec = matrix_spec(matrix),
               .table = std::move(table),
               .half = matrix.classes.size() <= 6};
}

}  // namespace

std::optional<Section> predictions_section(const RunRecord& record) {
  const Json& predictions = field(record.result, "predictions");
  if (!predictions.is_object()) return std::nullopt;
  Section section{"predictions", "Predictions"};
  const Json &targets = items_of(predictions, "targets"), &classes = items_of(predictions, "classes");
  std::vector<std::string> names;
  for (const Json& target : targets) names.push_back(text_of(target, "name"));
  if (targets.is_array() && !targets.empty()) {
    section.blocks.push_back(scatter_chart(predictions, targets, names));
    section.blocks.push_back(residual_chart(predictions, targets, names));
    if (static_cast<double>(targets.size()) < number_of(predictions, "n_targets")) {
      section.blocks.push_back(Paragraph{fmt::format("The first {} of {:.0f} targets are shown.", targets.size(),
                                                     number_of(predictions, "n_targets"))});
    }
  }
  std::optional<Chart> confusion = confusion_chart(record.result);
  if (confusion) section.blocks.push_back(std::move(*confusion));
  if (classes.is_array() && !classes.empty()) {
    section.blocks.push_back(threshold_chart(predictions, classes, true));
    section.blocks.push_back(threshold_chart(predictions, classes, false));
  }
  if (section.blocks.empty()) return std::nullopt;
  return section;
}

}  // namespace slalom::report::html

// SPDX-License-Identifier: Apache-2.0
// Fits imputation, one-hot encoding, scaling and targets on training rows.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <slalom/error.hpp>
#include <slalom/preprocess.hpp>

#include "data/class_names.hpp"
#include "data/class_weights.hpp"
#include "data/column_index.hpp"
#include "data/column_selection.hpp"
#include "data/column_statistics.hpp"
#include "data/row_list.hpp"
#include "data/scale_fit.hpp"

namespace slalom {
namespace {

using data::Location;
using data::RowList;

[[noreturn]] void refuse_missing(const Table& table, const Column& column, std::size_t row) {
  throw DataError(table.place(static_cast<std::int64_t>(row)) + ", column '" + column.name() +
                  "': the cell is missing (--missing error)");
}

/// The most frequent value; the smallest of several.
double mode_of(const std::vector<double>& values, const RowList& rows) {
  std::map<double, std::int64_t> counts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isnan(values[rows[i]])) ++counts[values[rows[i]]];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? 0.0 : most->first;
}

double mean_of(const std::vector<double>& values, const RowList& rows) {
  double sum = 0.0;
  std::int64_t n = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (std::isnan(values[rows[i]])) continue;
    sum += values[rows[i]];
    ++n;
  }
  return n > 0 ? sum / static_cast<double>(n) : 0.0;
}

InputColumn fit_numeric(const Table& table, const Column& column, const RowList& rows, const PreprocessOptions& options,
                        Notes& notes) {
  const std::vector<double>& values = column.numeric().values;
  std::size_t missing = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isnan(values[rows[i]])) continue;
    if (options.missing == MissingPolicy::kError) refuse_missing(table, column, rows[i]);
    ++missing;
  }
  if (missing == rows.size())
    notes.push_back("column '" + column.name() + "' has no values in the training rows; 0 is used");
  InputColumn input;
  input.name = column.name();
  input.fill = options.missing == MissingPolicy::kMostFrequent ? mode_of(values, rows) : mean_of(values, rows);
  return input;
}

InputColumn fit_categorical(const Table& table, const Column& column, const RowList& rows,
                            const PreprocessOptions& options, Notes& notes) {
  const CategoricalColumn& cells = column.categorical();
  std::vector<std::int64_t> counts(cells.categories.size(), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int32_t code = cells.codes[rows[i]];
    if (code != CategoricalColumn::kMissing) {
      ++counts[static_cast<std::size_t>(code)];
    } else if (options.missing == MissingPolicy::kError) {
      refuse_missing(table, column, rows[i]);
    }
  }
  // Most frequent first, ties by name; levels that no training row has are not levels.
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) order.push_back(c);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : cells.categories[a] < cells.categories[b];
  });
  InputColumn input;
  input.name = column.name();
  input.categorical = true;
  const auto limit = static_cast<std::size_t>(options.max_categories);
  if (order.size() > limit) {
    notes.push_back("column '" + column.name() + "' has " + std::to_string(order.size()) + " categories; the " +
                    std::to_string(order.size() - limit + 1) + " rarest become 'other' (--max-categories)");
    order.resize(limit - 1);
    input.has_other = true;
  }
  for (const std::size_t c : order) input.categories.push_back(cells.categories[c]);
  const std::string most_frequent = input.categories.empty() ? "" : input.categories.front();
  std::sort(input.categories.begin(), input.categories.end());
  const auto fill = std::find(input.categories.begin(), input.categories.end(), most_frequent);
  input.fill_code = input.categories.empty() ? 0 : static_cast<std::int32_t>(fill - input.categories.begin());
  if (input.categories.empty())
    notes.push_back("column '" + column.name() + "' has no values in the training rows; it is not used");
  return input;
}

void fit_feature(Preprocessing& p, const Table& table, const Column& column, const RowList& rows,
                 const PreprocessOptions& options, Notes& notes) {
  const auto add = [&](const Location& location) {
    p.offset.push_back(location.offset);
    p.scale.push_back(location.scale);
  };
  if (column.is_numeric()) {
    const InputColumn input = fit_numeric(table, column, rows, options, notes);
    const std::vector<double>& values = column.numeric().values;
    add(data::fit_scale(
        options.scaling, rows.size(),
        [&](std::size_t i) { return std::isnan(values[rows[i]]) ? input.fill : values[rows[i]]; }, column.name(),
        notes));
    p.inputs.push_back(input);
    return;
  }
  InputColumn input = fit_categorical(table, column, rows, options, notes);
  if (input.width() == 1)
    notes.push_back("column '" + column.name() + "' is constant in the training rows; it carries no information");
  // One-hot features stay 0 and 1: scaled, a rare level would be a huge number from which a network extrapolates.
  for (std::int64_t level = 0; level < input.width(); ++level) add({});
  p.inputs.push_back(std::move(input));
}

void fit_regression_target(Preprocessing& p, const Table& table, const Column& column, const RowList& rows,
                           const PreprocessOptions& options) {
  if (!column.is_numeric()) {
    throw DataError("--target: column '" + column.name() + "' of " + table.source +
                    " holds text, expected numbers (use --model logistic, softmax or mlp for classes)");
  }
  const std::vector<double>& values = column.numeric().values;
  std::vector<double> known;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!std::isnan(values[rows[i]])) known.push_back(values[rows[i]]);
  }
  if (known.empty()) throw DataError("--target: column '" + column.name() + "' of " + table.source + " has no values");
  Notes ignored;  // a constant target is allowed: the model learns the constant
  const Location location = data::fit_scale(
      options.target_scaling, known.size(), [&](std::size_t i) { return known[i]; }, column.name(), ignored);
  p.target_offset.push_back(location.offset);
  p.target_scale.push_back(location.scale);
}

void fit_class_target(Preprocessing& p, const Table& table, const Column& column, const RowList& rows,
                      const PreprocessOptions& options) {
  p.numeric_classes = column.is_numeric();
  const data::ClassCounts counts = data::count_classes(table, column, rows);
  for (const auto& [name, count] : counts) p.classes.push_back(name);
  if (p.classes.size() < 2) {
    throw DataError("--target: column '" + column.name() + "' of " + table.source + " has " +
                    (p.classes.empty() ? "no values" : "only the class '" + p.classes[0] + "'") +
                    " in the training rows, expected at least 2 classes");
  }
  data::fit_class_weights(p, counts, column, options);
}

}  // namespace

void add_statistics(Preprocessing& preprocessing, const Table& table, std::span<const std::uint32_t> rows) {
  const RowList list(rows, table.n_rows);
  const data::ColumnIndex columns(table);
  for (InputColumn& input : preprocessing.inputs) {
    input.statistics = data::input_statistics(input, columns.trained(input.name, false), list);
  }
  preprocessing.target_statistics.clear();
  for (const std::string& target : preprocessing.targets) {
    preprocessing.target_statistics.push_back(
        data::target_statistics(preprocessing, columns.trained(target, false), list));
  }
}

Preprocessing fit_preprocessing(const Table& table, std::span<const std::uint32_t> row_list, bool classify,
                                const PreprocessOptions& options, Notes& notes) {
  if (options.max_categories < 2) {
    throw UsageError("--max-categories: found " + std::to_string(options.max_categories) + ", expected at least 2");
  }
  const data::ColumnSelection selection = data::select_columns(table, options);
  const RowList rows(row_list, table.n_rows);
  Preprocessing p;
  p.missing = options.missing;
  p.weight_column = selection.weight ? table.columns[*selection.weight].name() : "";
  for (const std::size_t target : selection.targets) p.targets.push_back(table.columns[target].name());
  if (classify && selection.targets.size() > 1) {
    throw UsageError("--target: found " + std::to_string(selection.targets.size()) +
                     " columns, expected one for classes");
  }
  for (const std::size_t target : selection.targets) {
    if (classify) {
      fit_class_target(p, table, table.columns[target], rows, options);
    } else {
      fit_regression_target(p, table, table.columns[target], rows, options);
    }
  }
  for (const std::size_t feature : selection.features)
    fit_feature(p, table, table.columns[feature], rows, options, notes);
  add_statistics(p, table, row_list);
  if (p.n_features() == 0) throw DataError(table.source + ": no feature has a value in the training rows");
  return p;
}

}  // namespace slalom

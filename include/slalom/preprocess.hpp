// SPDX-License-Identifier: Apache-2.0
// From a raw table to a Dataset: selection, imputation, one-hot encoding and standardisation, fitted on training rows
// only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>
#include <slalom/table.hpp>

namespace slalom {

enum class Scaling { kStandard, kMinMax, kNone };
enum class MissingPolicy { kMean, kMostFrequent, kError };

template <>
struct EnumNames<Scaling> {
  static constexpr std::string_view kWhat = "scaling";
  static constexpr std::array<std::pair<Scaling, std::string_view>, 3> kNames{
      {{Scaling::kStandard, "standard"}, {Scaling::kMinMax, "minmax"}, {Scaling::kNone, "none"}}};
};
template <>
struct EnumNames<MissingPolicy> {
  static constexpr std::string_view kWhat = "missing-value policy";
  static constexpr std::array<std::pair<MissingPolicy, std::string_view>, 3> kNames{
      {{MissingPolicy::kMean, "mean"},
       {MissingPolicy::kMostFrequent, "most-frequent"},
       {MissingPolicy::kError, "error"}}};
};

/// What the user asks of preprocessing. Columns are given by name or by 0-based index, negative from the end.
struct PreprocessOptions {
  std::vector<std::string> targets;              ///< at least one; several only for regression
  std::string weight_column;                     ///< empty: none; non-negative numbers, not a feature
  std::vector<std::string> drop;                 ///< columns to leave out
  std::vector<std::string> features;             ///< if not empty: only these are features
  std::vector<std::string> categorical;          ///< names that the reader was told are categories; have to exist
  Scaling scaling = Scaling::kStandard;          ///< of numeric features; one-hot ones stay 0 and 1
  Scaling target_scaling = Scaling::kStandard;   ///< of regression targets
  MissingPolicy missing = MissingPolicy::kMean;  ///< kMean: mean for numbers, most frequent for categories
  std::int64_t max_categories = 64;              ///< of one column; the rarest beyond it become "other"; >= 2
  /// class name -> weight; "balanced" alone: n / (k * count)
  std::vector<std::pair<std::string, double>> class_weights;
  bool balanced_classes = false;
};

/// Where the values of a column lie, to tell later whether new data are like those of training.
struct ColumnStatistics {
  double missing = 0.0;                ///< share of the cells that are missing
  double mean = 0.0, deviation = 0.0;  ///< numbers: of the cells that are there; divided by n, 0 if there are none
  std::vector<double> shares;  ///< categories: of each level ("other" last) or class, among the cells that are there
  double unseen = 0.0;         ///< categories: share of those that are no level
};

/// One raw feature column as it was fitted.
struct InputColumn {
  std::string name;
  bool categorical = false;
  double fill = 0.0;                    ///< numeric: value for missing cells
  std::vector<std::string> categories;  ///< categorical: levels in code order, one output feature each
  bool has_other = false;               ///< categorical: a last output feature "other" for rare and unseen levels
  std::int32_t fill_code = 0;           ///< categorical: level for missing cells
  std::optional<ColumnStatistics> statistics;  ///< of the training rows; nothing in models that do not have it
  /// Output features this column makes.
  [[nodiscard]] std::int64_t width() const noexcept {
    return categorical ? static_cast<std::int64_t>(categories.size()) + (has_other ? 1 : 0) : 1;
  }
};

/// Everything that turns a raw file into model inputs and model outputs back into answers. Plain data: the model file
/// stores it.
struct Preprocessing {
  std::vector<InputColumn> inputs;
  std::vector<double> offset;  ///< per output feature: stored = (raw - offset) / scale
  std::vector<double> scale;   ///< per output feature, > 0
  MissingPolicy missing = MissingPolicy::kMean;
  std::vector<std::string> targets;   ///< target column names
  std::vector<std::string> classes;   ///< class names in label order; empty for regression
  bool numeric_classes = false;       ///< class names are numbers in the data
  std::vector<double> target_offset;  ///< regression: per target
  std::vector<double> target_scale;
  std::vector<double> class_weights;  ///< per class, or empty
  std::string weight_column;
  std::vector<ColumnStatistics> target_statistics;  ///< of the training rows, one a target, or none

  [[nodiscard]] std::int64_t n_features() const noexcept { return static_cast<std::int64_t>(offset.size()); }
  /// Names of the output features: "age", "city=Oslo", "city=other".
  [[nodiscard]] std::vector<std::string> feature_names() const;
  /// The column kinds a reader must be told (ReadOptions::kinds): inputs, targets and weight.
  [[nodiscard]] std::vector<std::pair<std::string, bool>> column_kinds() const;
};

/// What was noticed while fitting or applying, for people.
using Notes = std::vector<std::string>;

/// Position of the column that `selector` names: a column name, else a 0-based index, negative from the end.
/// Throws UsageError "--target: no column 'x' in FILE; columns are ..." (with `flag` as given).
[[nodiscard]] std::size_t resolve_column(const Table& table, const std::string& selector, const std::string& flag);

/// Fits on the training rows of `row_list` (empty: all rows). `classify`: targets are classes.
/// Throws UsageError (unknown column) or DataError (nothing left to learn from, one class only, missing values under
/// kError).
[[nodiscard]] Preprocessing fit_preprocessing(const Table& table, std::span<const std::uint32_t> row_list,
                                              bool classify, const PreprocessOptions& options, Notes& notes);

/// The same features, categories and fill values with offsets and scales of the given rows (empty: all) of other data.
/// Only options.scaling and, unless the targets were not scaled, options.target_scaling count. Throws as
/// apply_preprocessing.
[[nodiscard]] Preprocessing refit_scaling(const Preprocessing& preprocessing, const Table& table,
                                          std::span<const std::uint32_t> rows, const PreprocessOptions& options,
                                          Notes& notes);

/// Replaces the statistics by those of the given rows (empty: all) of a table that has all columns.
void add_statistics(Preprocessing& preprocessing, const Table& table, std::span<const std::uint32_t> rows);

/// What a Dataset is made for.
enum class Purpose { kTrain, kEvaluate, kPredict };

/// Applies a fitted preprocessing to the given rows (empty: all). Columns are found by name, whatever their order. Rows
/// without a target are left out, with a note (kTrain, kEvaluate). An unseen category becomes "other" if the column has
/// it, else all zeros, with a note. `cross_entropy`: fill labels; otherwise targets (0/1 for two classes). Throws
/// DataError: missing column, text where numbers were trained, unknown class.
[[nodiscard]] Dataset apply_preprocessing(const Preprocessing& preprocessing, const Table& table,
                                          std::span<const std::uint32_t> rows, Purpose purpose, bool cross_entropy,
                                          Notes& notes);

}  // namespace slalom

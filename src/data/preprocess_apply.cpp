// SPDX-License-Identifier: Apache-2.0
// Turns raw rows into a Dataset with a fitted preprocessing.
#include <algorithm>
#include <cmath>

#include <slalom/error.hpp>
#include <slalom/preprocess.hpp>

#include "core/huge_pages.hpp"
#include "data/class_names.hpp"
#include "data/column_index.hpp"
#include "data/row_list.hpp"

namespace slalom {
namespace {

constexpr const char* kTarget = "the model predicts it, so its true values are needed here";
constexpr const char* kWeight = "it holds the weights of the rows";

/// A cell as messages show it.
std::string cell_text(const Column& column, std::uint32_t row) {
  if (column.is_numeric()) {
    const double value = column.numeric().values[row];
    return std::isnan(value) ? "a missing cell" : data::number_text(value);
  }
  const std::int32_t code = column.categorical().codes[row];
  return code == CategoricalColumn::kMissing
             ? "a missing cell"
             : "'" + column.categorical().categories[static_cast<std::size_t>(code)] + "'";
}

[[noreturn]] void refuse_missing(const Table& table, std::uint32_t row, const std::string& name) {
  throw DataError(table.place(row) + ", column '" + name + "': the cell is missing (--missing error)");
}

/// The labels of a class target, -1 where the cell is missing.
/// `whose`: what lacks an unknown class, as the end of the message.
std::vector<std::int32_t> labels_of(const Preprocessing& p, const Table& table, const Column& column,
                                    const char* whose) {
  const CategoricalColumn cells = column.is_numeric() ? data::as_categories(column.numeric()) : column.categorical();
  std::vector<std::int32_t> of_category;
  for (const std::string& name : cells.categories) {
    const auto found = std::find(p.classes.begin(), p.classes.end(), name);
    of_category.push_back(found == p.classes.end() ? -2 : static_cast<std::int32_t>(found - p.classes.begin()));
  }
  std::vector<std::int32_t> labels;
  labels.reserve(cells.codes.size());
  for (std::size_t i = 0; i < cells.codes.size(); ++i) {
    const std::int32_t code = cells.codes[i];
    labels.push_back(code == CategoricalColumn::kMissing ? -1 : of_category[static_cast<std::size_t>(code)]);
    if (labels.back() == -2) {
      throw DataError(table.place(static_cast<std::int64_t>(i)) + ", column '" + column.name() +
                      "': found the class '" + cells.categories[static_cast<std::size_t>(code)] + "', which " + whose);
    }
  }
  return labels;
}

/// Builds one Dataset.
class Applier {
 public:
  Applier(const Preprocessing& p, const Table& table, std::span<const std::uint32_t> rows, Purpose purpose,
          Notes& notes)
      : p_(p), table_(table), columns_(table), purpose_(purpose), notes_(notes) {
    const data::RowList all(rows, table.n_rows);
    for (std::size_t i = 0; i < all.size(); ++i) rows_.push_back(static_cast<std::uint32_t>(all[i]));
  }

  Dataset run(bool cross_entropy) {
    if (purpose_ != Purpose::kPredict) keep_rows_with_targets();
    set_.n_rows = static_cast<std::int64_t>(rows_.size());
    set_.n_features = p_.n_features();
    set_.n_targets = p_.classes.empty() ? static_cast<std::int64_t>(p_.targets.size()) : 1;
    set_.target_offset = p_.target_offset;
    set_.target_scale = p_.target_scale;
    core::assign_zeros(set_.features, static_cast<std::size_t>(set_.n_rows * row_stride(set_.n_features)));
    fill_features();
    if (purpose_ != Purpose::kPredict) {
      fill_targets(cross_entropy);
      fill_weights();
    }
    return std::move(set_);
  }

 private:
  /// `role`: what the model has the column for, as the end of the message.
  const Column& needed(const std::string& name, const char* role) const {
    const Column* const column = columns_.find(name);
    if (column == nullptr) throw DataError(table_.source + ": column '" + name + "' is missing; " + role);
    return *column;
  }

  void keep_rows_with_targets() {
    if (!p_.classes.empty())
      labels_ = labels_of(p_, table_, needed(p_.targets.at(0), kTarget),
                          purpose_ == Purpose::kTrain ? "the model does not know" : "no training row has");
    std::vector<const std::vector<double>*> targets;
    if (p_.classes.empty()) {
      for (const std::string& name : p_.targets) targets.push_back(&target_column(name).values);
    }
    const auto lacks_target = [&](std::uint32_t row) {
      if (!p_.classes.empty()) return labels_[row] < 0;
      return std::any_of(targets.begin(), targets.end(),
                         [&](const std::vector<double>* values) { return std::isnan((*values)[row]); });
    };
    const std::size_t before = rows_.size();
    std::erase_if(rows_, lacks_target);
    if (rows_.size() < before) {
      notes_.push_back(table_.source + ": " + std::to_string(before - rows_.size()) + " of " + std::to_string(before) +
                       " rows have no target and are left out");
    }
    if (rows_.empty()) throw DataError(table_.source + ": found no row with a target, expected at least 1");
  }

  const NumericColumn& target_column(const std::string& name) const {
    const Column& column = needed(name, kTarget);
    if (!column.is_numeric()) {
      throw DataError(table_.source + ": target column '" + name + "' holds text, expected numbers");
    }
    return column.numeric();
  }

  /// Where a feature of a row goes.
  float& place(std::size_t i, std::int64_t feature) {
    return set_.features[i * static_cast<std::size_t>(row_stride(set_.n_features)) + static_cast<std::size_t>(feature)];
  }

  float scaled(std::int64_t feature, double raw) const {
    const auto f = static_cast<std::size_t>(feature);
    return static_cast<float>((raw - p_.offset[f]) / p_.scale[f]);
  }

  /// Numeric columns whose features share a cache line are filled together: one by one, each would fetch every line.
  void fill_features() {
    constexpr std::int64_t kLine = 16;
    std::vector<NumericFeature> line;
    std::int64_t feature = 0;
    const auto fill_line = [&] {
      if (line.empty()) return;
      fill_numeric(line, feature - static_cast<std::int64_t>(line.size()));
      line.clear();
    };
    for (const InputColumn& input : p_.inputs) {
      const Column& column = columns_.trained(input.name, !input.categorical);
      if (input.categorical) {
        fill_line();
        fill_one_hot(input, feature,
                     column.is_numeric() ? data::as_categories(column.numeric()) : column.categorical());
        feature += input.width();
      } else {
        line.push_back({column.numeric().values.data(), input.fill});
        refuse_missing_numbers(line.back(), input.name);
        if (++feature % kLine == 0) fill_line();
      }
    }
    fill_line();
  }

  struct NumericFeature {
    const double* values;  ///< of every table row
    double fill;           ///< instead of missing ones
  };

  void refuse_missing_numbers(const NumericFeature& feature, const std::string& name) const {
    if (p_.missing != MissingPolicy::kError) return;
    for (const std::uint32_t row : rows_) {
      if (std::isnan(feature.values[row])) refuse_missing(table_, row, name);
    }
  }

  /// Neighbouring features, from `first` on.
  void fill_numeric(std::span<const NumericFeature> features, std::int64_t first) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      std::int64_t at = first;
      for (const NumericFeature& feature : features) {
        const double value = feature.values[rows_[i]];
        place(i, at) = scaled(at, std::isnan(value) ? feature.fill : value);
        ++at;
      }
    }
  }

  void fill_one_hot(const InputColumn& input, std::int64_t feature, const CategoricalColumn& cells) {
    const std::vector<std::int32_t> levels = data::level_codes(input, cells.categories);
    std::size_t unseen = 0;
    std::string example;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::int32_t code = cells.codes[rows_[i]];
      if (code == CategoricalColumn::kMissing && p_.missing == MissingPolicy::kError)
        refuse_missing(table_, rows_[i], input.name);
      const std::int32_t level =
          code == CategoricalColumn::kMissing ? input.fill_code : levels[static_cast<std::size_t>(code)];
      if (level < 0 && unseen++ == 0) example = cells.categories[static_cast<std::size_t>(code)];
      for (std::int64_t l = 0; l < input.width(); ++l)
        place(i, feature + l) = scaled(feature + l, l == level ? 1.0 : 0.0);
    }
    if (unseen > 0) {
      notes_.push_back(table_.source + ": column '" + input.name + "' has " + std::to_string(unseen) +
                       " cells with categories that training did not see, such as '" + example +
                       "'; they count as none of the known");
    }
  }

  void fill_targets(bool cross_entropy) {
    if (p_.classes.empty()) {
      const std::size_t k = p_.targets.size();
      set_.targets.resize(rows_.size() * k);
      for (std::size_t j = 0; j < k; ++j) {
        const std::vector<double>& values = target_column(p_.targets[j]).values;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
          set_.targets[i * k + j] = static_cast<float>((values[rows_[i]] - p_.target_offset[j]) / p_.target_scale[j]);
        }
      }
      return;
    }
    for (const std::uint32_t row : rows_) {
      if (cross_entropy) {
        set_.labels.push_back(labels_[row]);
      } else {
        set_.targets.push_back(static_cast<float>(labels_[row]));
      }
    }
  }

  /// Sample weight x class weight (training only), scaled to mean 1.
  void fill_weights() {
    const bool by_class = purpose_ == Purpose::kTrain && !p_.class_weights.empty();
    if (p_.weight_column.empty() && !by_class) return;
    const Column* const column = weight_column();
    std::vector<double> weights(rows_.size(), 1.0);
    double sum = 0.0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (column != nullptr) weights[i] = sample_weight(*column, rows_[i]);
      if (by_class) weights[i] *= p_.class_weights[static_cast<std::size_t>(labels_[rows_[i]])];
      sum += weights[i];
    }
    if (!(sum > 0.0)) throw DataError(table_.source + ": all row weights are 0, expected at least one above 0");
    for (const double weight : weights) {
      set_.weights.push_back(static_cast<float>(weight * static_cast<double>(weights.size()) / sum));
    }
  }

  /// nullptr: rows have no weights here; only training insists on them.
  const Column* weight_column() const {
    if (p_.weight_column.empty()) return nullptr;
    return purpose_ == Purpose::kTrain ? &needed(p_.weight_column, kWeight) : columns_.find(p_.weight_column);
  }

  double sample_weight(const Column& column, std::uint32_t row) const {
    const double weight = column.is_numeric() ? column.numeric().values[row] : std::nan("");
    if (!(weight >= 0.0)) {
      throw DataError(table_.place(row) + ", column '" + p_.weight_column + "': found " + cell_text(column, row) +
                      ", expected a weight >= 0");
    }
    return weight;
  }

  const Preprocessing& p_;
  const Table& table_;
  data::ColumnIndex columns_;
  Purpose purpose_;
  Notes& notes_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::int32_t> labels_;  ///< of every table row; class targets only
  Dataset set_;
};

}  // namespace

std::vector<std::string> Preprocessing::feature_names() const {
  std::vector<std::string> names;
  for (const InputColumn& input : inputs) {
    if (!input.categorical) names.push_back(input.name);
    for (const std::string& category : input.categories) names.push_back(input.name + "=" + category);
    if (input.has_other) names.push_back(input.name + "=other");
  }
  return names;
}

std::vector<std::pair<std::string, bool>> Preprocessing::column_kinds() const {
  std::vector<std::pair<std::string, bool>> kinds;
  for (const InputColumn& input : inputs) kinds.emplace_back(input.name, input.categorical);
  for (const std::string& target : targets) kinds.emplace_back(target, !classes.empty() && !numeric_classes);
  if (!weight_column.empty()) kinds.emplace_back(weight_column, false);
  return kinds;
}

Dataset apply_preprocessing(const Preprocessing& preprocessing, const Table& table, std::span<const std::uint32_t> rows,
                            Purpose purpose, bool cross_entropy, Notes& notes) {
  return Applier(preprocessing, table, rows, purpose, notes).run(cross_entropy);
}

}  // namespace slalom

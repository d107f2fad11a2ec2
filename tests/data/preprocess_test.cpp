// SPDX-License-Identifier: Apache-2.0
// Fitting and applying preprocessing, splits and epoch orders.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include <slalom/error.hpp>
#include <slalom/preprocess.hpp>

#include "data/sampler.hpp"
#include "data/split.hpp"
#include "support/message_of.hpp"
#include "support/sanitized.hpp"

namespace slalom::testing {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Table small_table() {
  Table t;
  t.source = "t.csv";
  t.n_rows = 6;
  t.columns.emplace_back("a", NumericColumn{{1, 2, 3, 4, kNan, 6}});
  t.columns.emplace_back("c", CategoricalColumn{{0, 1, 0, 2, 0, CategoricalColumn::kMissing}, {"x", "z", "y"}});
  t.columns.emplace_back("y", NumericColumn{{10, 20, 30, 40, 50, 60}});
  return t;
}

Preprocessing fit(const Table& t, PreprocessOptions options, bool classify = false,
                  std::vector<std::uint32_t> rows = {}) {
  Notes notes;
  return fit_preprocessing(t, rows, classify, options, notes);
}

TEST(Preprocess, StandardisesOnTrainingRowsOnly) {
  const Table t = small_table();
  Notes notes;
  const Preprocessing p = fit(t, {.targets = {"y"}}, false, {0, 1, 2, 3});
  EXPECT_DOUBLE_EQ(p.offset.at(0), 2.5);
  EXPECT_DOUBLE_EQ(p.scale.at(0), std::sqrt(1.25));
  const Dataset d = apply_preprocessing(p, t, std::vector<std::uint32_t>{0, 1, 2, 3}, Purpose::kTrain, false, notes);
  double sum = 0.0, squares = 0.0;
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto v = static_cast<double>(d.view().row(i)[0]);
    sum += v;
    squares += v * v;
  }
  EXPECT_NEAR(sum, 0.0, 1e-6);
  EXPECT_NEAR(squares / 4.0, 1.0, 1e-6);
}

TEST(Preprocess, EncodesLevelsByNameAndFillsMissingCells) {
  const Table t = small_table();
  Notes notes;
  const Preprocessing p = fit(t, {.targets = {"y"}, .scaling = Scaling::kNone});
  EXPECT_EQ(p.feature_names(), (std::vector<std::string>{"a", "c=x", "c=y", "c=z"}));
  const Dataset d = apply_preprocessing(p, t, {}, Purpose::kTrain, false, notes);
  EXPECT_FLOAT_EQ(d.view().row(4)[0], 3.2F);  // the mean of 1, 2, 3, 4, 6
  EXPECT_EQ(d.view().row(1)[3], 1.0F);        // z
  EXPECT_EQ(d.view().row(5)[1], 1.0F);        // missing becomes the most frequent, x
}

/// Column j is numbers, some missing, or, if j is in `categorical`, categories.
Table mixed_table(int n_columns, const std::set<int>& categorical, std::size_t n_rows) {
  Table t;
  t.source = "mixed.csv";
  t.n_rows = static_cast<std::int64_t>(n_rows);
  for (int j = 0; j < n_columns; ++j) {
    CategoricalColumn cells{{}, {"p", "q", "r"}};
    NumericColumn numbers;
    for (std::size_t i = 0; i < n_rows; ++i) {
      const auto u = static_cast<int>(i);
      cells.codes.push_back((u + j) % 4 - 1);
      numbers.values.push_back((u * 7 + j) % 11 == 3 ? kNan : (u * 13 + j * 5) % 17 + 0.1 * j);
    }
    static_assert(CategoricalColumn::kMissing == -1);
    const std::string name = "c" + std::to_string(j);
    if (categorical.contains(j)) {
      t.columns.emplace_back(name, std::move(cells));
    } else {
      t.columns.emplace_back(name, std::move(numbers));
    }
  }
  std::vector<double> y(n_rows);
  std::iota(y.begin(), y.end(), 0.0);
  t.columns.emplace_back("y", NumericColumn{std::move(y)});
  return t;
}

/// What an input makes of a cell before scaling: a number, or the level that is 1.
double raw_feature(const InputColumn& input, const Column& column, std::size_t row, std::int64_t level) {
  if (!input.categorical) {
    const double value = column.numeric().values[row];
    return std::isnan(value) ? input.fill : value;
  }
  const CategoricalColumn& cells = column.categorical();
  const std::int32_t code = cells.codes[row];
  const std::string& name = code < 0 ? input.categories[static_cast<std::size_t>(input.fill_code)]
                                     : cells.categories[static_cast<std::size_t>(code)];
  return input.categories[static_cast<std::size_t>(level)] == name ? 1.0 : 0.0;
}

TEST(Preprocess, EveryCellIsScaledWhereverItsColumnLies) {
  const std::vector<std::uint32_t> rows{30, 2, 17, 5, 5, 29, 0};
  for (const int n_columns : {1, 7, 15, 16, 17, 33, 50}) {
    for (const std::set<int>& categorical : {std::set<int>{}, {0}, {15}, {16, 17}, {3, 20, 34}}) {
      const Table t = mixed_table(n_columns, categorical, 31);
      SCOPED_TRACE(std::to_string(n_columns) + " columns, categorical " + ::testing::PrintToString(categorical));
      Notes notes;
      const Preprocessing p = fit(t, {.targets = {"y"}});
      const Dataset d = apply_preprocessing(p, t, rows, Purpose::kTrain, false, notes);
      ASSERT_EQ(d.n_rows, static_cast<std::int64_t>(rows.size()));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const float* const row = d.view().row(static_cast<std::int64_t>(i));
        std::size_t f = 0;
        for (std::size_t j = 0; j < p.inputs.size(); ++j) {
          for (std::int64_t level = 0; level < p.inputs[j].width(); ++level, ++f) {
            const double raw = raw_feature(p.inputs[j], t.columns[j], rows[i], level);
            ASSERT_EQ(row[f], static_cast<float>((raw - p.offset[f]) / p.scale[f])) << "row " << i << " feature " << f;
          }
        }
        for (; f < static_cast<std::size_t>(d.view().stride); ++f) ASSERT_EQ(row[f], 0.0F);
      }
    }
  }
}

TEST(Preprocess, RefusesTheFirstColumnWithAMissingNumber) {
  Table t = small_table();
  t.columns.insert(t.columns.begin(), Column("b", NumericColumn{{1, 2, 3, 4, 5, kNan}}));
  Notes notes;
  const Preprocessing p = fit(t, {.targets = {"y"}, .missing = MissingPolicy::kError}, false, {0, 1, 2, 3});
  const auto apply = [&](const std::vector<std::uint32_t>& rows) {
    static_cast<void>(apply_preprocessing(p, t, rows, Purpose::kTrain, false, notes));
  };
  EXPECT_NO_THROW(apply({0, 1, 2, 3}));
  EXPECT_EQ(message_of([&] { apply({0, 4}); }), t.place(4) + ", column 'a': the cell is missing (--missing error)");
  EXPECT_EQ(message_of([&] { apply({4, 5}); }), t.place(5) + ", column 'b': the cell is missing (--missing error)");
}

TEST(Preprocess, RareLevelsBecomeOther) {
  const Table t = small_table();
  Notes notes;
  const Preprocessing p = fit(t, {.targets = {"y"}, .features = {"c"}, .max_categories = 2});
  EXPECT_EQ(p.feature_names(), (std::vector<std::string>{"c=x", "c=other"}));
  const Dataset d = apply_preprocessing(p, t, {}, Purpose::kTrain, false, notes);
  EXPECT_EQ(d.view().row(3)[1], 1.0F);
}

TEST(Preprocess, FindsColumnsByNameInAnyOrder) {
  const Table t = small_table();
  Table reversed = t;
  std::reverse(reversed.columns.begin(), reversed.columns.end());
  Notes notes;
  const Preprocessing p = fit(t, {.targets = {"y"}});
  const Dataset a = apply_preprocessing(p, t, {}, Purpose::kTrain, false, notes);
  const Dataset b = apply_preprocessing(p, reversed, {}, Purpose::kTrain, false, notes);
  EXPECT_TRUE(std::equal(a.features.begin(), a.features.end(), b.features.begin(), b.features.end()));
  EXPECT_TRUE(std::equal(a.targets.begin(), a.targets.end(), b.targets.begin(), b.targets.end()));
}

/// Features x0, x1, ... with i and -i in the two rows of column i, and a target; from the last to the first if `reversed`.
Table wide_table(int n_features, bool reversed) {
  Table t;
  t.source = "wide.csv";
  t.n_rows = 2;
  for (int i = 0; i < n_features; ++i) {
    t.columns.emplace_back("x" + std::to_string(i), NumericColumn{{static_cast<double>(i), -static_cast<double>(i)}});
  }
  t.columns.emplace_back("y", NumericColumn{{1, 2}});
  if (reversed) std::reverse(t.columns.begin(), t.columns.end());
  return t;
}

// Would not end if every column were looked for among all.
TEST(Preprocess, FindsEachOfAMillionColumns) {
  constexpr int kColumns = 1000000 / kSlowdown;
  Notes notes;
  const Preprocessing p = fit(wide_table(kColumns, false), {.targets = {"y"}, .scaling = Scaling::kNone});
  const Dataset d = apply_preprocessing(p, wide_table(kColumns, true), {}, Purpose::kTrain, false, notes);
  ASSERT_EQ(d.n_features, kColumns);
  for (int i = 0; i < kColumns; ++i) {
    ASSERT_EQ(d.view().row(0)[static_cast<std::size_t>(i)], static_cast<float>(i));
    ASSERT_EQ(d.view().row(1)[static_cast<std::size_t>(i)], -static_cast<float>(i));
  }
}

TEST(Preprocess, LeavesOutRowsWithoutATarget) {
  Table t = small_table();
  Notes notes;
  const Preprocessing p = fit(t, {.targets = {"a"}});
  const Dataset d = apply_preprocessing(p, t, {}, Purpose::kTrain, false, notes);
  EXPECT_EQ(d.n_rows, 5);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0], "t.csv: 1 of 6 rows have no target and are left out");
}

TEST(Preprocess, ClassWeightsAndSampleWeightsHaveMeanOne) {
  Table t = small_table();
  t.columns.emplace_back("w", NumericColumn{{1, 1, 2, 2, 0, 6}});
  Notes notes;
  const Preprocessing p = fit(t, {.targets = {"c"}, .weight_column = "w", .balanced_classes = true}, true);
  const Dataset d = apply_preprocessing(p, t, {}, Purpose::kTrain, true, notes);
  ASSERT_EQ(d.n_rows, 5);
  const double sum = std::accumulate(d.weights.begin(), d.weights.end(), 0.0);
  EXPECT_NEAR(sum, 5.0, 1e-5);
  EXPECT_EQ(d.weights[4], 0.0F);
}

TEST(Preprocess, MessagesNameColumnAndPlace) {
  const Table t = small_table();
  EXPECT_EQ(message_of([&] { fit(t, {.targets = {"price"}}); }),
            "--target: no column 'price' in t.csv; columns are 'a', 'c', 'y'");
  EXPECT_EQ(
      message_of([&] { fit(t, {.targets = {"c"}}); }),
      "--target: column 'c' of t.csv holds text, expected numbers (use --model logistic, softmax or mlp for classes)");
  Table one = t;
  one.columns[1] = Column("c", CategoricalColumn{{0, 0, 0, 0, 0, 0}, {"x"}});
  EXPECT_EQ(message_of([&] { fit(one, {.targets = {"c"}}, true); }),
            "--target: column 'c' of t.csv has only the class 'x' in the training rows, expected at least 2 classes");
  const Preprocessing p = fit(t, {.targets = {"y"}});
  Table without = t;
  without.columns.erase(without.columns.begin());
  Notes notes;
  EXPECT_EQ(
      message_of([&] { static_cast<void>(apply_preprocessing(p, without, {}, Purpose::kPredict, false, notes)); }),
      "t.csv: column 'a' is missing; the model was trained on it");
}

TEST(Preprocess, TargetsAreNamedOrCountedFromEitherEnd) {
  const Table t = small_table();
  EXPECT_EQ(resolve_column(t, "-1", "--target"), 2U);
  EXPECT_EQ(resolve_column(t, "0", "--target"), 0U);
  EXPECT_THROW(static_cast<void>(resolve_column(t, "3", "--target")), UsageError);
}

TEST(Split, PartsAreDisjointAndSeeded) {
  const auto split = data::split_rows(101, 0.2, 5);
  EXPECT_EQ(split.valid.size(), 20U);
  std::set<std::uint32_t> all(split.train.begin(), split.train.end());
  all.insert(split.valid.begin(), split.valid.end());
  EXPECT_EQ(all.size(), 101U);
  EXPECT_EQ(data::split_rows(101, 0.2, 5).valid, split.valid);
  EXPECT_NE(data::split_rows(101, 0.2, 6).valid, split.valid);
  EXPECT_THROW(static_cast<void>(data::split_rows(1, 0.2, 1)), UsageError);
}

TEST(Folds, CoverAllRowsEvenly) {
  const auto folds = data::fold_rows(23, 5, 1);
  std::set<std::uint32_t> all;
  for (const auto& fold : folds) {
    EXPECT_TRUE(fold.size() == 4 || fold.size() == 5);
    all.insert(fold.begin(), fold.end());
  }
  EXPECT_EQ(all.size(), 23U);
  EXPECT_THROW(static_cast<void>(data::fold_rows(3, 4, 1)), UsageError);
}

TEST(Sampler, EveryEpochIsItsOwnPermutation) {
  for (const std::int64_t n : {1, 2, 7, 1000}) {
    data::Sampler sampler(n, {}, 1, 0, true);
    const auto first = sampler.order(0);
    std::vector<std::uint32_t> sorted(first.begin(), first.end());
    const std::vector<std::uint32_t> remembered = sorted;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i], i);
    if (n == 1000) {
      const auto second = sampler.order(1);
      EXPECT_FALSE(std::equal(second.begin(), second.end(), remembered.begin()));
    }
    const auto again = sampler.order(0);
    EXPECT_TRUE(std::equal(again.begin(), again.end(), remembered.begin()));
  }
}

}  // namespace
}  // namespace slalom::testing

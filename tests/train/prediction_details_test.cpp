// SPDX-License-Identifier: Apache-2.0
// Samples, histograms and threshold curves against values found by hand.
#include "train/prediction_details.hpp"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace slalom::training {
namespace {

TEST(HistogramOf, CountsEveryValueOnce) {
  const std::vector<double> values{0.0, 0.1, 0.5, 0.99, 1.0};
  const Histogram histogram = histogram_of(values, 2);
  EXPECT_EQ(histogram.low, 0.0);
  EXPECT_EQ(histogram.width, 0.5);
  EXPECT_EQ(histogram.counts, (std::vector<std::int64_t>{2, 3}));
}

TEST(HistogramOf, HasOneStretchForEqualValues) {
  const std::vector<double> values{3.0, 3.0, 3.0};
  EXPECT_EQ(histogram_of(values, 10).counts, std::vector<std::int64_t>{3});
  EXPECT_TRUE(histogram_of({}, 10).counts.empty());
}

TEST(ClassCurve, IsThatOfTheTextbook) {
  const std::vector<double> scores{0.9, 0.8, 0.7, 0.6};
  const std::vector<std::int32_t> truth{1, 0, 1, 0};
  const auto details = class_curve(scores, truth, 1);
  ASSERT_TRUE(details.has_value());
  EXPECT_DOUBLE_EQ(details->area, 0.75);
  EXPECT_DOUBLE_EQ(details->average_precision, 0.5 * 1.0 + 0.5 * 2.0 / 3.0);
  ASSERT_EQ(details->curve.size(), 4U);
  EXPECT_EQ(details->curve[0].threshold, 0.9);
  EXPECT_EQ(details->curve[1].false_positive, 0.5);
  EXPECT_DOUBLE_EQ(details->curve[2].precision, 2.0 / 3.0);
  EXPECT_EQ(details->curve[3].recall, 1.0);
}

TEST(ClassCurve, CallsEqualScoresAlike) {
  const std::vector<double> scores{0.5, 0.5, 0.5, 0.5};
  const std::vector<std::int32_t> truth{1, 0, 0, 0};
  const auto details = class_curve(scores, truth, 1);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->curve.size(), 1U);
  EXPECT_DOUBLE_EQ(details->area, 0.5);
  EXPECT_DOUBLE_EQ(details->average_precision, 0.25);
}

TEST(ClassCurve, NeedsRowsOfBothKinds) {
  const std::vector<double> scores{0.5, 0.6};
  const std::vector<std::int32_t> truth{1, 1};
  EXPECT_FALSE(class_curve(scores, truth, 1).has_value());
  EXPECT_FALSE(class_curve(scores, truth, 0).has_value());
}

TEST(ClassCurve, IsThinnedButKeepsItsEndsAndArea) {
  std::vector<double> scores(100000);
  std::vector<std::int32_t> truth(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i] = static_cast<double>(i);
    truth[i] = static_cast<std::int32_t>(i % 2);
  }
  const auto details = class_curve(scores, truth, 1);
  ASSERT_TRUE(details.has_value());
  EXPECT_LE(details->curve.size(), 300U);
  EXPECT_GE(details->curve.size(), 100U);
  EXPECT_EQ(details->curve.back().recall, 1.0);
  EXPECT_EQ(details->curve.back().false_positive, 1.0);
  EXPECT_NEAR(details->area, 0.5, 1e-4);
}

TEST(DetailsOf, AreInTheTargetsOwnUnits) {
  ModelSpec spec;
  spec.n_features = 1;
  Dataset data;
  data.n_rows = 2;
  data.n_targets = 1;
  data.targets = {1.0F, -1.0F};
  data.target_offset = {100.0};
  data.target_scale = {10.0};
  Preprocessing preprocessing;
  preprocessing.targets = {"price"};
  const std::vector<std::uint32_t> rows{0, 1};
  const std::vector<float> outputs{1.5F, -1.0F};
  const PredictionDetails details = details_of(spec, preprocessing, data, rows, outputs);
  ASSERT_EQ(details.targets.size(), 1U);
  EXPECT_EQ(details.targets[0].name, "price");
  EXPECT_EQ(details.targets[0].sample[0].actual, 110.0);
  EXPECT_EQ(details.targets[0].sample[0].predicted, 115.0);
  EXPECT_EQ(details.targets[0].highest, 5.0);
  EXPECT_EQ(details.targets[0].mean, 2.5);
}

}  // namespace
}  // namespace slalom::training

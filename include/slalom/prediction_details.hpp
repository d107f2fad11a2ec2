// SPDX-License-Identifier: Apache-2.0
// What a model's predictions look like beyond their metrics: enough to draw them, of bounded size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace slalom {

/// How often values fall into equal stretches: stretch i is [low + i width, low + (i + 1) width), the last one closed.
struct Histogram {
  double low = 0.0, width = 0.0;
  std::vector<std::int64_t> counts;
};

/// A regression target in its own units.
struct TargetDetails {
  struct Row {
    double actual = 0.0, predicted = 0.0;
  };
  std::string name;
  std::vector<Row> sample;                                          ///< evenly spaced rows
  Histogram residuals;                                              ///< predicted - actual, of all judged rows
  double mean = 0.0, deviation = 0.0, lowest = 0.0, highest = 0.0;  ///< of the residuals
};

/// How well a score tells one class from the others.
struct ClassDetails {
  /// Rows with a score of at least `threshold` are called positive. Shares are of 1.
  struct Point {
    double threshold = 0.0;
    double recall = 0.0;          ///< of the positive rows, those called so (true positive rate)
    double false_positive = 0.0;  ///< of the negative rows, those called positive
    double precision = 0.0;       ///< of the rows called positive, those that are
  };
  std::string name;
  std::int64_t positives = 0, negatives = 0;
  std::vector<Point> curve;  ///< from the highest threshold down, thinned; its corners are exact
  double area = 0.0;         ///< under the ROC curve, before thinning
  double average_precision = 0.0;
};

/// Of the rows that were held out or, if there are none, of the training rows.
struct PredictionDetails {
  bool validation = false;
  std::int64_t rows = 0, judged_rows = 0;  ///< judged: all of them, or evenly spaced ones
  std::vector<TargetDetails> targets;      ///< regression: the first few targets
  std::int64_t n_targets = 0;
  std::vector<ClassDetails> classes;  ///< classifiers: the second of two classes, or the first few that have rows
  bool scores = false;                ///< thresholds are scores (hinge), else probabilities
};

}  // namespace slalom

// SPDX-License-Identifier: Apache-2.0
// Specs of the charts that are not curves: points, bars, a histogram, a matrix. Data are plain values.
#pragma once

#include <string>
#include <vector>

#include "report/html/page.hpp"

namespace slalom::report::html {

/// Predicted against actual values, several groups of which the signal `group` shows one, with the line where both are
/// the same.
struct ScatterGroup {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< x, y; what is not finite is left out
};
[[nodiscard]] Json scatter_spec(const std::vector<ScatterGroup>& groups, const std::string& x_title,
                                const std::string& y_title);

struct HistogramGroup {
  std::string name;
  double low = 0.0, width = 0.0;
  std::vector<double> counts;
};
[[nodiscard]] Json histogram_spec(const std::vector<HistogramGroup>& groups, const std::string& x_title,
                                  const std::string& y_title);

/// Horizontal bars from zero, longest first, with two measures that the signal `measure` ("a" or "b") chooses from.
struct BarGroup {
  struct Bar {
    std::string name;
    double a = 0.0, b = 0.0;
  };
  std::string name;
  std::vector<Bar> bars;
};
[[nodiscard]] Json bar_spec(const std::vector<BarGroup>& groups, const std::string& a_title,
                            const std::string& b_title);

/// Counts of actual (rows) and predicted (columns) classes, coloured by their share of the row.
struct Matrix {
  std::vector<std::string> classes;
  std::vector<std::vector<double>> counts;
};
[[nodiscard]] Json matrix_spec(const Matrix& matrix);

/// The input for the signal `group`, if there are several.
[[nodiscard]] std::vector<Control> group_controls(const std::string& label, const std::vector<std::string>& names);

}  // namespace slalom::report::html

// SPDX-License-Identifier: Apache-2.0
// Functions of two variables with what is needed to draw them and to descend on them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <slalom/minimize.hpp>
#include <slalom/preprocess.hpp>
#include <slalom/table.hpp>

namespace slalom::landscape {

using Point = std::array<double, 2>;

struct Range {
  double low = 0.0, high = 1.0;
  [[nodiscard]] double width() const noexcept { return high - low; }
  [[nodiscard]] bool contains(double value) const noexcept { return value >= low && value <= high; }
};

struct Surface {
  std::string name;              ///< "rosenbrock", as on the command line; "mse" for a regression
  std::string title;             ///< "Rosenbrock's valley"
  std::string formula;           ///< for people, in plain text
  std::string about;             ///< one sentence: what is to be seen on it
  std::string x_name, y_name;    ///< of the axes
  std::string value_name = "f";  ///< of the height
  Objective f;                   ///< of two variables
  Range x, y;                    ///< the part that is drawn
  std::vector<Point> minima;     ///< known local minima
  std::vector<Point> starts;     ///< good ones to begin at; the first is the default
  double good_rate = 0.1;        ///< of plain gradient descent: it gets down
  double high_rate = 1.0;        ///< it overshoots
  std::int64_t steps = 50;       ///< that show what there is to see
  bool log_levels = false;       ///< contours need logarithmic distances
  bool same_units = true;        ///< x and y are lengths alike, so that a drawing may keep its proportions
  std::int64_t n_penalized = 2;  ///< elements that l1, l2 and weight decay act on
};

/// The names of the built-in surfaces, in order.
[[nodiscard]] const std::vector<std::string>& surface_names();

/// The built-in surface with this name. Throws UsageError that lists the names.
[[nodiscard]] Surface built_in_surface(const std::string& name);

/// The mean squared error of `target = slope feature + intercept` over the rows of a table, as a function of slope (x) and
/// intercept (y), in the units that `options` scale to. The rates follow from the surface's curvature, whose largest
/// eigenvalue L they are held against: 1 / L is good, from 2 / L on it overshoots. Throws UsageError or DataError as
/// fit_preprocessing, and DataError unless there are one numeric feature that varies and one target.
[[nodiscard]] Surface regression_surface(const Table& table, const PreprocessOptions& options, Notes& notes);

}  // namespace slalom::landscape

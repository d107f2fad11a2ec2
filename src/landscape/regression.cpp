// SPDX-License-Identifier: Apache-2.0
// The mean squared error of a line, from means and centred moments: a value costs the same for any number of rows.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "landscape/surface.hpp"
#include "text/number.hpp"

namespace slalom::landscape {
namespace {

/// Means of x, y and of products of their differences from the means.
struct Moments {
  double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, yy = 0.0;
};

Moments moments_of(const Dataset& data) {
  const double n = static_cast<double>(data.n_rows);
  const auto x_of = [&](std::int64_t r) { return static_cast<double>(data.view().row(r)[0]); };
  const auto y_of = [&](std::int64_t r) { return static_cast<double>(data.targets[static_cast<std::size_t>(r)]); };
  Moments m;
  for (std::int64_t r = 0; r < data.n_rows; ++r) {
    m.x += x_of(r) / n;
    m.y += y_of(r) / n;
  }
  for (std::int64_t r = 0; r < data.n_rows; ++r) {
    const double x = x_of(r) - m.x;
    const double y = y_of(r) - m.y;
    m.xx += x * x / n;
    m.xy += x * y / n;
    m.yy += y * y / n;
  }
  return m;
}

Objective mean_squared_error(const Moments& m) {
  return [m](std::span<const double> x, std::span<double> gradient) {
    const double slope = x[0];
    const double shift = x[1] + slope * m.x - m.y;  // of the line from the centre of the data
    gradient[0] = 2.0 * (slope * m.xx - m.xy + m.x * shift);
    gradient[1] = 2.0 * shift;
    return m.yy - 2.0 * slope * m.xy + slope * slope * m.xx + shift * shift;
  };
}

/// Largest and smallest eigenvalue of the curvature 2 [xx + x², x; x, 1].
std::pair<double, double> curvatures(const Moments& m) {
  const double trace = m.xx + m.x * m.x + 1.0;
  const double largest = trace + std::sqrt(std::max(0.0, trace * trace - 4.0 * m.xx));  // 2 times that of the matrix
  return {largest, 4.0 * m.xx / largest};
}

/// Holds the origin, the minimum and more than as much again beyond it.
Range range_around(double minimum, double least_width) {
  const double wanted = std::max(std::fabs(minimum), least_width);
  const double reach = wanted > 0.0 ? wanted : 1.0;  // targets that are all 0
  return {minimum - 1.6 * reach, minimum + 1.6 * reach};
}

Point inside(const Range& x, const Range& y, double right, double up) {
  return {x.low + right * x.width(), y.low + up * y.width()};
}

void check_shape(const Dataset& data, const Preprocessing& preprocessing) {
  const std::vector<std::string> names = preprocessing.feature_names();
  if (names.size() != 1 || preprocessing.inputs[0].categorical) {
    throw DataError(fmt::format("landscape: found {} feature{} ({}), expected one numeric column: --feature NAME",
                                names.size(), names.size() == 1 ? "" : "s", fmt::join(names, ", ")));
  }
  if (preprocessing.targets.size() != 1) {
    throw DataError(fmt::format("landscape: found {} targets, expected one", preprocessing.targets.size()));
  }
  if (data.n_rows < 2) throw DataError(fmt::format("landscape: found {} row, expected at least 2", data.n_rows));
}

}  // namespace

Surface regression_surface(const Table& table, const PreprocessOptions& options, Notes& notes) {
  const Preprocessing preprocessing = fit_preprocessing(table, {}, false, options, notes);
  const Dataset data = apply_preprocessing(preprocessing, table, {}, Purpose::kTrain, false, notes);
  check_shape(data, preprocessing);
  const std::string& feature = preprocessing.inputs[0].name;
  const std::string& target = preprocessing.targets[0];
  const Moments m = moments_of(data);
  if (!(m.xx > 0.0)) {
    throw DataError(fmt::format("landscape: column '{}' has one value only, expected one that varies", feature));
  }
  const double slope = m.xy / m.xx;
  const double intercept = m.y - slope * m.x;
  const auto [largest, smallest] = curvatures(m);
  const bool scaled = options.scaling != Scaling::kNone;
  Surface s{.name = "mse",
            .title = fmt::format("Mean squared error of {} from {}", target, feature),
            .formula = fmt::format("f = mean of (slope {0} + intercept - {1})² over {2} rows{3}", feature, target,
                                   data.n_rows, scaled ? ", both scaled as for training" : ""),
            .about = fmt::format(
                "The minimum is the least-squares line: slope {:.6g}, intercept {:.6g}. Across the valley it "
                "is {} times as steep as along it.",
                slope, intercept, text::rounded(largest / smallest, 3)),
            .x_name = fmt::format("slope of {}", feature),
            .y_name = "intercept",
            .value_name = "mean squared error f",
            .f = mean_squared_error(m),
            .x = range_around(slope, std::sqrt(m.yy / m.xx)),
            .y = range_around(intercept, std::sqrt(m.yy + m.y * m.y)),
            .minima = {{slope, intercept}},
            .good_rate = 1.0 / largest,
            .high_rate = 2.01 / largest,
            .steps = 40,
            .log_levels = true,
            .same_units = false,
            .n_penalized = 1};
  s.starts = {{0.0, 0.0}, inside(s.x, s.y, 0.9, 0.9), inside(s.x, s.y, 0.1, 0.85), inside(s.x, s.y, 0.85, 0.12)};
  return s;
}

}  // namespace slalom::landscape

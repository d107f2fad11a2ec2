// SPDX-License-Identifier: Apache-2.0
// The built-in surfaces. Rates are held against 2 / L, from which on plain gradient descent overshoots where the curvature is L.
#include <cmath>
#include <numbers>

#include <slalom/error.hpp>

#include "landscape/surface.hpp"

namespace slalom::landscape {
namespace {

using Xs = std::span<const double>;
using Gradient = std::span<double>;

Surface bowl() {
  return {.name = "bowl",
          .title = "Quadratic bowl",
          .formula = "f(x, y) = x² + 1.5 y²",
          .about =
              "Every direction is alike: a good rate goes straight down, and one above 1 overshoots further with every "
              "step.",
          .x_name = "x",
          .y_name = "y",
          .f =
              [](Xs x, Gradient g) {
                g[0] = 2.0 * x[0];
                g[1] = 3.0 * x[1];
                return x[0] * x[0] + 1.5 * x[1] * x[1];
              },
          .x = {-3.0, 3.0},
          .y = {-2.0, 2.0},
          .minima = {{0.0, 0.0}},
          .starts = {{-2.4, 1.2}, {2.2, 1.5}, {-2.0, -1.6}, {2.5, -0.9}},
          .good_rate = 0.1,
          .high_rate = 0.672,
          .steps = 30};
}

Surface valley() {
  return {.name = "valley",
          .title = "Ill-conditioned valley",
          .formula = "f(x, y) = (x² + 25 y²) / 2",
          .about =
              "Across the valley it is 25 times as steep as along it: the rate that the walls allow is slow along the "
              "floor.",
          .x_name = "x",
          .y_name = "y",
          .f =
              [](Xs x, Gradient g) {
                g[0] = x[0];
                g[1] = 25.0 * x[1];
                return 0.5 * (x[0] * x[0] + 25.0 * x[1] * x[1]);
              },
          .x = {-4.0, 4.0},
          .y = {-2.0, 2.0},
          .minima = {{0.0, 0.0}},
          .starts = {{-3.5, 1.5}, {3.4, 1.0}, {-2.5, -1.7}, {3.0, -1.4}},
          .good_rate = 0.06,
          .high_rate = 0.081,
          .steps = 60,
          .log_levels = true};
}

Surface rosenbrock() {
  return {.name = "rosenbrock",
          .title = "Rosenbrock's valley",
          .formula = "f(x, y) = (1 - x)² + 100 (y - x²)² (Rosenbrock 1960)",
          .about = "Into the bent valley is easy; along its nearly flat floor to the minimum at (1, 1) is slow.",
          .x_name = "x",
          .y_name = "y",
          .f =
              [](Xs x, Gradient g) {
                const double bend = x[1] - x[0] * x[0];
                g[0] = -2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend;
                g[1] = 200.0 * bend;
                return (1.0 - x[0]) * (1.0 - x[0]) + 100.0 * bend * bend;
              },
          .x = {-2.0, 2.0},
          .y = {-1.0, 3.0},
          .minima = {{1.0, 1.0}},
          .starts = {{-1.2, 1.0}, {-1.7, 2.6}, {1.7, 0.2}, {0.0, -0.7}},
          .good_rate = 0.0015,
          .high_rate = 0.0045,
          .steps = 1000,
          .log_levels = true};
}

Surface himmelblau() {
  return {.name = "himmelblau",
          .title = "Himmelblau's function",
          .formula = "f(x, y) = (x² + y - 11)² + (x + y² - 7)² (Himmelblau 1972)",
          .about = "Four minima, all with the value 0: where a descent ends is decided by where it starts.",
          .x_name = "x",
          .y_name = "y",
          .f =
              [](Xs x, Gradient g) {
                const double a = x[0] * x[0] + x[1] - 11.0;
                const double b = x[0] + x[1] * x[1] - 7.0;
                g[0] = 4.0 * x[0] * a + 2.0 * b;
                g[1] = 2.0 * a + 4.0 * x[1] * b;
                return a * a + b * b;
              },
          .x = {-6.0, 6.0},
          .y = {-5.0, 5.0},
          .minima = {{3.0, 2.0},
                     {-2.805118086952745, 3.131312518250573},
                     {-3.779310253377747, -3.283185991286170},
                     {3.584428340330492, -1.848126526964404}},
          .starts = {{0.0, 0.0}, {-0.5, 1.0}, {-1.0, -1.5}, {1.0, -3.0}},
          .good_rate = 0.008,
          .high_rate = 0.0247,
          .steps = 60,
          .log_levels = true};
}

Surface saddle() {
  return {.name = "saddle",
          .title = "Saddle between two minima",
          .formula = "f(x, y) = x² / 2 + y⁴ / 4 - y² / 2",
          .about =
              "A start near the ridge y = 0 is drawn to the saddle point first, lingers there, and then falls to "
              "either side.",
          .x_name = "x",
          .y_name = "y",
          .f =
              [](Xs x, Gradient g) {
                const double square = x[1] * x[1];
                g[0] = x[0];
                g[1] = x[1] * (square - 1.0);
                return 0.5 * x[0] * x[0] + 0.25 * square * square - 0.5 * square;
              },
          .x = {-2.0, 2.0},
          .y = {-1.6, 1.6},
          .minima = {{0.0, 1.0}, {0.0, -1.0}},
          .starts = {{-1.8, 0.002}, {1.7, -0.05}, {-1.2, -1.4}, {1.5, 0.4}},
          .good_rate = 0.15,
          .high_rate = 1.2,
          .steps = 80};
}

Surface rastrigin() {
  constexpr double kWave = 2.0 * std::numbers::pi;
  return {.name = "rastrigin",
          .title = "Rastrigin's function",
          .formula = "f(x, y) = 20 + x² - 10 cos 2πx + y² - 10 cos 2πy (Rastrigin 1974)",
          .about =
              "A minimum near every pair of whole numbers: descents end in the nearest one, and only that at (0, 0) "
              "has the value 0.",
          .x_name = "x",
          .y_name = "y",
          .f =
              [](Xs x, Gradient g) {
                double value = 20.0;
                for (std::size_t i = 0; i < 2; ++i) {
                  value += x[i] * x[i] - 10.0 * std::cos(kWave * x[i]);
                  g[i] = 2.0 * x[i] + 10.0 * kWave * std::sin(kWave * x[i]);
                }
                return value;
              },
          .x = {-4.5, 4.5},
          .y = {-3.5, 3.5},
          .minima = {{0.0, 0.0}},
          .starts = {{-3.4, 2.4}, {0.4, 0.35}, {2.6, -1.4}, {-1.35, -2.6}},
          .good_rate = 0.001,
          .high_rate = 0.008,
          .steps = 60};
}

}  // namespace

const std::vector<std::string>& surface_names() {
  static const std::vector<std::string> kNames{"bowl", "valley", "rosenbrock", "himmelblau", "saddle", "rastrigin"};
  return kNames;
}

Surface built_in_surface(const std::string& name) {
  constexpr std::array kMakers{bowl, valley, rosenbrock, himmelblau, saddle, rastrigin};
  const std::vector<std::string>& names = surface_names();
  std::string expected;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return kMakers.at(i)();
    expected += (i == 0 ? "" : ", ") + names[i];
  }
  throw UsageError("landscape: found the surface '" + name + "', expected one of " + expected);
}

}  // namespace slalom::landscape

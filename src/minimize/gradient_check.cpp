// SPDX-License-Identifier: Apache-2.0
// Compares a gradient with central differences.
#include <cmath>
#include <limits>
#include <vector>

#include <slalom/error.hpp>
#include <slalom/minimize.hpp>

namespace slalom {
namespace {

double error_of(double given, double numeric) {
  if (!std::isfinite(given) || !std::isfinite(numeric)) return std::numeric_limits<double>::infinity();
  return std::fabs(given - numeric) / std::fmax(1.0, std::fmax(std::fabs(given), std::fabs(numeric)));
}

}  // namespace

GradientCheck check_gradient(const Objective& f, std::span<const double> x) {
  if (!f) throw UsageError("check_gradient: found no function, expected one that can be called");
  if (x.empty()) throw DataError("check_gradient: found a point without elements, expected at least 1");
  const std::vector<double> here(x.begin(), x.end());
  std::vector<double> gradient(x.size(), 0.0), unused(x.size());
  (void)f(here, gradient);
  const auto value_at = [&](std::size_t i, double moved) {
    std::vector<double> there = here;
    there[i] = moved;
    unused.assign(x.size(), 0.0);
    return f(there, unused);
  };
  const double smallness = std::cbrt(std::numeric_limits<double>::epsilon());
  GradientCheck worst{.error = -1.0};
  for (std::size_t i = 0; i < here.size(); ++i) {
    const double h = smallness * std::fmax(1.0, std::fabs(here[i]));
    const double above = here[i] + h;
    const double below = here[i] - h;
    const double numeric = (value_at(i, above) - value_at(i, below)) / (above - below);
    const double error = error_of(gradient[i], numeric);
    if (error > worst.error) worst = {.error = error, .index = i, .given = gradient[i], .numeric = numeric};
  }
  return worst;
}

}  // namespace slalom

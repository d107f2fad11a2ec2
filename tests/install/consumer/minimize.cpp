// SPDX-License-Identifier: Apache-2.0
// Minimises Rosenbrock's function through the installed library (docs/minimize.md shows this file).
#include <cmath>
#include <cstdio>
#include <vector>

#include <slalom/minimize.hpp>

/// (1 - x)^2 + 100 (y - x^2)^2, the least at (1, 1).
double rosenbrock(std::span<const double> x, std::span<double> gradient) {
  const double bend = x[1] - x[0] * x[0];
  gradient[0] = -2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend;
  gradient[1] = 200.0 * bend;
  return (1.0 - x[0]) * (1.0 - x[0]) + 100.0 * bend * bend;
}

int main() {
  const std::vector<double> start{-1.2, 1.0};
  if (slalom::check_gradient(rosenbrock, start).error > 1e-6) return 1;
  slalom::MinimizeConfig config;
  config.optimizer.kind = slalom::OptimizerKind::kAdam;
  config.optimizer.learning_rate = 0.02;
  config.max_steps = 20000;
  config.gradient_tolerance = 1e-6;
  const slalom::MinimizeResult result = slalom::minimize(rosenbrock, start, config);
  std::printf("(%.6f, %.6f) after %lld steps\n", result.end.x[0], result.end.x[1],
              static_cast<long long>(result.steps));
  return result.reason == slalom::MinimizeStop::kGradient && std::fabs(result.end.x[0] - 1.0) < 1e-4 ? 0 : 1;
}

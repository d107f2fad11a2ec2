// SPDX-License-Identifier: Apache-2.0
// How steep and how curved a loss is where training stands: what a learning rate can be judged by.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/config.hpp>
#include <slalom/dataset.hpp>

namespace slalom::training {

/// At most `most` of the rows 0 .. n_rows - 1, evenly spaced.
[[nodiscard]] std::vector<std::uint32_t> spaced_rows(std::int64_t n_rows, std::int64_t most);

/// Gradients of the mean loss over some rows in float64, without penalties, dropout and clipping.
class GradientProbe {
 public:
  /// `data` must outlive the probe.
  GradientProbe(ModelSpec spec, const Dataset& data, std::vector<std::uint32_t> rows);
  ~GradientProbe();

  /// [n_trainable] at `parameters` (the arena); std::nullopt if it is not finite.
  [[nodiscard]] std::optional<std::vector<double>> at(const std::vector<double>& parameters);

 private:
  std::unique_ptr<Backend> backend_;
  std::vector<std::uint32_t> rows_;
};

/// The largest eigenvalue of the Hessian of the mean loss, by power iteration over a few thousand evenly spaced rows.
struct Curvature {
  double largest = 0.0;     ///< > 0
  bool everywhere = false;  ///< it is so, or at most so, whatever the parameters are; else at the given ones
};

/// - without hidden layers: the curvature of the loss (mse 2 / outputs; a bound for bce 1/4, cross-entropy 1/2, huber
///   1 / outputs) times the largest eigenvalue of X^T X / N, X with a column of ones for the bias;
/// - networks: the eigenvalue of largest size at `parameters`, by differences of gradients.
/// nullopt for losses made of straight pieces (mae, quantile, hinge), and where nothing finite or positive comes out.
[[nodiscard]] std::optional<Curvature> curvature_at(const ModelSpec& spec, const Dataset& data,
                                                    const std::vector<double>& parameters);

/// The learning rate above which the optimiser overshoots more and more on a quadratic loss of this curvature: gradient
/// descent 2 / L, momentum 2 (1 + m) / L, Nesterov's 2 (1 + m) / ((1 + 2 m) L). nullopt for optimisers that scale
/// their steps themselves, and for dampened momentum.
[[nodiscard]] std::optional<double> largest_stable_rate(const OptimizerConfig& optimizer, double curvature);

}  // namespace slalom::training

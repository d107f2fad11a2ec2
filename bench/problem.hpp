// SPDX-License-Identifier: Apache-2.0
// What benchmarks train: a model, made-up data for it, and how much work an epoch is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <slalom/backend.hpp>

namespace slalom::bench {

/// `n_members` copies of `spec`, each in an order of its own, over one data set.
struct Problem {
  ModelSpec spec;
  std::int64_t n_rows = 0;
  std::int64_t batch_size = 32;
  OptimizerKind optimizer = OptimizerKind::kAdam;
  std::int64_t n_members = 1;
  bool two_valued = false;  ///< every feature takes two values, as flags and one-hot categories do
};

/// A model without hidden layers (softmax: 10 classes).
[[nodiscard]] ModelSpec plain_model(ModelKind kind, std::int64_t n_features);
/// A network with ReLU: one target, or `n_classes` > 1 classes.
[[nodiscard]] ModelSpec network(std::int64_t n_features, std::vector<std::int64_t> hidden, std::int64_t n_classes = 1);

/// "linear", "mlp-64-64".
[[nodiscard]] std::string model_name(const ModelSpec& spec);
/// "d:8/batch:32".
[[nodiscard]] std::string shape_name(const Problem& problem);
/// Tells any two problems apart.
[[nodiscard]] std::string key_of(const Problem& problem);

[[nodiscard]] std::vector<MemberConfig> members_of(const Problem& problem);
/// A rate that learns something in a few steps and is stable at any batch size.
[[nodiscard]] double learning_rate(const Problem& problem);
/// Steps of `rows` visited rows.
[[nodiscard]] std::int64_t steps_of(const Problem& problem, std::int64_t rows);

/// Features uniform in [-1, 1), or one of two values of the same variance; a score of variance 1 that is linear in them, with noise; the target is the score, for
/// classes the part of its range that it lies in. Noise keeps losses away from 0, where relative errors say nothing.
[[nodiscard]] Dataset make_data(const Problem& problem);

/// Work of one visited row, by docs/benchmarks.md: what any program has to do. Parameters and optimiser state are not
/// counted, because they stay in caches.
struct Work {
  double bytes = 0.0;  ///< the row with its target, read once
  double flops = 0.0;  ///< 4 an element of the first layer's weights (forward, gradient), 6 of further layers'
};
[[nodiscard]] Work work_of_row(const Problem& problem);
/// Bytes that an epoch comes back to: data, parameters, gradients and optimiser state.
[[nodiscard]] std::int64_t working_set(const Problem& problem);

}  // namespace slalom::bench

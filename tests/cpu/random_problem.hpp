// SPDX-License-Identifier: Apache-2.0
// Random data sets and runs for tests of backends.
#pragma once

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "core/philox.hpp"

namespace slalom::testing {

/// Standard-normal-like features, and targets or labels that fit the spec's loss.
inline Dataset random_data(const ModelSpec& spec, std::int64_t n_rows, bool weighted = false) {
  core::PhiloxStream random(7, 0, core::RandomUse::kSynthetic, 1);
  const auto value = [&] {
    return static_cast<float>(2.0 * (random.uniform() + random.uniform() + random.uniform()) - 3.0);
  };
  Dataset data;
  data.n_rows = n_rows;
  data.n_features = spec.n_features;
  data.n_targets = spec.loss.kind == LossKind::kCrossEntropy ? 1 : spec.n_outputs;
  const std::int64_t stride = row_stride(spec.n_features);
  data.features.assign(static_cast<std::size_t>(n_rows * stride), 0.0F);
  for (std::int64_t i = 0; i < n_rows; ++i) {
    for (std::int64_t j = 0; j < spec.n_features; ++j)
      data.features[static_cast<std::size_t>(i * stride + j)] = value();
    if (spec.loss.kind == LossKind::kCrossEntropy) {
      data.labels.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(spec.n_outputs))));
    } else {
      for (std::int64_t j = 0; j < spec.n_outputs; ++j) {
        data.targets.push_back(spec.is_classifier() ? static_cast<float>(random.below(2)) : value());
      }
    }
    if (weighted) data.weights.push_back(i % 3 == 0 ? 0.0F : 1.5F);
  }
  return data;
}

/// Visits the rows `epochs` times in a fixed shuffled order in blocks of `block_steps` steps; returns every step's
/// loss.
inline std::vector<double> run_steps(Backend& backend, std::int64_t member, const Dataset& data, std::int64_t batch,
                                     double rate, std::int64_t epochs, std::int64_t block_steps = 1 << 20) {
  std::vector<double> losses;
  for (std::int64_t e = 0; e < epochs; ++e) {
    std::vector<std::uint32_t> order(static_cast<std::size_t>(data.n_rows));
    for (std::size_t i = 0; i < order.size(); ++i)
      order[i] = static_cast<std::uint32_t>((i * 7919 + static_cast<std::size_t>(e)) % order.size());
    std::sort(order.begin(), order.end(), [](auto a, auto b) { return a * 2654435761U < b * 2654435761U; });
    for (std::size_t begin = 0; begin < order.size(); begin += static_cast<std::size_t>(block_steps * batch)) {
      const std::size_t n = std::min(order.size() - begin, static_cast<std::size_t>(block_steps * batch));
      const std::vector<double> rates((n + static_cast<std::size_t>(batch) - 1) / static_cast<std::size_t>(batch),
                                      rate);
      std::vector<StepBlock> blocks(static_cast<std::size_t>(backend.n_members()));
      blocks[static_cast<std::size_t>(member)] = {
          .rows = std::span(order).subspan(begin, n), .batch_size = batch, .learning_rates = rates};
      const auto results = backend.run(blocks);
      const auto& mine = results[static_cast<std::size_t>(member)].losses;
      losses.insert(losses.end(), mine.begin(), mine.end());
    }
  }
  return losses;
}

inline void expect_same_state(const MemberState& actual, const MemberState& expected) {
  EXPECT_EQ(actual.parameters, expected.parameters);
  EXPECT_EQ(actual.optimizer_state, expected.optimizer_state);
  EXPECT_EQ(actual.step, expected.step);
}

/// The only member of `backend` goes back to what it was when it was saved, after steps that changed it.
inline void expect_restores_snapshot(Backend& backend, const Dataset& data, std::int64_t batch, double rate) {
  run_steps(backend, 0, data, batch, rate, 1);
  backend.save(0, SnapshotSlot::kBest);
  const MemberState saved = backend.export_state(0);
  run_steps(backend, 0, data, batch, rate, 1);
  EXPECT_NE(backend.export_state(0).parameters, saved.parameters);
  backend.restore(0, SnapshotSlot::kBest);
  expect_same_state(backend.export_state(0), saved);
}

inline std::unique_ptr<Backend> started_backend(DeviceKind device, const ModelSpec& spec, const Dataset& data,
                                                const OptimizerConfig& optimizer, int threads = 1) {
  const MemberConfig member{.optimizer = optimizer, .seed = 3, .stream = 0};
  auto backend = make_backend(device, spec, data, {&member, 1}, {.threads = threads});
  backend->import_state(0, {.parameters = initial_parameters(spec, 3, 0)});
  return backend;
}

}  // namespace slalom::testing

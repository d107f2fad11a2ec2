// SPDX-License-Identifier: Apache-2.0
// Networks for device tests, and their comparison with the reference backend.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cpu/random_problem.hpp"

namespace slalom::testing {

/// A network to train, with defaults that a test changes.
struct NetworkProblem {
  ModelSpec spec{.kind = ModelKind::kMlp, .n_features = 7, .n_outputs = 1, .hidden = {9, 5}};
  OptimizerConfig optimizer{.kind = OptimizerKind::kMomentum};
  std::int64_t n_rows = 50;
  std::int64_t batch = 8;
  std::int64_t epochs = 2;
  double rate = 0.01;
  bool weighted = false;
  Precision precision = Precision::kFp32;
};

inline std::string describe(const NetworkProblem& p) {
  std::string text = std::string(name_of(p.spec.loss.kind)) + " " + std::string(name_of(p.spec.activation)) + " " +
                     std::string(name_of(p.optimizer.kind)) + " " + std::string(name_of(p.optimizer.convention)) +
                     " d " + std::to_string(p.spec.n_features);
  for (const std::int64_t width : p.spec.hidden) text += "-" + std::to_string(width);
  return text + "-" + std::to_string(p.spec.n_outputs) + " n " + std::to_string(p.n_rows) + " batch " +
         std::to_string(p.batch);
}

/// What a run left: every step's loss, and the state.
struct NetworkRun {
  std::vector<double> losses;
  MemberState state;
};

/// Trains on `device` from seed 3. `block_steps`: how many steps a call of run gets.
inline NetworkRun train_network(const NetworkProblem& p, const Dataset& data, DeviceKind device,
                                std::int64_t block_steps = 1 << 20) {
  const MemberConfig member{.optimizer = p.optimizer, .seed = 3, .stream = 0};
  const Precision precision = device == DeviceKind::kCuda ? p.precision : Precision::kFp32;
  const auto backend = make_backend(device, p.spec, data, {&member, 1}, {.threads = 1, .precision = precision});
  backend->import_state(0, {.parameters = initial_parameters(p.spec, 3, 0)});
  NetworkRun run;
  run.losses = run_steps(*backend, 0, data, p.batch, p.rate, p.epochs, block_steps);
  run.state = backend->export_state(0);
  return run;
}

/// Fails on NaN, too.
inline void expect_close(const std::vector<double>& actual, const std::vector<double>& expected, double tolerance,
                         const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::fabs(actual[i] - expected[i]);
    ASSERT_TRUE(error <= tolerance * (1.0 + std::fabs(expected[i])))
        << what << " " << i << ": found " << actual[i] << ", expected " << expected[i] << ", error " << error;
  }
}

/// Trains on the reference backend and on the device; losses, parameters and optimiser state agree.
inline void expect_follows_reference(const NetworkProblem& p, double tolerance) {
  SCOPED_TRACE(describe(p));
  const Dataset data = random_data(p.spec, p.n_rows, p.weighted);
  const NetworkRun expected = train_network(p, data, DeviceKind::kReference);
  const NetworkRun actual = train_network(p, data, DeviceKind::kCuda);
  expect_close(actual.losses, expected.losses, tolerance, "loss of step");
  expect_close(actual.state.parameters, expected.state.parameters, tolerance, "parameter");
  expect_close(actual.state.optimizer_state, expected.state.optimizer_state, tolerance, "optimizer value");
  EXPECT_EQ(actual.state.step, expected.state.step);
}

}  // namespace slalom::testing

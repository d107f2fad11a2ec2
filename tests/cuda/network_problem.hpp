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
#include "cuda/graph_backend.hpp"

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
  bool one_block = false;  ///< on a CUDA device: by the engine that the library chooses; else always by graphs
};

/// A network that one thread block trains.
inline NetworkProblem small_problem() {
  NetworkProblem p;
  p.spec.n_features = 5;
  p.spec.hidden = {7, 3};
  p.n_rows = 30;
  p.weighted = true;
  p.one_block = true;
  return p;
}

inline std::string describe(const NetworkProblem& p) {
  std::string text = std::string(name_of(p.spec.loss.kind)) + " " + std::string(name_of(p.spec.activation)) + " " +
                     std::string(name_of(p.optimizer.kind)) + " " + std::string(name_of(p.optimizer.convention)) +
                     (p.spec.batch_norm ? " batch-norm" : "") + " d " + std::to_string(p.spec.n_features);
  for (const std::int64_t width : p.spec.hidden) text += "-" + std::to_string(width);
  return text + "-" + std::to_string(p.spec.n_outputs) + " n " + std::to_string(p.n_rows) + " batch " +
         std::to_string(p.batch);
}

/// What a run left: every step's loss, the state, and the outputs of all rows.
struct NetworkRun {
  std::vector<double> losses;
  MemberState state;
  std::vector<float> outputs;
};

/// Parameters from seed 3; what starts at the same value everywhere (biases, gammas, running statistics) is moved
/// apart.
inline MemberState network_start(const ModelSpec& spec) {
  MemberState start{.parameters = initial_parameters(spec, 3, 0)};
  const ParameterLayout layout(spec);
  for (const TensorView& tensor : layout.tensors) {
    if (tensor.offset < layout.n_weights) continue;
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      start.parameters[static_cast<std::size_t>(tensor.offset + i)] += 0.0625 * static_cast<double>(i % 4);
    }
  }
  return start;
}

/// Trains on `device` from network_start(). `block_steps`: how many steps a call of run gets.
inline NetworkRun train_network(const NetworkProblem& p, const Dataset& data, DeviceKind device,
                                std::int64_t block_steps = 1 << 20) {
  const MemberConfig member{.optimizer = p.optimizer, .seed = 3, .stream = 0};
  const Precision precision = device == DeviceKind::kCuda ? p.precision : Precision::kFp32;
  const BackendOptions options{.threads = 1, .precision = precision};
  const auto backend = device == DeviceKind::kCuda && !p.one_block
                           ? make_graph_backend(p.spec, data, {&member, 1}, options)
                           : make_backend(device, p.spec, data, {&member, 1}, options);
  backend->import_state(0, network_start(p.spec));
  NetworkRun run;
  run.losses = run_steps(*backend, 0, data, p.batch, p.rate, p.epochs, block_steps);
  run.state = backend->export_state(0);
  run.outputs.resize(static_cast<std::size_t>(data.n_rows * p.spec.n_outputs));
  backend->predict(0, data.view(), {}, run.outputs);
  return run;
}

/// Fails on NaN, too.
template <class Real>
void expect_close(const std::vector<Real>& actual, const std::vector<Real>& expected, double tolerance,
                  const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::fabs(static_cast<double>(actual[i]) - static_cast<double>(expected[i]));
    ASSERT_TRUE(error <= tolerance * (1.0 + std::fabs(static_cast<double>(expected[i]))))
        << what << " " << i << ": found " << actual[i] << ", expected " << expected[i] << ", error " << error;
  }
}

/// Trains on the reference backend and on the device; losses, parameters, optimiser state and predictions agree.
inline void expect_follows_reference(const NetworkProblem& p, double tolerance) {
  SCOPED_TRACE(describe(p));
  const Dataset data = random_data(p.spec, p.n_rows, p.weighted);
  const NetworkRun expected = train_network(p, data, DeviceKind::kReference);
  const NetworkRun actual = train_network(p, data, DeviceKind::kCuda);
  expect_close(actual.losses, expected.losses, tolerance, "loss of step");
  expect_close(actual.state.parameters, expected.state.parameters, tolerance, "parameter");
  expect_close(actual.state.optimizer_state, expected.state.optimizer_state, tolerance, "optimizer value");
  expect_close(actual.outputs, expected.outputs, tolerance, "output");
  EXPECT_EQ(actual.state.step, expected.state.step);
}

}  // namespace slalom::testing

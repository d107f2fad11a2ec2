// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind, for tests that compare runs; and a backend of one given engine.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cpu/host_backend.hpp"
#include "cpu/random_problem.hpp"

namespace slalom::testing {

/// One member, one engine.
class EngineBackend : public cpu::HostBackend<float> {
 public:
  EngineBackend(const ModelSpec& spec, const MemberConfig& member, std::unique_ptr<cpu::Engine<float>> engine)
      : HostBackend(spec, {&member, 1}) {
    add_worker(std::move(engine));
  }
  [[nodiscard]] DeviceKind device() const noexcept override { return DeviceKind::kCpu; }
  [[nodiscard]] std::string description() const override { return "one engine"; }
};

struct Outcome {
  std::vector<double> losses;
  MemberState state;
};

/// Two epochs at a rate of 0.001 from `start`.
inline Outcome outcome_from(Backend& backend, const std::vector<double>& start, const Dataset& data, std::int64_t batch,
                            std::int64_t block_steps = 1000) {
  backend.import_state(0, {.parameters = start});
  Outcome outcome;
  outcome.losses = run_steps(backend, 0, data, batch, 0.001, 2, block_steps);
  outcome.state = backend.export_state(0);
  return outcome;
}

inline std::string describe(const ModelSpec& spec, std::int64_t n, std::int64_t batch) {
  std::string text = std::string(name_of(spec.loss.kind)) + " d" + std::to_string(spec.n_features);
  for (const std::int64_t units : spec.hidden) text += "-" + std::to_string(units);
  return text + " k" + std::to_string(spec.n_outputs) + " n" + std::to_string(n) + " batch" + std::to_string(batch);
}

inline void expect_same_outcome(const Outcome& actual, const Outcome& expected) {
  ASSERT_EQ(actual.losses, expected.losses);
  ASSERT_EQ(actual.state.parameters, expected.state.parameters);
  ASSERT_EQ(actual.state.optimizer_state, expected.state.optimizer_state);
}

inline void expect_close_losses(const std::vector<double>& actual, const std::vector<double>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t s = 0; s < expected.size(); ++s) {
    ASSERT_TRUE(std::fabs(actual[s] - expected[s]) <= 1e-4 * (0.1 + std::fabs(expected[s])))
        << "step " << s << ": " << actual[s] << " instead of " << expected[s];
  }
}

}  // namespace slalom::testing

// SPDX-License-Identifier: Apache-2.0
// Follows a reference trajectory of an optimiser with a backend whose data give it the reference's gradients.
#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cuda/device_test.hpp"
#include "golden/optimizer_cases.hpp"

namespace slalom::testing {

/// A backend of one member, and where it has the reference's parameters.
struct GoldenBackend {
  Backend& backend;
  ModelSpec spec;
  std::vector<double> start;    ///< parameters; those of the reference are set in it
  std::int64_t offset = 0;      ///< of the reference's parameters, which are neighbours
  std::int64_t batch = 1;       ///< rows of a step; step t visits rows [t * batch, (t + 1) * batch)
  std::size_t block_steps = 1;  ///< parameters are compared after so many steps
};

inline void expect_golden_trajectory(GoldenBackend g, const json& file, const json& expected,
                                     const core::RuleSettings& settings) {
  const ParameterLayout layout(g.spec);
  const auto theta = file.at("theta0").get<std::vector<double>>();
  std::copy(theta.begin(), theta.end(), g.start.begin() + g.offset);
  g.backend.import_state(0, {.parameters = g.start});
  const std::size_t steps = expected.at("parameters").size();
  const std::vector<double> rates = rates_of(expected, steps);
  ASSERT_EQ(steps, 20U);
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(g.batch) * steps);
  std::iota(rows.begin(), rows.end(), 0U);
  const auto batch = static_cast<std::size_t>(g.batch);
  for (std::size_t t = 0; t < steps; t += g.block_steps) {
    const StepBlock block{.rows = std::span(rows).subspan(batch * t, batch * g.block_steps),
                          .batch_size = g.batch,
                          .learning_rates = std::span(rates).subspan(t, g.block_steps)};
    ASSERT_EQ(g.backend.run({&block, 1})[0].first_non_finite, -1);
    const std::vector<double> actual = g.backend.export_state(0).parameters;
    const json& wanted = expected.at("parameters")[t + g.block_steps - 1];
    for (std::size_t i = 0; i < theta.size(); ++i) {
      ASSERT_TRUE(agrees(actual[static_cast<std::size_t>(g.offset) + i], wanted[i].get<double>(), 1e-6))
          << "step " << t + g.block_steps << ", parameter " << i;
    }
  }
  if (!expected.contains("state_after_last_step")) return;
  const std::vector<std::string> names = slot_names(settings);
  const std::vector<double> state = g.backend.export_state(0).optimizer_state;
  for (const auto& slot : expected.at("state_after_last_step").items()) {
    const auto s = std::find(names.begin(), names.end(), slot.key()) - names.begin();
    ASSERT_LT(s, settings.n_slots) << "no slot called " << slot.key();
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const auto at = static_cast<std::size_t>(s * layout.n_trainable + g.offset) + i;
      EXPECT_TRUE(agrees(state[at], slot.value()[i].get<double>(), 1e-6))
          << "slot " << slot.key() << ", parameter " << i;
    }
  }
}

/// Needs a device and the reference data.
class GoldenDeviceTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "the shared reference data is absent; SLALOM_SHARED names its folder";
  }
  /// Calls expect(name of the case, file, case) for every case.
  template <class Expect>
  static void for_each_case(const char* name, Expect&& expect) {
    const json file = GoldenTest::read_golden(name);
    ASSERT_FALSE(file.at("optimizers").empty());
    for (const auto& item : file.at("optimizers").items()) expect(item.key(), file, item.value());
  }
};

}  // namespace slalom::testing

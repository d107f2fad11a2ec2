// SPDX-License-Identifier: Apache-2.0
// Every optimiser against reference trajectories and states, in float64 and float32.
#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "core/rules.hpp"
#include "cpu/optimizer_step.hpp"
#include "golden/optimizer_cases.hpp"

namespace slalom {
namespace {

using nlohmann::json;
using testing::agrees;

template <class Real>
struct Trajectory {
  std::vector<std::vector<Real>> parameters;                  ///< after each step
  std::vector<std::array<Real, core::kMaxSlots>> last_slots;  ///< after the last step
};

/// Runs the production update over the reference gradients.
template <class Real>
Trajectory<Real> run(const core::RuleSettings& settings, const json& start, const json& gradients,
                     const std::vector<double>& rates) {
  std::vector<Real> w = start.get<std::vector<Real>>();
  Trajectory<Real> result;
  result.last_slots.resize(w.size());
  for (auto& slots : result.last_slots) slots.fill(static_cast<Real>(settings.initial_accumulator));
  core::StepClock clock(settings);
  for (std::size_t t = 0; t < rates.size(); ++t) {
    std::vector<Real> g = gradients.at(t).get<std::vector<Real>>();
    cpu::clip(std::span<Real>(g), settings);
    const auto constants = core::round_to<Real>(clock.advance(rates[t]));
    for (std::size_t i = 0; i < w.size(); ++i) {
      Real slots[core::kMaxSlots];
      std::copy(result.last_slots[i].begin(), result.last_slots[i].end(), slots);
      w[i] = core::with_rule(settings.rule, [&]<core::Rule kRule>() {
        return core::update<kRule>(w[i], g[i], slots, constants, core::flags_of(settings));
      });
      std::copy(std::begin(slots), std::end(slots), result.last_slots[i].begin());
    }
    result.parameters.push_back(w);
  }
  return result;
}

template <class Real>
void expect_state(const json& expected, const Trajectory<Real>& found, const core::RuleSettings& settings,
                  double tolerance) {
  const std::vector<std::string> names = testing::slot_names(settings);
  ASSERT_LE(expected.size(), names.size());
  for (const auto& item : expected.items()) {
    const std::string& name = item.key();
    const json& values = item.value();
    const auto slot = std::find(names.begin(), names.end(), name) - names.begin();
    ASSERT_LT(slot, settings.n_slots) << "no slot called " << name;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto actual = static_cast<double>(found.last_slots[i][static_cast<std::size_t>(slot)]);
      EXPECT_TRUE(agrees(actual, values[i].get<double>(), tolerance)) << "slot " << name << ", parameter " << i;
    }
  }
}

template <class Real>
void expect_file_matches(const json& file, std::size_t n_cases, double tolerance) {
  ASSERT_EQ(file.at("optimizers").size(), n_cases);
  for (const auto& item : file.at("optimizers").items()) {
    const std::string& name = item.key();
    const json& expected = item.value();
    SCOPED_TRACE(name);
    const json& constants = expected.at("hyperparameters");
    const std::size_t steps = expected.at("parameters").size();
    ASSERT_EQ(steps, file.at("gradients").size());
    const std::vector<double> rates = testing::rates_of(expected, steps);
    const core::RuleSettings settings = core::resolve_rule(testing::config_of(name, constants));
    const auto found = run<Real>(settings, file.at("theta0"), file.at("gradients"), rates);
    for (std::size_t t = 0; t < steps; ++t) {
      for (std::size_t i = 0; i < found.parameters[t].size(); ++i) {
        EXPECT_TRUE(agrees(static_cast<double>(found.parameters[t][i]), expected.at("parameters")[t][i].get<double>(),
                           tolerance))
            << "step " << t + 1 << ", parameter " << i;
      }
    }
    if (expected.contains("state_after_last_step")) {
      expect_state(expected.at("state_after_last_step"), found, settings, tolerance);
    }
  }
}

class GoldenOptimizers : public testing::GoldenTest {};

TEST_F(GoldenOptimizers, MatchInFloat64) { expect_file_matches<double>(read_golden("optimizers.json"), 14, 1e-12); }
TEST_F(GoldenOptimizers, MatchInFloat32) { expect_file_matches<float>(read_golden("optimizers.json"), 14, 1e-6); }
TEST_F(GoldenOptimizers, CombinationsMatchInFloat64) {
  expect_file_matches<double>(read_golden("optimizers_more.json"), 17, 1e-12);
}
TEST_F(GoldenOptimizers, CombinationsMatchInFloat32) {
  expect_file_matches<float>(read_golden("optimizers_more.json"), 17, 1e-6);
}

}  // namespace
}  // namespace slalom

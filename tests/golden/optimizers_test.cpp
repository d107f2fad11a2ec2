// SPDX-License-Identifier: Apache-2.0
// Every optimiser against reference trajectories and states, in float64 and float32.
#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/rules.hpp"
#include "cpu/optimizer_step.hpp"
#include "golden/golden_file.hpp"

namespace slalom {
namespace {

using nlohmann::json;
using testing::agrees;

/// The kind that a case's name and constants stand for ("rmsprop_centered" is rmsprop).
OptimizerKind kind_of(const std::string& name, const json& constants) {
  const std::string family = name.substr(0, name.find('_'));
  if (family == "momentum" && constants.value("nesterov", false)) return OptimizerKind::kNesterov;
  const auto kind = find_by_name<OptimizerKind>(family);
  if (!kind) throw std::runtime_error(name + ": no such optimizer");
  return *kind;
}

OptimizerConfig config_of(const std::string& name, const json& c) {
  OptimizerConfig config;
  config.kind = kind_of(name, c);
  const auto optional = [&c](const char* key) {
    return c.contains(key) ? std::optional<double>(c.at(key).get<double>()) : std::nullopt;
  };
  config.momentum = optional("momentum");
  config.beta1 = optional("beta1");
  config.beta2 = optional("beta2");
  config.rho = optional("alpha");
  config.epsilon = optional("eps");
  config.initial_accumulator = optional("initial_accumulator");
  config.dampening = c.value("dampening", 0.0);
  config.centered = name.find("centered") != std::string::npos;
  config.amsgrad = c.value("amsgrad", false);
  config.learning_rate_decay = c.value("lr_decay", 0.0);
  config.momentum_decay = c.value("momentum_decay", config.momentum_decay);
  config.weight_decay = c.value("weight_decay", 0.0);
  config.l1 = c.value("l1", 0.0);
  config.l2 = c.value("l2", 0.0);
  config.clip_norm = c.value("clip_norm", 0.0);
  config.clip_value = c.value("clip_value", 0.0);
  return config;
}

/// The names that the reference gives to the slots of a rule, in slot order.
std::vector<std::string> slot_names(const core::RuleSettings& s) {
  switch (s.rule) {
    case core::Rule::kMomentum: return {"b"};
    case core::Rule::kAdagrad: return {"s"};
    case core::Rule::kRmsprop: {
      std::vector<std::string> names{"v"};
      if (s.centered) names.emplace_back("a");
      if (s.heavy_ball) names.emplace_back("b");
      return names;
    }
    case core::Rule::kAdam: return {"m", "v", "x"};
    case core::Rule::kNadam: return {"m", "v"};
    case core::Rule::kLion: return {"m"};
    default: return {};
  }
}

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
  const std::vector<std::string> names = slot_names(settings);
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
    const auto rates = expected.contains("learning_rates")
                           ? expected.at("learning_rates").get<std::vector<double>>()
                           : std::vector<double>(steps, constants.at("lr").get<double>());
    const core::RuleSettings settings = core::resolve_rule(config_of(name, constants));
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

// SPDX-License-Identifier: Apache-2.0
// How the cases of optimizers*.json name optimisers, constants and state.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <slalom/config.hpp>

#include "core/rules.hpp"
#include "golden/golden_file.hpp"

namespace slalom::testing {

using nlohmann::json;

/// The kind that a case's name and constants stand for ("rmsprop_centered" is rmsprop).
inline OptimizerKind kind_of(const std::string& name, const json& constants) {
  const std::string family = name.substr(0, name.find('_'));
  if (family == "momentum" && constants.value("nesterov", false)) return OptimizerKind::kNesterov;
  const auto kind = find_by_name<OptimizerKind>(family);
  if (!kind) throw std::runtime_error(name + ": no such optimizer");
  return *kind;
}

inline OptimizerConfig config_of(const std::string& name, const json& c) {
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
inline std::vector<std::string> slot_names(const core::RuleSettings& s) {
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

/// The learning rate of every step of a case.
inline std::vector<double> rates_of(const json& item, std::size_t steps) {
  if (item.contains("learning_rates")) return item.at("learning_rates").get<std::vector<double>>();
  return std::vector<double>(steps, item.at("hyperparameters").at("lr").get<double>());
}

}  // namespace slalom::testing

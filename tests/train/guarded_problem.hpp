// SPDX-License-Identifier: Apache-2.0
// A problem on which a rate that was right diverges, and what the guard has to make of it on every backend.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/backend.hpp>
#include <slalom/error.hpp>
#include <slalom/model.hpp>
#include <slalom/trainer.hpp>

#include "core/philox.hpp"
#include "train/start_members.hpp"

namespace slalom::testing {

/// y = 2 a - b + 0.5 with a feature `a` of the size `unit`; `n` rows.
inline Dataset plane_data(std::int64_t n, float unit) {
  core::PhiloxStream random(3, 0, core::RandomUse::kSynthetic, 9);
  Dataset data{.n_rows = n, .n_features = 2, .n_targets = 1};
  for (std::int64_t i = 0; i < n; ++i) {
    const auto a = static_cast<float>(2.0 * random.uniform() - 1.0), b = static_cast<float>(random.uniform());
    data.features.insert(data.features.end(), {unit * a, b});
    data.targets.push_back(2.0F * a - b + 0.5F);
  }
  return data;
}

struct GuardedCase {
  std::string name;
  OptimizerConfig optimizer;
  std::vector<std::int64_t> hidden;
  float unit = 1.0F;  ///< of the feature that has changed
  double dropout = 0.0;
};

/// Cases in which --lr 0.125 diverges and an eighth or a 64th of it does not.
inline std::vector<GuardedCase> guarded_cases() {
  const auto optimizer = [](OptimizerKind kind) {
    OptimizerConfig config{.kind = kind, .learning_rate = 0.125};
    return config;
  };
  return {{"Sgd", optimizer(OptimizerKind::kSgd), {}, 10.0F},
          {"Momentum", optimizer(OptimizerKind::kMomentum), {}, 20.0F},
          {"Nesterov", optimizer(OptimizerKind::kNesterov), {}, 16.0F},
          {"AveragedSgd", optimizer(OptimizerKind::kAveragedSgd), {}, 10.0F},
          {"Network", optimizer(OptimizerKind::kSgd), {16}, 8.0F},
          {"NetworkWithDropout", optimizer(OptimizerKind::kMomentum), {16}, 6.0F, 0.25}};
}

struct GuardedRun {
  TrainResult result;
  std::vector<double> parameters;
};

inline GuardedRun train_guarded(const GuardedCase& c, DeviceKind device, const GuardConfig& guard, double rate,
                                int threads = 1) {
  const Dataset data = plane_data(500, c.unit);
  ModelSpec spec{.kind = c.hidden.empty() ? ModelKind::kLinear : ModelKind::kMlp, .n_features = 2, .hidden = c.hidden};
  spec.dropout = c.dropout;
  TrainerConfig config{.optimizer = c.optimizer, .batch_size = 20, .epochs = 12, .guard = guard};
  config.optimizer.learning_rate = rate;
  const MemberConfig member{.optimizer = config.optimizer, .seed = config.seed};
  const auto backend = make_backend(device, spec, data, {&member, 1}, {.threads = threads});
  training::start_members(*backend, {&member, 1});
  GuardedRun run;
  run.result = train(*backend, data, nullptr, config, {}, {});
  run.parameters = backend->evaluation_parameters(0);
  return run;
}

/// It diverges without a guard; with one it goes back to the start, and ends with the bits of a run at the lower rate.
inline void expect_guard_makes_the_lower_rate_of_it(const GuardedCase& c, DeviceKind device) {
  constexpr double kRate = 0.125, kFactor = 0.125;  // exact in floating point, whatever they are multiplied with
  EXPECT_THROW((void)train_guarded(c, device, {.on = false}, kRate), DivergenceError);
  const GuardedRun guarded = train_guarded(c, device, {.factor = kFactor}, kRate);
  const MemberResult& member = guarded.result.members.at(0);
  EXPECT_EQ(member.reason, StopReason::kEpochs);
  ASSERT_GE(member.guard.size(), 1U);
  ASSERT_LE(member.guard.size(), 2U);
  for (const GuardEvent& event : member.guard) EXPECT_EQ(event.good_step, 0);
  EXPECT_LT(member.watched_loss, 0.2);
  const GuardedRun lower = train_guarded(c, device, {.on = false}, member.guard.back().new_rate);
  EXPECT_EQ(guarded.parameters, lower.parameters);
  EXPECT_EQ(member.epoch_losses, lower.result.members.at(0).epoch_losses);

  const GuardedRun again = train_guarded(c, device, {.factor = kFactor}, kRate, 2);
  EXPECT_EQ(again.parameters, guarded.parameters);
  ASSERT_EQ(again.result.members.at(0).guard.size(), member.guard.size());
  for (std::size_t i = 0; i < member.guard.size(); ++i) {
    EXPECT_EQ(again.result.members[0].guard[i].step, member.guard[i].step);
  }
}

}  // namespace slalom::testing

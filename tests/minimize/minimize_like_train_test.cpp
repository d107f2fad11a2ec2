// SPDX-License-Identifier: Apache-2.0
// A linear model's full-batch training and the minimisation of its mean squared error take the same way.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/backend.hpp>
#include <slalom/minimize.hpp>
#include <slalom/model.hpp>

namespace slalom {
namespace {

constexpr std::int64_t kRows = 23;
constexpr std::size_t kFeatures = 3;
constexpr std::size_t kBias = 8;  ///< in the arena, behind the padded weights
constexpr std::int64_t kSteps = 40;

Dataset data_of_a_plane() {
  Dataset data;
  data.n_rows = kRows;
  data.n_features = kFeatures;
  data.n_targets = 1;
  const auto stride = static_cast<std::size_t>(row_stride(kFeatures));
  data.features.resize(kRows * stride);
  for (std::size_t r = 0; r < kRows; ++r) {
    double y = 0.5;
    for (std::size_t i = 0; i < kFeatures; ++i) {
      const double x = std::sin(static_cast<double>(1 + r * kFeatures + i));
      data.features[r * stride + i] = static_cast<float>(x);
      y += static_cast<double>(i) * x;
    }
    data.targets.push_back(static_cast<float>(y + 0.1 * std::cos(static_cast<double>(r))));
  }
  return data;
}

/// The mean squared error of weights and intercept (x's last element), from its definition.
Objective mean_squared_error(const Dataset& data) {
  return [&data](std::span<const double> x, std::span<double> gradient) {
    double sum = 0.0;
    for (std::int64_t r = 0; r < data.n_rows; ++r) {
      const float* row = data.view().row(r);
      double residual = x[kFeatures] - static_cast<double>(data.targets[static_cast<std::size_t>(r)]);
      for (std::size_t i = 0; i < kFeatures; ++i) residual += x[i] * static_cast<double>(row[i]);
      sum += residual * residual;
      for (std::size_t i = 0; i < kFeatures; ++i) gradient[i] += 2.0 * residual * static_cast<double>(row[i]);
      gradient[kFeatures] += 2.0 * residual;
    }
    for (double& g : gradient) g /= static_cast<double>(data.n_rows);
    return sum / static_cast<double>(data.n_rows);
  };
}

struct Case {
  std::string name;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
};

/// Weights and intercept after kSteps steps of the trainer on the float64 backend, and the rates of the steps.
std::vector<double> trained(const Dataset& data, const Case& c, std::vector<double>& rates) {
  class Rates : public Observer {
   public:
    explicit Rates(std::vector<double>& into) : into_(into) {}
    void on_epoch(const EpochReport& report) override { into_.push_back(report.learning_rate); }

   private:
    std::vector<double>& into_;
  } observer(rates);
  Observer* const observers[] = {&observer};
  ModelSpec spec;
  spec.n_features = kFeatures;
  const MemberConfig member{.optimizer = c.optimizer};
  const auto backend = make_backend(DeviceKind::kReference, spec, data, {&member, 1});
  backend->import_state(0,
                        {.step = 0, .parameters = initial_parameters(spec, 1, 0), .optimizer_state = {}, .clock = {}});
  TrainerConfig config{.optimizer = c.optimizer, .schedule = c.schedule, .batch_size = 0, .epochs = kSteps};
  (void)train(*backend, data, &data, config, {}, observers);
  const std::vector<double> arena = backend->evaluation_parameters(0);
  return {arena[0], arena[1], arena[2], arena[kBias]};
}

void expect_same_way(const Case& c) {
  SCOPED_TRACE(c.name);
  const Dataset data = data_of_a_plane();
  std::vector<double> rates;
  const std::vector<double> expected = trained(data, c, rates);
  const MinimizeConfig config{.optimizer = c.optimizer,
                              .schedule = c.schedule,
                              .max_steps = kSteps,
                              .n_penalized = kFeatures,
                              .keep_path = true};
  const MinimizeResult result = minimize(mean_squared_error(data), std::vector<double>(kFeatures + 1, 0.0), config);
  EXPECT_EQ(result.reason, MinimizeStop::kSteps) << result.divergence;
  EXPECT_EQ(result.steps, kSteps);
  ASSERT_EQ(result.end.x.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LE(std::fabs(result.end.x[i] - expected[i]), 1e-11 * std::fmax(1.0, std::fabs(expected[i])))
        << "element " << i << ": " << result.end.x[i] << " and " << expected[i];
  }
  EXPECT_GT(std::fabs(result.end.x[2]), 1e-3);  // it went somewhere
  ASSERT_EQ(result.path.size(), rates.size() + 1);
  for (std::size_t s = 0; s < rates.size(); ++s) EXPECT_EQ(result.path[s + 1].learning_rate, rates[s]) << "step " << s;
}

TEST(MinimizeLikeTrain, EveryOptimizerInBothConventions) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    for (const auto& [convention, whose] : EnumNames<Convention>::kNames) {
      expect_same_way({.name = std::string(name) + " " + std::string(whose),
                       .optimizer = {.kind = kind, .convention = convention, .learning_rate = 0.03},
                       .schedule = {}});
    }
  }
}

TEST(MinimizeLikeTrain, PenaltiesAndClipping) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    OptimizerConfig o{.kind = kind, .learning_rate = 0.03, .weight_decay = 0.02, .l2 = 0.05, .clip_norm = 0.6};
    if (kind != OptimizerKind::kLion) o.l1 = 0.01;
    o.clip_value = 0.4;
    expect_same_way({.name = std::string(name), .optimizer = o, .schedule = {}});
  }
}

TEST(MinimizeLikeTrain, EverySchedule) {
  for (const auto& [kind, name] : EnumNames<ScheduleKind>::kNames) {
    ScheduleConfig schedule{.kind = kind, .warmup_steps = 5, .milestones = {10, 20}, .factor = 0.9};
    schedule.plateau_patience = 0;
    schedule.plateau_threshold = 0.05;
    expect_same_way({.name = std::string(name),
                     .optimizer = {.kind = OptimizerKind::kMomentum, .learning_rate = 0.05},
                     .schedule = schedule});
  }
}

}  // namespace
}  // namespace slalom

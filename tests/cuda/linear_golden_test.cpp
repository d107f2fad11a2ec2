// SPDX-License-Identifier: Apache-2.0
// The fused updates of the linear kernels against reference trajectories of every optimiser.
#include <algorithm>
#include <numeric>

#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"
#include "golden/optimizer_cases.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kParameters = 5;

/// Data whose gradient at step t is gradients[t], whatever the parameters: two rows of mean absolute error, x = -g with
/// a target that no output reaches from above (derivative -1), x = g with one from below (derivative 1). The bias gets
/// -1/2 + 1/2 = 0.
Dataset data_with_gradients(const json& gradients) {
  Dataset data;
  data.n_rows = 2 * static_cast<std::int64_t>(gradients.size());
  data.n_features = kParameters;
  data.n_targets = 1;
  for (const json& gradient : gradients) {
    for (const float sign : {-1.0F, 1.0F}) {
      const auto values = gradient.get<std::vector<float>>();
      for (std::int64_t j = 0; j < row_stride(kParameters); ++j) {
        data.features.push_back(j < kParameters ? sign * values[static_cast<std::size_t>(j)] : 0.0F);
      }
      data.targets.push_back(-sign * 1e30F);
    }
  }
  return data;
}

void expect_trajectory(const Kernel& kernel, const std::string& name, const json& file, const json& expected) {
  SCOPED_TRACE(std::string(kernel.name) + " " + name);
  const ModelSpec spec = linear_spec(LossKind::kMae, kParameters, 1);
  const ParameterLayout layout(spec);
  const Dataset data = data_with_gradients(file.at("gradients"));
  const OptimizerConfig config = config_of(name, expected.at("hyperparameters"));
  const core::RuleSettings settings = core::resolve_rule(config);
  const auto backend = linear_backend(kernel, spec, data, config);
  std::vector<double> start(static_cast<std::size_t>(layout.n_total), 0.0);
  const auto theta = file.at("theta0").get<std::vector<double>>();
  std::copy(theta.begin(), theta.end(), start.begin());
  backend->import_state(0, {.parameters = start});
  const std::size_t steps = expected.at("parameters").size();
  const std::vector<double> rates = rates_of(expected, steps);
  ASSERT_EQ(steps, 20U);
  std::vector<std::uint32_t> rows(2 * steps);
  std::iota(rows.begin(), rows.end(), 0U);
  const std::size_t at_once = kernel.multiprocessors == 1 ? 1 : 10;  // grids take time where there is no real device
  for (std::size_t t = 0; t < steps; t += at_once) {
    const StepBlock block{.rows = std::span(rows).subspan(2 * t, 2 * at_once),
                          .batch_size = 2,
                          .learning_rates = std::span(rates).subspan(t, at_once)};
    ASSERT_EQ(backend->run({&block, 1})[0].first_non_finite, -1);
    const std::vector<double> actual = backend->export_state(0).parameters;
    const json& wanted = expected.at("parameters")[t + at_once - 1];
    for (std::size_t i = 0; i < theta.size(); ++i) {
      ASSERT_TRUE(agrees(actual[i], wanted[i].get<double>(), 1e-6)) << "step " << t + at_once << ", parameter " << i;
    }
    EXPECT_EQ(actual[static_cast<std::size_t>(layout.layers[0].bias)], 0.0);
  }
  if (!expected.contains("state_after_last_step")) return;
  const std::vector<std::string> names = slot_names(settings);
  const std::vector<double> state = backend->export_state(0).optimizer_state;
  for (const auto& slot : expected.at("state_after_last_step").items()) {
    const auto s = static_cast<std::size_t>(std::find(names.begin(), names.end(), slot.key()) - names.begin());
    ASSERT_LT(s, static_cast<std::size_t>(settings.n_slots)) << "no slot called " << slot.key();
    for (std::size_t i = 0; i < theta.size(); ++i) {
      EXPECT_TRUE(
          agrees(state[s * static_cast<std::size_t>(layout.n_trainable) + i], slot.value()[i].get<double>(), 1e-6))
          << "slot " << slot.key() << ", parameter " << i;
    }
  }
}

class LinearGolden : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "the shared reference data is absent; SLALOM_SHARED names its folder";
  }
  static void expect_file(const char* name) {
    const json file = GoldenTest::read_golden(name);
    ASSERT_FALSE(file.at("optimizers").empty());
    for (const Kernel& kernel : kKernels) {
      for (const auto& item : file.at("optimizers").items()) expect_trajectory(kernel, item.key(), file, item.value());
    }
  }
};

TEST_F(LinearGolden, EveryOptimizerMatches) { expect_file("optimizers.json"); }
TEST_F(LinearGolden, CombinationsMatch) { expect_file("optimizers_more.json"); }

}  // namespace
}  // namespace slalom::testing

// SPDX-License-Identifier: Apache-2.0
// The fused optimiser launch: golden trajectories of every rule, and the host's bits on random arenas.
#include "optimizer.cuh"

#include <algorithm>
#include <limits>

#include "cpu/optimizer_step.hpp"
#include "cuda/device_test.hpp"
#include "cuda/step_rig.hpp"
#include "golden/optimizer_cases.hpp"

namespace slalom::testing {
namespace {

/// An arena that is stepped on the device, alternating between its two copies as the network engine does.
class OptimizerRig {
 public:
  OptimizerRig(const core::RuleSettings& settings, const std::vector<float>& start, const std::vector<float>& state,
               std::int64_t n_weights, const std::vector<core::StepConstants<float>>& constants)
      : n_(static_cast<std::int64_t>(start.size())),
        n_weights_(n_weights),
        clips_norm_(settings.clip_norm > 0.0),
        parameters_{DeviceArray<float>(start), DeviceArray<float>(std::vector<float>(start.size(), -1.0F))},
        state_{DeviceArray<float>(state), DeviceArray<float>(std::vector<float>(state.size(), -1.0F))},
        gradient_(start),
        halves_(std::vector<std::uint16_t>(start.size())),
        partials_(std::vector<double>(cuda::kMostNormBlocks)),
        constants_(constants),
        rig_({.state = state_[0].get(),
              .constants = constants_.get(),
              .rule = {.rule = settings.rule,
                       .flags = core::flags_of(settings),
                       .n_slots = settings.n_slots,
                       .clip_value = static_cast<float>(settings.clip_value),
                       .clip_norm = settings.clip_norm}},
             static_cast<std::int64_t>(constants.size())) {}

  /// Takes the next step.
  void step(const std::vector<float>& gradient) {
    SLALOM_CHECK(cudaMemcpy(gradient_.get(), gradient.data(), gradient.size() * sizeof(float), cudaMemcpyHostToDevice));
    rig_.start_step(step_);
    const std::size_t parity = copy();
    if (clips_norm_) {
      cuda::launch_gradient_norm(
          {.control = rig_.control(), .n_trainable = n_, .gradient = gradient_.get(), .partials = partials_.get()},
          stream_.get());
    }
    cuda::launch_optimizer({.control = rig_.control(),
                            .n_weights = n_weights_,
                            .n_trainable = n_,
                            .gradient = gradient_.get(),
                            .parameters = parameters_[parity].get(),
                            .next_parameters = parameters_[1 - parity].get(),
                            .state = parity == 0 ? nullptr : state_[1].get(),
                            .next_state = parity == 0 ? state_[1].get() : nullptr,
                            .half_parameters = halves_.get(),
                            .norm_partials = clips_norm_ ? partials_.get() : nullptr},
                           stream_.get());
    ++step_;
    EXPECT_EQ(rig_.read().step, step_);
  }
  [[nodiscard]] std::vector<float> parameters() const { return parameters_[copy()].to_host(); }
  [[nodiscard]] std::vector<float> previous_parameters() const { return parameters_[1 - copy()].to_host(); }
  [[nodiscard]] std::vector<float> state() const { return state_[copy()].to_host(); }
  [[nodiscard]] std::vector<std::uint16_t> halves() const { return halves_.to_host(); }
  [[nodiscard]] std::int32_t flag() const { return rig_.flag(); }

 private:
  [[nodiscard]] std::size_t copy() const { return static_cast<std::size_t>(step_ % 2); }

  cuda::Stream stream_ = cuda::make_stream();
  std::int64_t n_, n_weights_;
  bool clips_norm_;
  DeviceArray<float> parameters_[2], state_[2], gradient_;
  DeviceArray<std::uint16_t> halves_;
  DeviceArray<double> partials_;
  DeviceArray<core::StepConstants<float>> constants_;
  StepRig rig_;
  std::int64_t step_ = 0;
};

class OptimizerKernel : public DeviceTest {};

std::vector<core::StepConstants<float>> constants_of(const core::RuleSettings& settings,
                                                     const std::vector<double>& rates) {
  core::StepClock clock(settings);
  std::vector<core::StepConstants<float>> constants;
  for (const double rate : rates) constants.push_back(core::round_to<float>(clock.advance(rate)));
  return constants;
}

/// Padded with zeros to a multiple of 8.
std::vector<float> padded(std::vector<float> values) {
  values.resize((values.size() + 7) / 8 * 8, 0.0F);
  return values;
}

void expect_golden(const json& file) {
  ASSERT_FALSE(file.at("optimizers").empty());
  for (const auto& item : file.at("optimizers").items()) {
    SCOPED_TRACE(item.key());
    const json& expected = item.value();
    const core::RuleSettings settings = core::resolve_rule(config_of(item.key(), expected.at("hyperparameters")));
    const std::vector<float> start = padded(file.at("theta0").get<std::vector<float>>());
    const std::size_t steps = expected.at("parameters").size();
    const std::vector<float> state(start.size() * static_cast<std::size_t>(settings.n_slots),
                                   static_cast<float>(settings.initial_accumulator));
    OptimizerRig rig(settings, start, state, static_cast<std::int64_t>(start.size()),
                     constants_of(settings, rates_of(expected, steps)));
    for (std::size_t t = 0; t < steps; ++t) {
      rig.step(padded(file.at("gradients")[t].get<std::vector<float>>()));
      const std::vector<float> actual = rig.parameters();
      const auto values = expected.at("parameters")[t].get<std::vector<double>>();
      for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_TRUE(agrees(static_cast<double>(actual[i]), values[i], 1e-6)) << "step " << t + 1 << ", parameter " << i;
      }
      for (std::size_t i = values.size(); i < actual.size(); ++i) ASSERT_EQ(actual[i], 0.0F) << "padding " << i;
    }
    EXPECT_EQ(rig.flag(), -1);
    if (!expected.contains("state_after_last_step")) continue;
    const std::vector<std::string> names = slot_names(settings);
    const std::vector<float> slots = rig.state();
    for (const auto& slot : expected.at("state_after_last_step").items()) {
      const auto s = static_cast<std::size_t>(std::find(names.begin(), names.end(), slot.key()) - names.begin());
      ASSERT_LT(s, static_cast<std::size_t>(settings.n_slots)) << "no slot called " << slot.key();
      const auto values = slot.value().get<std::vector<double>>();
      for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_TRUE(agrees(static_cast<double>(slots[s * start.size() + i]), values[i], 1e-6))
            << "slot " << slot.key() << ", parameter " << i;
      }
    }
  }
}

class OptimizerKernelGolden : public OptimizerKernel {
 protected:
  void SetUp() override {
    OptimizerKernel::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "the shared reference data is absent; SLALOM_SHARED names its folder";
  }
};

TEST_F(OptimizerKernelGolden, EveryRuleMatches) { expect_golden(GoldenTest::read_golden("optimizers.json")); }
TEST_F(OptimizerKernelGolden, CombinationsMatch) { expect_golden(GoldenTest::read_golden("optimizers_more.json")); }

/// Three steps on the device and by cpu::optimizer_step. The formulas are the same and nothing is contracted, so
/// without a norm every bit is; a norm is summed in another order, which moves its float64 sum by 1e-16 and, rarely,
/// the factor that is rounded from it by 6e-8.
void expect_host_bits(const OptimizerConfig& config, std::int64_t n, std::int64_t n_weights) {
  SCOPED_TRACE(std::string(name_of(config.kind)) + " " + std::string(name_of(config.convention)) + " n " +
               std::to_string(n));
  const core::RuleSettings settings = core::resolve_rule(config);
  const std::vector<double> rates{0.01, 0.02, 0.005};
  const auto constants = constants_of(settings, rates);
  std::vector<float> w = random_floats(n, 1);
  std::vector<float> state = random_floats(n * settings.n_slots, 2);
  for (float& s : state) s = std::fabs(s);  // second moments are not negative
  OptimizerRig rig(settings, w, state, n_weights, constants);
  for (std::size_t t = 0; t < rates.size(); ++t) {
    std::vector<float> gradient = random_floats(n, 10 + t);
    rig.step(gradient);
    cpu::optimizer_step<float>(w, gradient, state, static_cast<std::size_t>(n_weights), settings, constants[t]);
  }
  const std::vector<float> actual = rig.parameters();
  const std::vector<float> actual_state = rig.state();
  const std::vector<std::uint16_t> halves = rig.halves();
  const double tolerance = config.clip_norm > 0.0 ? 1e-6 : 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    ASSERT_TRUE(agrees(actual[i], w[i], tolerance)) << "parameter " << i;
    ASSERT_TRUE(is_near(halves[i], actual[i], 0.0)) << "bfloat16 parameter " << i;
  }
  for (std::size_t i = 0; i < state.size(); ++i) {
    ASSERT_TRUE(agrees(actual_state[i], state[i], tolerance)) << "state " << i;
  }
}

TEST_F(OptimizerKernel, HasTheHostsBitsForEveryRule) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
      OptimizerConfig config{.kind = kind, .convention = convention};
      config.l2 = 0.01;
      config.weight_decay = 0.1;
      if (kind != OptimizerKind::kLion) config.l1 = 0.002;
      expect_host_bits(config, 40, 24);
      config.clip_value = 0.3;
      config.amsgrad = true;
      config.centered = true;
      config.momentum = 0.8;
      expect_host_bits(config, 2056, 2048);
      config.clip_norm = 2.0;
      expect_host_bits(config, 8, 8);
      expect_host_bits(config, 3000, 1000);
    }
  }
}

TEST_F(OptimizerKernel, AGradientThatIsNotFiniteSetsTheFlagAndLeavesTheCopyThatWasRead) {
  const core::RuleSettings settings = core::resolve_rule({.kind = OptimizerKind::kAdam});
  const std::vector<float> start = random_floats(2048, 1);
  const std::vector<double> rates{0.1, 0.1};
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    OptimizerRig rig(settings, start, std::vector<float>(2 * 2048, 0.0F), 2048, constants_of(settings, rates));
    rig.step(random_floats(2048, 2));
    EXPECT_EQ(rig.flag(), -1);
    const std::vector<float> before = rig.parameters();
    std::vector<float> gradient = random_floats(2048, 3);
    gradient[1027] = bad;
    rig.step(gradient);
    EXPECT_EQ(rig.flag(), 1);
    EXPECT_EQ(rig.previous_parameters(), before);
  }
}

TEST_F(OptimizerKernel, AParameterThatIsNotFiniteSetsTheFlagInTheStepThatReadsIt) {
  const core::RuleSettings settings = core::resolve_rule({.kind = OptimizerKind::kSgd});
  std::vector<float> start(2048, 1.0F);
  start[1027] = 3e38F;
  const std::vector<double> rates{1.0, 1.0};
  OptimizerRig rig(settings, start, {}, 2048, constants_of(settings, rates));
  std::vector<float> gradient(2048, 0.0F);
  gradient[1027] = -3e38F;
  rig.step(gradient);
  EXPECT_EQ(rig.flag(), -1);
  const std::vector<float> overflown = rig.parameters();
  EXPECT_EQ(overflown[1027], std::numeric_limits<float>::infinity());
  gradient[1027] = 0.0F;
  rig.step(gradient);
  EXPECT_EQ(rig.flag(), 1);
  EXPECT_EQ(rig.previous_parameters(), overflown);
}

}  // namespace
}  // namespace slalom::testing
